package import AgentPipeline
package import Journal
import Synchronization
import SystemIO

/// The batches that the collector has not acknowledged yet, on disk, by priority.
///
/// Each priority is a journal of its own, a *lane*. A batch of the pipeline becomes one record in the lane of each
/// priority that it has events of, and then one entry of the *ledger*, which makes them count and tells how far the files
/// are dealt with when all lanes have got there. What is dropped for want of room is in the ledger before it goes, so that
/// counts survive everything that the events' journals survive.
///
/// What may be sent is synced first, so that what is sent again under a number is always the same. One thread appends
/// by a ``SpoolWriter``, another sends by a ``SpoolQueue``.
package final class Spool: Sendable {
    /// The directory.
    package let path: String
    /// The most bytes of files.
    package let limitBytes: Int
    let options: SpoolOptions
    let lanes: [JournalDirectory]
    let old: JournalDirectory?
    let ledger: SpoolLedger
    /// Whether it is uncertain which numbers of lanes were used before: numbers must begin again in a new epoch.
    package let isDamaged: Bool
    /// What could not be opened and was renamed, with the reason.
    package let setAside: [SpoolPartSetAside]
    private let state: Mutex<SpoolState>
    /// Where the lanes were when the spool was opened, and the first entry of the ledger that was needed.
    private let atOpening: SpoolState
    private let neededAtOpening: UInt64
    /// Files are removed by one thread at a time.
    private let removing = Mutex(())
    /// How far all is dealt with for good.
    private let released: Mutex<SpoolCursors>
    /// The progress of entries up to this one was in the registry's files when the spool was opened.
    private let appliedAtOpening: UInt64
    /// Up to which entry the collector knows of drops for certain, and how many summaries are being made: meanwhile
    /// it stays, because they count reports from there on.
    private let told: Mutex<(through: UInt64, summaries: Int)>

    /// Opens the spool in a directory, which is made when it is missing. Damage is reported, not an error.
    ///
    /// - Parameters:
    ///   - path: the directory.
    ///   - options: its bounds.
    ///   - cursors: how far it is dealt with.
    ///   - onDamage: hears of each damage once.
    /// - Throws: ``JournalError`` when another process uses it, or the directory cannot be used.
    package init(
        _ path: String, options: SpoolOptions, cursors: SpoolCursors = SpoolCursors(),
        onDamage: @escaping @Sendable (JournalDamage) -> Void
    ) throws(JournalError) {
        do throws(IOError) { try FileSystem.createDirectory(path) } catch { throw .io(error) }
        self.path = path
        self.options = options
        limitBytes = options.limit(in: path)
        let opened = try SpoolOpening(path: path, limitBytes: limitBytes, cursors: cursors, onDamage: onDamage).open()
        lanes = opened.lanes
        old = opened.old
        ledger = SpoolLedger(
            opened.ledger, untold: SpoolLedger.Untold(voids: opened.voids, drops: opened.lost), summary: opened.summary)
        isDamaged = opened.isDamaged
        setAside = opened.setAside
        state = Mutex(opened.state)
        released = Mutex(SpoolCursors())
        appliedAtOpening = cursors.ledger
        told = Mutex((cursors.reported, 0))
        atOpening = opened.state
        neededAtOpening = max(min(cursors.ledger, cursors.reported) + 1, opened.summary)
        // On a disk without room the next entry tells it.
        if !opened.lost.isEmpty { _ = try? note([]) }
    }

    /// The number of the ledger's last entry; 0 when there is none.
    package var lastEntry: UInt64 { ledger.directory.nextPosition - 1 }

    /// Bytes of files at present.
    package var bytes: Int {
        let others = ledger.directory.status.bytes + (old?.status.bytes ?? 0) + withState { $0.heldBytes }
        return lanes.reduce(others) { $0 + $1.status.bytes }
    }

    /// Whether batches wait that a version without priorities has spooled.
    package var hasOld: Bool { state.withLock { $0.lanes[LaneIndex.old].first != nil } }

    /// How far each lane is dealt with; the cursors of the ledger are the shipper's.
    package var laneCursors: (lanes: [UInt64], old: UInt64) {
        state.withLock { state in
            (state.lanes.prefix(Priority.allCases.count).map(\.done), state.lanes[LaneIndex.old].done)
        }
    }

    func withState<R>(_ body: (inout SpoolState) -> R) -> R { state.withLock { body(&$0) } }

    /// The journal of a lane; nil for the old one when there is none.
    func journal(_ lane: Lane) -> JournalDirectory? {
        switch lane {
        case .priority(let priority): lanes[priority.rawValue]
        case .old: old
        }
    }

    /// Hands out how far files are dealt with when all in the spool is, in order: later ones count.
    ///
    /// - Returns: false when the disk did not give all of it.
    package func forEachProgress(behind cursors: SpoolCursors, _ take: (SourceProgress) -> Void) -> Bool {
        var isWhole = true
        if let old {
            let reader = JournalReader(old, from: cursors.old + 1)
            while reader.position < old.nextPosition {
                let before = reader.position
                guard let result = try? reader.read(), reader.position > before else {
                    isWhole = false
                    break
                }
                for record in result.records {
                    for progress in (try? SpoolRecord(record))?.progress ?? [] { take(progress) }
                }
            }
        }
        let isLedgerWhole = ledger.forEach(from: max(cursors.ledger + 1, ledger.lastSummary)) { _, entry in
            for progress in entry.progress(behind: cursors.ledger) { take(progress) }
        }
        return isWhole && isLedgerWhole
    }

    /// How many numbers of a lane wait; few of them may stand for nothing.
    package func waiting(_ priority: Priority) -> UInt64 {
        withState { state in
            let lane = state.lanes[priority.rawValue]
            return lane.end - min(lane.end, lane.acknowledged) + UInt64(lane.held.count)
        }
    }

    /// How many batches wait in all lanes.
    package var waitingBatches: Int {
        withState { state in
            state.lanes.reduce(0) { sum, lane in
                sum &+ Int(clamping: lane.end - min(lane.end, lane.acknowledged)) &+ lane.held.count
            }
        }
    }

    /// Whether a lane has batches that could be dropped: they wait, and nobody has them.
    package func hasDroppable(_ priority: Priority) -> Bool {
        withState { $0.lanes[priority.rawValue].droppable != nil }
    }

    /// Records what went for another reason than want of room: durable when it returns.
    ///
    /// - Parameters:
    ///   - drops: what went.
    ///   - voids: the numbers of lanes that it was in; they are not sent, nor counted once more, also after a crash.
    /// - Returns: the number of the ledger's entry.
    /// - Throws: ``SpoolError``; it is not recorded.
    package func note(_ drops: [DropNote], voids: [LedgerEntry.Void] = []) throws(SpoolError) -> UInt64 {
        try ledger.append(now: SystemClock.wallNanos()) {
            var entry = LedgerEntry(ends: withState { $0.ends })
            entry.drops = drops
            entry.voids = voids
            return entry
        } appended: { _ in
            withState { state in for void in voids { state.add(void) } }
        }
    }

    /// Whether a damage has taken batches that waited when the spool was opened, or came later, and that the ledger does
    /// not tell as lost.
    func isNew(_ damage: JournalDamage, in lane: Lane) -> Bool {
        if damage.isTornTail || damage.lost.isEmpty { return false }
        let opened = atOpening.lanes[lane.index]
        let first = max(damage.lost.lowerBound, opened.acknowledged + 1)
        if first >= damage.lost.upperBound { return false }
        return !opened.voids.contains { $0.contains(first) && $0.contains(damage.lost.upperBound - 1) }
    }

    /// Whether a damage of the ledger has taken entries that were needed, and nobody has noticed before.
    func isNewInLedger(_ damage: JournalDamage) -> Bool {
        !damage.isTornTail && !damage.lost.isEmpty && damage.lost.upperBound > neededAtOpening
    }

    /// Up to which entry of the ledger the collector knows of all drops, whatever a crash forgets. Reports are counted
    /// from there on: see ``ReportWindow``.
    package func toldForGood() -> UInt64 {
        let reported = released.withLock { $0.reported }
        return told.withLock { told in
            if told.summaries == 0 { told.through = max(told.through, reported) }
            return told.through
        }
    }

    /// Writes what is still needed of the ledger into one entry, and lets go of what is before it.
    package func summarize(_ now: Int64) throws(SpoolError) {
        let through = told.withLock { told in
            told.summaries += 1
            return told.through
        }
        defer { told.withLock { $0.summaries -= 1 } }
        let applied = released.withLock { max(appliedAtOpening, $0.ledger) }
        try ledger.summarize(from: applied + 1, told: through, state: { withState { $0 } }, now: now)
        // What cannot be removed now is when the next batches are released.
        _ = try? removing.withLock { _ in try ledger.directory.removeFiles(before: ledger.lastSummary) }
    }

    /// Whether as many bytes wait only for the registry to say that they are dealt with.
    func hasReleasable(_ bytes: Int) -> Bool {
        let cursors = laneCursors
        var sum = old.map { $0.bytes(before: cursors.old + 1) } ?? 0
        for (lane, cursor) in zip(lanes, cursors.lanes) { sum += lane.bytes(before: cursor + 1) }
        return sum >= bytes
    }

    /// Removes files whose content is all dealt with for good, but for the last of each lane.
    package func release(before cursors: SpoolCursors) throws(SpoolError) {
        released.withLock { $0 = cursors }
        do throws(JournalError) {
            try removing.withLock { (_) throws(JournalError) in
                for (lane, cursor) in zip(lanes, cursors.lanes) { try lane.removeFiles(before: cursor + 1) }
                let needed = min(cursors.ledger, cursors.reported) + 1
                try ledger.directory.removeFiles(before: max(needed, ledger.lastSummary))
                guard let old else { return }
                if cursors.old + 1 >= old.nextPosition { try old.removeAllFiles() }
                try old.removeFiles(before: cursors.old + 1)
            }
        } catch { throw SpoolError(error) }
    }

    /// Removes the last files of lanes in which all is dealt with for good: on a disk without room they may be what takes
    /// it. What cannot be removed stays.
    func removeLastFiles(_ writers: [JournalWriter]) {
        let cursors = released.withLock { $0 }
        for (writer, cursor) in zip(writers, cursors.lanes) where writer.nextPosition <= cursor + 1 {
            if writer.directory.status.files > 0 { try? removing.withLock { _ in try writer.removeAllFiles() } }
        }
    }

    /// Removes the files of a part of a lane that was dropped.
    func remove(_ drop: SpoolState.Drop, isAll: Bool, _ writer: JournalWriter) throws(SpoolError) {
        do throws(JournalError) {
            try removing.withLock { (_) throws(JournalError) in
                if isAll { return try writer.removeAllFiles() }
                try writer.directory.removeFiles(before: drop.numbers.upperBound + 1)
            }
        } catch { throw SpoolError(error) }
    }
}
