import AgentPipeline
package import Diagnostics
import LogModel
import SystemIO
import SystemdJournal

/// Reads systemd's journal: each entry once, over restarts, rotation and removal of files.
package struct JournalSource: StreamSource {
    /// What is read.
    package let options: JournalOptions
    /// The entry that was taken last, as the registry or the spool has it; empty the first time.
    package let cursor: String
    /// Whether it ends where the journal does.
    package let readsOnce: Bool
    /// The most bytes of an entry.
    package let maxRecordBytes: Int
    /// Which process's entries are left out.
    package let own: OwnProcess

    /// Makes a source.
    package init(
        _ options: JournalOptions, after cursor: String, readsOnce: Bool, maxRecordBytes: Int,
        own: OwnProcess = .current
    ) {
        self.options = options
        self.cursor = cursor
        self.readsOnce = readsOnce
        self.maxRecordBytes = maxRecordBytes
        self.own = own
    }

    /// The name of its stream.
    package static func path(_ options: JournalOptions) -> String {
        options.directory.map { "journal:\($0)" } ?? "journal"
    }

    package var streams: [StreamDescription] {
        [StreamDescription(path: JournalSource.path(options), profile: options.profile)]
    }

    package func run(into inboxes: [StreamInbox], until stop: StopSignal, log: DiagnosticLog) {
        guard let inbox = inboxes.first else { return }
        let reading = JournalReading(self, inbox, stop, log)
        var pause = 1
        while !stop.isRaised {
            let before = reading.cursor
            do throws(SystemdJournalError) {
                try reading.follow()
                return
            } catch {
                log.warn("the journal cannot be read, trying again", ("reason", error), ("after_seconds", pause))
                stop.wait(milliseconds: pause * 1_000)
                pause = reading.cursor == before ? min(2 * pause, 30) : 1
            }
        }
    }
}

/// One reader of the journal, on its thread.
private final class JournalReading {
    /// The entry up to which everything is done with; empty before the first.
    private(set) var cursor: String

    private let source: JournalSource
    private let inbox: StreamInbox
    private let stop: StopSignal
    private let log: DiagnosticLog
    private let filter: SystemdJournal.Filter
    private var writer: JournalRecordWriter
    /// The cursor that the other side has been given last.
    private var told: String
    private var toldAt = SystemClock.monotonicNanos()
    /// The gap behind this entry has been reported.
    private var gapAfter = ""

    /// What is handed over at once.
    private static let runBytes = 128 << 10
    private static let runEntries = 1_000
    /// How often the other side hears how far it is when nothing of that is an event.
    private static let tellInterval: UInt64 = 60_000_000_000

    init(_ source: JournalSource, _ inbox: StreamInbox, _ stop: StopSignal, _ log: DiagnosticLog) {
        self.source = source
        self.inbox = inbox
        self.stop = stop
        self.log = log
        filter = source.options.filter
        writer = JournalRecordWriter(
            fields: source.options.fields, own: source.own.entries, maxRecordBytes: source.maxRecordBytes)
        cursor = source.cursor
        told = source.cursor
    }

    /// Reads until it shall stop, or the journal ends and is read once.
    func follow() throws(SystemdJournalError) {
        let journal = try SystemdJournal(directory: source.options.directory, valueBytes: source.maxRecordBytes)
        if source.options.directory == nil, !journal.hasFiles {
            log.warn("there is no file of the journal that can be read yet: is the user in the group systemd-journal?")
        }
        var isAtHand = try place(journal)
        while !stop.isRaised {
            guard try readToEnd(journal, isAtHand) else { return }
            isAtHand = false
            if source.readsOnce { break }
            if SystemClock.monotonicNanos() &- toldAt >= JournalReading.tellInterval {
                isAtHand = try lookAhead(journal)
                continue
            }
            stop.wait(for: journal.descriptor, milliseconds: journal.waitLimit(1_000))
            if try journal.process() == .replaced { isAtHand = try resume(journal) }
        }
        tell()
    }

