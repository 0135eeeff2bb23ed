import AgentPipeline
import ByteCoding
import Journal
import LogModel
import Synchronization

/// The ledger of a spool: a journal of ``LedgerEntry``. Any thread may append.
final class SpoolLedger: Sendable {
    static let kind = JournalRecordKind(rawValue: 18)

    let directory: JournalDirectory
    private let writer: Mutex<JournalWriter>
    /// Numbers of lanes that were found void and that no entry tells yet.
    private let untold: Mutex<[LedgerEntry.Void]>
    /// The last entry that stands for all before it.
    private let base: Mutex<UInt64>

    /// - Parameters:
    ///   - directory: the journal.
    ///   - untold: numbers of lanes to be told as void by the next entry.
    ///   - summary: the last entry that repeats what those before it say, 0 when there is none.
    init(_ directory: JournalDirectory, untold: [LedgerEntry.Void], summary: UInt64 = 0) {
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
        now: Int64, _ make: () -> LedgerEntry, appended: (UInt64) -> Void = { _ in }
    ) throws(SpoolError) -> UInt64 {
        try writer.withLock { (writer) throws(SpoolError) in
            var entry = make()
            let voids = untold.withLock { $0 }
            entry.voids.append(contentsOf: voids)
            do throws(JournalError) {
                let number = try writer.append(
                    JournalRecord(kind: Self.kind, ingestTime: now, payload: entry.encoded()))
                try writer.commit()
                untold.withLock { $0.removeFirst(voids.count) }
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

    /// Appends an entry that repeats what all from `first` on say, so that those need not be kept.
    ///
    /// - Parameters:
    ///   - needed: the first entry that somebody still needs.
    ///   - reported: up to this entry, the drops are known to the collector.
    ///   - state: tells where the lanes are.
    ///   - now: nanoseconds since the epoch.
    /// - Throws: ``SpoolError``; it is not in the ledger.
    func summarize(from needed: UInt64, reported: UInt64, state: () -> SpoolState, now: Int64) throws(SpoolError) {
        try append(now: now) {
            var summary = LedgerEntry(ends: state().ends)
            summary.isSummary = true
            var progress: [UInt64: SourceProgress] = [:]
            var drops: [String: [DropNote]] = [:]
            forEach(from: max(needed, lastSummary)) { number, entry in
                for source in entry.progress { progress[source.state.id] = source }
                guard number > reported else { return }
                for note in entry.drops { drops[note.reason, default: []].append(note) }
            }
            summary.progress = progress.values.sorted { $0.state.id < $1.state.id }
            // One entry is told as one report for each level and reason: notes are added up, whatever their number.
            summary.drops = drops.keys.sorted().flatMap { joined(drops[$0] ?? []) }
            for (index, lane) in state().lanes.enumerated() {
                guard let priority = Priority(rawValue: index) else { continue }
                summary.voids.append(contentsOf: lane.voids.map { LedgerEntry.Void(priority: priority, numbers: $0) })
                if lane.acknowledged > 0 {
                    summary.floors.append(LedgerEntry.Floor(priority: priority, through: lane.acknowledged))
                }
            }
            return summary
        } appended: { number in
            base.withLock { $0 = number }
        }
    }

    private func joined(_ notes: [DropNote]) -> [DropNote] {
        var result: [DropNote] = []
        var places: [String: Int] = [:]
        for note in notes {
            let isRoom = result.count < LedgerEntry.dropLimit
            // Of what was never read there is no number of a source.
            let place = note.events == 0 ? note.path : String(note.source)
            let key = isRoom ? "\(note.level.rawValue) \(place)" : "\(note.level.rawValue)"
            guard let place = places[key] else {
                var new = note
                if !isRoom { (new.source, new.path) = (0, "") }
                if !isRoom, new.events > 0 { new.bytes = 0..<0 }
                places[key] = result.count
                result.append(new)
                continue
            }
            result[place].add(note)
        }
        return result
    }

    /// Hands out entries from a number on, in order. What is damaged is left out; the journal reports it.
    ///
    /// - Returns: false when the disk did not give all of them.
    @discardableResult
    func forEach(from first: UInt64, _ take: (UInt64, LedgerEntry) -> Void) -> Bool {
        let reader = JournalReader(directory, from: first)
        while true {
            let before = reader.position
            guard let result = try? reader.read() else { return false }
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
    private(set) var next: (number: UInt64, entry: LedgerEntry)?

    init(_ ledger: SpoolLedger, behind number: UInt64) {
        self.ledger = ledger
        reader = JournalReader(ledger.directory, from: number + 1)
    }

    /// The next entry; nil when there is none yet. It stays the next until ``pass()``.
    func peek() throws(SpoolError) -> (number: UInt64, entry: LedgerEntry)? {
        if let next {
            guard next.number < ledger.lastSummary else { return next }
            self.next = nil
        }
        // An entry that repeats those before it stands for them.
        if reader.position < ledger.lastSummary { reader = JournalReader(ledger.directory, from: ledger.lastSummary) }
        while next == nil {
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
        return next
    }

    func pass() { next = nil }

    /// All entries up to this number were passed.
    var passed: UInt64 { (next?.number ?? reader.position) - 1 }
}
