import AgentPipeline
import ByteCoding
import Journal
import LogModel
import Synchronization

/// The ledger of a spool: a journal of ``LedgerEntry``. Any thread may append.
final class SpoolLedger: Sendable {
    static let kind = JournalRecordKind(rawValue: 18)
    private static let readAttempts = 3

    /// What was found when the spool was opened and no entry tells yet; the next one does.
    struct Untold {
        /// Numbers of lanes that never counted, or are lost.
        var voids: [LedgerEntry.Void] = []
        /// What is lost of them.
        var drops: [DropNote] = []
    }

    let directory: JournalDirectory
    private let writer: Mutex<JournalWriter>
    private let untold: Mutex<Untold>
    /// The last entry that stands for all before it.
    private let base: Mutex<UInt64>

    /// - Parameters:
    ///   - directory: the journal.
    ///   - untold: what the next entry is to tell besides.
    ///   - summary: the last entry that repeats what those before it say, 0 when there is none.
    init(_ directory: JournalDirectory, untold: Untold = Untold(), summary: UInt64 = 0) {
        base = Mutex(summary)
        self.directory = directory
        writer = Mutex(JournalWriter(directory))
        self.untold = Mutex(untold)
    }

    /// Appends an entry; durable when it returns.
    ///
    /// - Parameters:
    ///   - now: nanoseconds since the epoch.
    ///   - make: makes the entry while no other is appended.
    ///   - appended: hears of its number before another entry can be appended.
    /// - Returns: its number.
    /// - Throws: ``SpoolError``; it is not in the ledger.
    @discardableResult
    func append(
        now: Int64, _ make: () throws(SpoolError) -> LedgerEntry, appended: (UInt64) -> Void = { _ in }
    ) throws(SpoolError) -> UInt64 {
        try writer.withLock { (writer) throws(SpoolError) in
            var entry = try make()
            let untold = self.untold.withLock { $0 }
            entry.voids.append(contentsOf: untold.voids)
            entry.drops.append(contentsOf: untold.drops)
            do throws(JournalError) {
                let number = try writer.append(
                    JournalRecord(kind: Self.kind, ingestTime: now, payload: entry.encoded()))
                try writer.commit()
                self.untold.withLock { $0 = Untold() }
                appended(number)
                return number
            } catch {
                writer.discard()
                throw SpoolError(error)
            }
        }
    }

    /// The last entry that repeats what those before it say; 0 when there is none.
    var lastSummary: UInt64 { base.withLock { $0 } }

    /// Appends an entry that repeats what all before it say that is needed, so that those need not be kept.
    ///
    /// - Parameters:
    ///   - needed: the first entry whose progress somebody still needs.
    ///   - told: up to this entry, the drops are known to the collector, whatever a crash forgets.
    ///   - state: tells where the lanes are.
    ///   - now: nanoseconds since the epoch.
    /// - Throws: ``SpoolError``; it is not in the ledger.
    func summarize(from needed: UInt64, told: UInt64, state: () -> SpoolState, now: Int64) throws(SpoolError) {
        try append(now: now) { () throws(SpoolError) -> LedgerEntry in
            var summary = LedgerSummary(from: needed, told: told)
            let isWhole = forEach(from: max(min(needed, told + 1), lastSummary)) { summary.add($0, $1) }
            guard isWhole else { throw .failed("the spool's ledger cannot be read") }
            return summary.entry(state())
        } appended: { number in
            base.withLock { $0 = number }
        }
    }

    /// Hands out entries from a number on, in order. What is damaged is left out; the journal reports it.
    ///
    /// - Returns: false when the disk did not give all of them.
    @discardableResult
    func forEach(from first: UInt64, _ take: (UInt64, LedgerEntry) -> Void) -> Bool {
        let reader = JournalReader(directory, from: first)
        var failures = 0
        while true {
            let before = reader.position
            guard let result = try? reader.read() else {
                // Bytes that the disk does not give are passed over as damaged at last.
                failures += 1
                if failures > Self.readAttempts { return false }
                continue
            }
            if result.records.isEmpty {
                if reader.position >= directory.nextPosition { return true }
                // Files that are gone give neither records nor a place to go on.
                if reader.position <= before { return false }
            }
            for record in result.records {
                if let entry = try? LedgerEntry(record.record.payload) { take(record.position, entry) }
            }
        }
    }
}

/// Reads the entries of a ledger one after the other. Belongs to one thread.
final class LedgerReader {
    private let ledger: SpoolLedger
    private var reader: JournalReader
    private var next: (number: UInt64, entry: LedgerEntry)?

    init(_ ledger: SpoolLedger, behind number: UInt64) {
        self.ledger = ledger
        reader = JournalReader(ledger.directory, from: number + 1)
    }

    /// The next entry; nil when there is none yet. It stays the next until ``pass()``.
    func peek() throws(SpoolError) -> (number: UInt64, entry: LedgerEntry)? {
        while true {
            // An entry that repeats those before it stands for them; they may be gone while they are read.
            let summary = ledger.lastSummary
            if let next, next.number >= summary { return next }
            next = nil
            if reader.position < summary { reader = JournalReader(ledger.directory, from: summary) }
            let result: JournalReadResult
            do throws(JournalError) { result = try reader.read(maxBytes: 1) } catch { throw SpoolError(error) }
            guard let record = result.records.first else {
                if reader.position >= ledger.directory.nextPosition { return nil }
                if result.damages.isEmpty && result.skippedTo == nil { return nil }
                continue
            }
            // One that is no entry is a fault of a program: what it says cannot be known.
            if let entry = try? LedgerEntry(record.record.payload) { next = (record.position, entry) }
        }
    }

    func pass() { next = nil }
}