    /// Reads all there is; where `isAtHand` is true, from the entry on that the place is at.
    ///
    /// - Returns: false when nobody takes entries any more.
    /// - Throws: when an entry cannot be read; those before it are handed over.
    private func readToEnd(_ journal: borrowing SystemdJournal, _ isAtHand: Bool) throws(SystemdJournalError) -> Bool {
        var isAtHand = isAtHand
        while !stop.isRaised {
            var bytes: [UInt8] = []
            var records: [StreamRun.Record] = []
            var last: String?
            var failure: SystemdJournalError?
            do throws(SystemdJournalError) {
                while records.count < JournalReading.runEntries, bytes.count < JournalReading.runBytes {
                    if isAtHand { isAtHand = false } else if try !journal.next() { break }
                    let here = try journal.cursor()
                    if try write(journal, here, into: &bytes) { records.append(.init(end: bytes.count)) }
                    last = here
                }
            } catch { failure = error }
            guard let last else {
                if let failure { throw failure }
                return true
            }
            // What was read counts, also when the next entry could not be.
            if !records.isEmpty {
                let arrival = Timestamp(nanoseconds: SystemClock.wallNanos())
                guard inbox.put(StreamRun(bytes, .records(records), arrival: arrival, cursor: last)) else {
                    return false
                }
                told = last
                toldAt = SystemClock.monotonicNanos()
            }
            cursor = last
            if let failure { throw failure }
        }
        return true
    }

    private func write(
        _ journal: borrowing SystemdJournal, _ cursor: String, into bytes: inout [UInt8]
    ) throws(SystemdJournalError) -> Bool {
        writer.begin(cursor: cursor, realtime: try journal.realtime())
        do throws(SystemdJournalError) {
            try journal.forEachField { writer.add($0) }
        } catch {
            log.warn("an entry of the journal is damaged, what can be read of it is kept", ("reason", error))
        }
        return writer.finish(into: &bytes)
    }

    // MARK: Places

    /// Goes where reading goes on; true when it is at an entry that is to be read.
    private func place(_ journal: borrowing SystemdJournal) throws(SystemdJournalError) -> Bool {
        if !cursor.isEmpty { return try resume(journal) }
        if source.options.since == .now {
            try journal.seekEnd()
            if try journal.previous() {
                cursor = try journal.cursor()
                // Kept at once: what comes from now on is read, also after a restart before anything has come.
                tell()
                return try resume(journal)
            }
        }
        try journal.filter(filter)
        if source.options.since == .boot { try journal.seekBoot() } else { try journal.seekStart() }
        return false
    }

    /// Goes behind the last entry that was taken, and tells of those that are gone since.
    ///
    /// - Returns: whether it is at an entry that is to be read.
    private func resume(_ journal: borrowing SystemdJournal) throws(SystemdJournalError) -> Bool {
        if cursor.isEmpty { return try place(journal) }
        // Looked for among all entries: with a filter that has changed it may be there and not count.
        try journal.filter(SystemdJournal.Filter())
        try journal.seek(to: cursor)
        var isAtHand = false
        if try journal.next() {
            isAtHand = !journal.isAt(cursor)
            if isAtHand { reportGap(until: try journal.cursor()) }
        }
        try journal.filter(filter)
        try journal.seek(to: cursor)
        guard try journal.next() else { return false }
        return !journal.isAt(cursor)
    }

    private func reportGap(until next: String) {
        guard gapAfter != cursor else { return }
        gapAfter = cursor
        guard let from = JournalCursor(cursor), let to = JournalCursor(next) else { return }
        let count = from.entries(before: to)
        if count == 0 { return }
        log.warn(
            "entries of the journal were removed before they were read", ("journal", source.streams[0].path),
            ("from", from.time), ("to", to.time), ("entries_at_most", count.map(String.init) ?? "unknown"))
        inbox.lost(
            StreamLoss(
                .vacuumed, events: count ?? 0, times: min(from.time, to.time)...max(from.time, to.time)))
    }

    /// Moves the place on over entries that do not count, so that they may go without being missed.
    ///
    /// - Returns: whether the place is at an entry that is to be read.
    private func lookAhead(_ journal: borrowing SystemdJournal) throws(SystemdJournalError) -> Bool {
        toldAt = SystemClock.monotonicNanos()
        if !filter.isEmpty {
            let all = try SystemdJournal(directory: source.options.directory, valueBytes: 64)
            try all.seekEnd()
            guard try all.previous() else { return false }
            let last = try all.cursor()
            // What came before `last` is seen now, also in files that are new.
            let isAtHand = try journal.process() == .replaced ? try resume(journal) : false
            let before = cursor
            guard try readToEnd(journal, isAtHand) else { return false }
            if cursor == before { cursor = last }
        }
        tell()
        // The place is that of the library; from its cursor on is the same.
        return false
    }

    /// Tells how far it is.
    private func tell() {
        guard cursor != told, !cursor.isEmpty else { return }
        let arrival = Timestamp(nanoseconds: SystemClock.wallNanos())
        if inbox.put(StreamRun([], .records([]), arrival: arrival, cursor: cursor)) { told = cursor }
    }
}
