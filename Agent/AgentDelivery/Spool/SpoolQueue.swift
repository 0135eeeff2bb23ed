package import AgentPipeline
import ByteCoding
import Journal
import SystemIO

/// A batch that waits, and in which lane.
package struct WaitingBatch: Sendable {
    /// The lane it is in.
    package var lane: Lane
    /// The batch.
    package var record: SpoolRecord

    /// Its number as one that is not sent any more; none in the lane of a version without priorities.
    var void: [LedgerEntry.Void] { .init(lane, record.position...record.position) }
}

extension [LedgerEntry.Void] {
    /// Numbers of a lane; none in that of a version without priorities.
    init(_ lane: Lane, _ numbers: ClosedRange<UInt64>) {
        self = []
        if case .priority(let priority) = lane { append(LedgerEntry.Void(priority: priority, numbers: numbers)) }
    }
}

/// Batches that wait and can never be sent: what is in their place is none, or nothing.
package struct UnreadableBatches: Sendable {
    /// The lane they are in.
    package var lane: Lane
    /// Their numbers.
    package var numbers: ClosedRange<UInt64>
    /// Their bytes, as far as known.
    package var bytes: Int
    /// When they were spooled, nanoseconds since the epoch; nil when nobody knows.
    package var arrived: Int64?
    /// A sentence without a full stop.
    package var reason: String
}

