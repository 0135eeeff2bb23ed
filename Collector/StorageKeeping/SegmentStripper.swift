internal import Diagnostics
internal import SegmentCatalog
internal import StoragePolicy
internal import StoreEngine
internal import Synchronization

/// Strips segments of what only makes searching faster while the disk is at its last stage, one at a time, until there is
/// room. Nothing of it is undone when there is: merging and the warm tier make it anew for what they write.
final class SegmentStripper: Sendable {
    /// What has been done since the start.
    struct Done: Sendable, Equatable {
        var segments = 0
        var bytes: UInt64 = 0
    }

    private let store: Store
    private let disk: DiskWatch
    private let log: DiagnosticLog
    private let isStopping: @Sendable () -> Bool
    /// Bytes that each segment can do without, once they are known. Segments never change.
    private let known = Mutex<[String: UInt64]>([:])
    private let progress = Mutex(Done())

    init(_ store: Store, _ disk: DiskWatch, _ log: DiagnosticLog, isStopping: @escaping @Sendable () -> Bool) {
        self.store = store
        self.disk = disk
        self.log = log
        self.isStopping = isStopping
    }

    var done: Done { progress.withLock { $0 } }

    /// What is next at the last stage of pressure: so much that it ends, or, before it, all that can be stripped. Reads the
    /// footers of segments that it has not seen before.
    func plan() -> StripPlan {
        let findings = disk.findings
        let goal = findings.stage == .critical ? findings.criticalSurplus : .max
        return StripPlan(candidates(), goal: goal, room: findings.workRoom)
    }

    /// Strips segments for as long as the disk is at its last stage, and there is one that can be.
    ///
    /// - Throws: why one could not be stripped, the last of them; the others were nevertheless.
    func run() throws {
        var tried: Set<String> = []
        var failure: (any Error)?
        while true {
            disk.look()
            let findings = disk.findings
            guard findings.stage == .critical, !isStopping() else { break }
            let open = candidates().filter { !tried.contains($0.record.name) }
            guard let next = StripPlan(open, goal: 1, room: findings.workRoom).strips.first else { break }
            // Each segment is tried once: the loop ends.
            tried.insert(next.name)
            do {
                guard let freed = try store.strip(next.name), freed > 0 else { continue }
                progress.withLock { done in
                    done.segments += 1
                    done.bytes += freed
                }
                log.info("a segment was stripped to make room", ("segment", next.name), ("bytes", freed))
                store.removeRetired(asOf: .max)
            } catch let stopped as WorkStopped {
                throw stopped
            } catch {
                // One that cannot be read must not keep the others from making room.
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// The segments; those that cannot be read at present have nothing to give.
    private func candidates() -> [StripCandidate] {
        let live = store.ledger.segments.live
        let names = Set(live.map(\.record.name))
        known.withLock { known in known = known.filter { names.contains($0.key) } }
        return live.filter { $0.record.tier != .cold }.map { segment in
            let name = segment.record.name
            if let bytes = known.withLock({ $0[name] }) { return StripCandidate(segment.record, strippable: bytes) }
            guard let bytes = try? segment.strippableBytes() else {
                return StripCandidate(segment.record, strippable: 0)
            }
            known.withLock { $0[name] = bytes }
            return StripCandidate(segment.record, strippable: bytes)
        }
    }
}
