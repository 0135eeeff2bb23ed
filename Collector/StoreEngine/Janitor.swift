internal import SegmentCatalog
internal import StoreFormat
internal import SystemIO

/// Removes the bytes of superseded segments when their time of grace has passed and no query reads them any more. Expired
/// ones, and what is in an object store, are the business of ``Store/removeRetired(expired:)``.
struct Janitor: Sendable {
    let ledger: SegmentLedger
    let directory: SegmentDirectory
    let graceNanos: Int64
    let report: @Sendable (String) -> Void

    /// Removes what may be removed by now.
    ///
    /// - Parameter now: nanoseconds since the epoch.
    /// - Returns: how many segments were removed.
    @discardableResult
    func sweep(now: Int64) -> Int {
        var gone: Set<String> = []
        ledger.catchUp()
        let unreadable = ledger.unreadable
        let heirs = ledger.segments.live.lazy.map(\.record).filter { unreadable.contains($0.name) }
        for retired in ledger.segments.retired where retired.record.tier != .cold && retired.bytes == nil {
            guard case .superseded(let retirement) = retired.record.state, now >= retirement.since &+ graceNanos,
                // While the segment that took its place cannot be read, nobody knows whether it can ever be again.
                !heirs.contains(where: { $0.covers(retired.record) })
            else { continue }
            do throws(IOError) {
                try directory.remove(retired.record.name)
                gone.insert(retired.record.name)
            } catch {
                report("a segment that is not needed any more cannot be removed: \(error)")
            }
        }
        if !gone.isEmpty { ledger.commit { $0.forget(gone) } }
        return gone.count
    }
}