/// Takes batches out of a spool, those that matter most first. Belongs to the shipper's thread.
package final class SpoolQueue {
    private let spool: Spool
    private var heads: [SpoolRecord?]
    private var readers: [JournalReader?]
    private let entries: LedgerReader
    private let reports: LedgerReader
    private var applied: UInt64
    private var heldFailures = 0
    private var offered: LedgerEntry.Earlier?
    /// All entries up to this number have been given by ``nextReport()`` and passed, or have no drops.
    package private(set) var reportsPassed: UInt64
    private let refused: (UnreadableBatches) -> Void

    private static let readAttempts = 3

    /// Makes the queue of a spool; it must have no other.
    ///
    /// - Parameters:
    ///   - spool: the spool.
    ///   - cursors: those that it was opened with.
    ///   - refused: hears of batches that cannot be understood or read; they are passed over. Damage that the journal
    ///     reports is not among them.
    package init(_ spool: Spool, behind cursors: SpoolCursors, refused: @escaping (UnreadableBatches) -> Void) {
        self.spool = spool
        self.refused = refused
        heads = Array(repeating: nil, count: Lane.inOrder.count)
        readers = Array(repeating: nil, count: Lane.inOrder.count)
        entries = LedgerReader(spool.ledger, behind: cursors.ledger)
        reports = LedgerReader(spool.ledger, behind: cursors.reported)
        reportsPassed = cursors.reported
        applied = cursors.ledger
    }

    /// The first batch that waits in a lane; nil when none does.
    ///
    /// - Throws: ``SpoolError`` when the disk does not give it.
    package func first(in lane: Lane) throws(SpoolError) -> WaitingBatch? {
        try head(lane).map { WaitingBatch(lane: lane, record: $0) }
    }

    /// Whether the registry must be saved before a batch is sent.
    ///
    /// What is sent and acknowledged may be forgotten by a crash, up to the last saved registry. The next run takes what
    /// lies in one file of a lane behind that as possibly stored, so nothing beyond it may be sent.
    /// - Parameters:
    ///   - batch: what would be sent.
    ///   - saved: the cursors of the registry that is on disk.
    /// - Returns: whether it must.
    package func needsSave(_ batch: WaitingBatch, saved: SpoolCursors) -> Bool {
        guard case .priority(let priority) = batch.lane else { return false }
        let floor = spool.withState { $0.lanes[priority.rawValue].floor }
        let first = max(saved.lanes[priority.rawValue], floor) + 1
        guard let bound = spool.lanes[priority.rawValue].boundOfFile(at: first) else { return false }
        return batch.record.position >= bound
    }

    /// Says that a batch is about to be sent; from now on it is not dropped until the answer is known.
    ///
    /// - Returns: whether it may be stored by an attempt before; nil when it was dropped in the meantime: ask for the
    ///   next one.
    package func begin(_ batch: WaitingBatch) -> Bool? {
        spool.withState { $0.begin(batch.lane.index, batch.record.position) }
    }

    /// Says that a batch is certain not to be stored.
    package func abandon(_ batch: WaitingBatch) {
        spool.withState { $0.abandon(batch.lane.index, batch.record.position) }
    }

    /// Says that a batch is acknowledged, or counted in the ledger.
    package func finish(_ batch: WaitingBatch) {
        let index = batch.lane.index
        let wasHeld = spool.withState { state in
            let wasHeld = state.lanes[index].isHeld(batch.record.position)
            state.finish(index, batch.record.position)
            return wasHeld
        }
        heads[index] = nil
        if wasHeld, let journal = spool.journal(batch.lane) {
            HeldBatch.remove(batch.record.position, in: journal.path)
        }
    }

    /// Hands out how far files are dealt with, entry by entry of the ledger, as far as all before is done.
    ///
    /// - Throws: ``SpoolError`` when the disk does not give it.
    package func settle(_ take: (UInt64, [SourceProgress]) -> Void) throws(SpoolError) {
        while let (number, entry) = try entries.peek(), spool.withState({ $0.covers(entry.ends) }) {
            take(number, entry.progress(behind: applied))
            applied = max(applied, number)
            entries.pass()
        }
    }

    /// The next drops that the ledger tells, and the number of the entry that told them first; nil when there are none.
    /// They stay until ``passReport()``.
    ///
    /// - Throws: ``SpoolError`` when the disk does not give it.
    package func nextReport() throws(SpoolError) -> (number: UInt64, drops: [DropNote])? {
        while let (number, entry) = try reports.peek() {
            offered = entry.earlier.first { $0.number > reportsPassed }
            if offered == nil, !entry.drops.isEmpty, number > reportsPassed {
                offered = LedgerEntry.Earlier(number: number, drops: entry.drops)
            }
            if let offered { return (offered.number, offered.drops) }
            reportsPassed = max(reportsPassed, number)
            reports.pass()
        }
        return nil
    }

    /// Goes on behind what ``nextReport()`` gave.
    package func passReport() {
        if let offered { reportsPassed = offered.number }
        offered = nil
    }

    private func head(_ lane: Lane) throws(SpoolError) -> SpoolRecord? {
        let index = lane.index
        switch spool.withState({ $0.head(index) }) {
        case nil:
            heads[index] = nil
            // A removed file takes room for as long as somebody has it open.
            if readers[index] != nil, spool.journal(lane)?.status.files == 0 { readers[index] = nil }
            return nil
        case .held(let number):
            if let known = heads[index], known.position == number { return known }
            return try readHeld(lane, number)
        case .from(let first):
            if let known = heads[index], known.position >= first { return known }
            return try read(lane, from: first)
        }
    }

    private func readHeld(_ lane: Lane, _ number: UInt64) throws(SpoolError) -> SpoolRecord? {
        guard let journal = spool.journal(lane) else { return nil }
        let held: CommittedRecord?
        do throws(IOError) { held = try HeldBatch.read(number, in: journal.path) } catch {
            // As in a journal: bytes that the disk does not give again and again are damaged.
            if error.operation == .read { heldFailures += 1 }
            if heldFailures < Self.readAttempts { throw SpoolError(error) }
            held = nil
        }
        heldFailures = 0
        if let held, let record = try? SpoolRecord(held) {
            heads[lane.index] = record
            return record
        }
        refused(
            UnreadableBatches(
                lane: lane, numbers: number...number, bytes: spool.withState { $0.heldBytes(lane.index, number) },
                reason: "the file of a batch that was kept apart is damaged"))
        spool.withState { $0.finish(lane.index, number) }
        return nil
    }

    private func read(_ lane: Lane, from first: UInt64) throws(SpoolError) -> SpoolRecord? {
        let index = lane.index
        guard let journal = spool.journal(lane) else { return nil }
        heads[index] = nil
        if readers[index] == nil || (readers[index]?.position ?? 0) < first {
            readers[index] = JournalReader(journal, from: first)
        }
        guard let reader = readers[index] else { return nil }
        let end = spool.withState { $0.lanes[index].end }
        var isTold = false
        while reader.position <= end {
            let before = reader.position
            let result: JournalReadResult
            do throws(JournalError) { result = try reader.read(maxBytes: 1) } catch { throw SpoolError(error) }
            isTold = isTold || !result.damages.isEmpty
            guard let record = result.records.first else {
                if reader.position <= before { break }
                continue
            }
            if record.position > end {
                // Not counted yet: it comes again when it is.
                readers[index] = nil
                break
            }
            if spool.withState({ $0.lanes[index].isVoid(record.position) }) { continue }
            do throws(ByteCodingError) {
                let batch = try SpoolRecord(record)
                heads[index] = batch
                return batch
            } catch {
                refused(
                    UnreadableBatches(
                        lane: lane, numbers: record.position...record.position, bytes: record.record.payload.count,
                        arrived: record.record.ingestTime, reason: "\(error)"))
                isTold = true
            }
        }
        // Numbers that were passed over, for damage, count as done: nobody can send them.
        if spool.withState({ $0.head(index) == .from(first) }) {
            if !isTold {
                refused(
                    UnreadableBatches(
                        lane: lane, numbers: first...end, bytes: 0, reason: "spooled batches are missing"))
            }
            spool.withState { $0.finish(index, end) }
        }
        return nil
    }
}
