import CSystemd
import Glibc

/// Why a journal cannot be read.
package struct SystemdJournalError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was tried.
    package var operation: String
    /// The errno.
    package var code: Int32

    /// A sentence without a full stop.
    package var description: String {
        var buffer = [CChar](repeating: 0, count: 128)
        _ = strerror_r(code, &buffer, buffer.count)
        let reason = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let advice = code == EACCES || code == EPERM ? ": the user needs to be in the group systemd-journal" : ""
        return "cannot \(operation) the journal: \(reason)\(advice)"
    }
}

/// The entries of systemd's journal, one after another, by way of libsystemd.
///
/// It belongs to the thread that makes it, as the library demands. What journald does with its files meanwhile (rotating,
/// removing) is seen after ``process()``.
package struct SystemdJournal: ~Copyable {
    private let handle: OpaquePointer

    /// What has happened to the journal.
    package enum Change: Sendable, Equatable {
        /// Nothing.
        case none
        /// Entries have come.
        case appended
        /// Files have come or gone: where one was may be another place now.
        case replaced
    }

    /// A condition on the entries: those count for which one of `any` and, unless it is empty, one of `priorities` is so.
    package struct Filter: Sendable, Equatable {
        /// Each is fields that must all be so, `NAME=value`; none for all entries.
        package var any: [[String]]
        /// Values of `PRIORITY`.
        package var priorities: [Int]

        /// Makes a filter.
        package init(any: [[String]] = [], priorities: [Int] = []) {
            self.any = any
            self.priorities = priorities
        }

        /// Whether all entries pass.
        package var isEmpty: Bool { any.isEmpty && priorities.isEmpty }
    }

    /// Opens a journal before its first entry.
    ///
    /// - Parameters:
    ///   - directory: the directory with its files; nil for that of this machine.
    ///   - valueBytes: values of compressed fields may be cut beyond it.
    /// - Throws: when there is no such directory, or it may not be read.
    package init(directory: String?, valueBytes: Int) throws(SystemdJournalError) {
        handle = try SystemdJournal.open(directory, valueBytes)
    }

    private static func open(_ directory: String?, _ valueBytes: Int) throws(SystemdJournalError) -> OpaquePointer {
        var handle: OpaquePointer?
        let code =
            if let directory {
                sd_journal_open_directory(&handle, directory, 0)
            } else {
                sd_journal_open(&handle, Int32(SD_JOURNAL_LOCAL_ONLY))
            }
        guard code >= 0, let handle else {
            throw SystemdJournalError(operation: "open", code: code < 0 ? -code : ENOMEM)
        }
        sd_journal_set_data_threshold(handle, valueBytes)
        // From here on changes are noticed, before anything is read.
        let descriptor = sd_journal_get_fd(handle)
        if descriptor < 0 {
            sd_journal_close(handle)
            throw SystemdJournalError(operation: "watch", code: -descriptor)
        }
        return handle
    }

    deinit { sd_journal_close(handle) }

    /// Whether this machine's journal has files that can be read; of a directory it is not known.
    package var hasFiles: Bool {
        sd_journal_has_persistent_files(handle) > 0 || sd_journal_has_runtime_files(handle) > 0
    }

    // MARK: Changes

    /// Can be read when something has changed; ``process()`` then tells what.
    package var descriptor: Int32 { sd_journal_get_fd(handle) }

    /// How many milliseconds at most to wait before ``process()`` is called again, whatever the descriptor says.
    package func waitLimit(_ milliseconds: Int) -> Int {
        var micros: UInt64 = 0
        guard sd_journal_get_timeout(handle, &micros) > 0, micros != .max else { return milliseconds }
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        let passed = UInt64(now.tv_sec) &* 1_000_000 &+ UInt64(now.tv_nsec / 1_000)
        return min(milliseconds, micros > passed ? Int(clamping: (micros - passed) / 1_000 + 1) : 0)
    }

    /// Takes note of all that has changed.
    package func process() throws(SystemdJournalError) -> Change {
        var result = Change.none
        while true {
            let code = sd_journal_process(handle)
            if code < 0 { throw SystemdJournalError(operation: "watch", code: -code) }
            if code == Int32(SD_JOURNAL_NOP) { return result }
            if code == Int32(SD_JOURNAL_INVALIDATE) {
                result = .replaced
            } else if result == .none {
                result = .appended
            }
        }
    }

    // MARK: Places

    /// Sets which entries count. The place must be sought anew.
    package func filter(_ filter: Filter) throws(SystemdJournalError) {
        sd_journal_flush_matches(handle)
        for (index, fields) in filter.any.enumerated() {
            if index > 0 { try check(sd_journal_add_disjunction(handle), "filter") }
            for field in fields { try match(field) }
        }
        if filter.priorities.isEmpty { return }
        try check(sd_journal_add_conjunction(handle), "filter")
        for priority in filter.priorities { try match("PRIORITY=\(priority)") }
    }

    private func match(_ field: String) throws(SystemdJournalError) {
        var copy = field
        let code = copy.withUTF8 { sd_journal_add_match(handle, $0.baseAddress, $0.count) }
        try check(code, "filter")
    }

    /// Goes before the first entry.
    package func seekStart() throws(SystemdJournalError) { try check(sd_journal_seek_head(handle), "go through") }

    /// Goes behind the last entry.
    package func seekEnd() throws(SystemdJournalError) { try check(sd_journal_seek_tail(handle), "go through") }

    /// Goes before the first entry since the machine was started.
    package func seekBoot() throws(SystemdJournalError) {
        var boot = sd_id128_t()
        try check(sd_id128_get_boot(&boot), "find the last start in")
        try check(sd_journal_seek_monotonic_usec(handle, boot, 0), "go through")
    }

    /// Goes before an entry, or where it would be.
    package func seek(to cursor: String) throws(SystemdJournalError) {
        try check(sd_journal_seek_cursor(handle, cursor), "go through")
    }

    /// Goes on to the next entry; false when there is none.
    package func next() throws(SystemdJournalError) -> Bool {
        let code = sd_journal_next(handle)
        if code < 0 { throw SystemdJournalError(operation: "read", code: -code) }
        return code > 0
    }

    /// Goes back to the entry before; false when there is none.
    package func previous() throws(SystemdJournalError) -> Bool {
        let code = sd_journal_previous(handle)
        if code < 0 { throw SystemdJournalError(operation: "read", code: -code) }
        return code > 0
    }

    // MARK: The entry at hand

    /// Whether it is the one of a cursor.
    package func isAt(_ cursor: String) -> Bool { sd_journal_test_cursor(handle, cursor) > 0 }

    /// What tells where it is.
    package func cursor() throws(SystemdJournalError) -> String {
        var text: UnsafeMutablePointer<CChar>?
        let code = sd_journal_get_cursor(handle, &text)
        guard code >= 0, let text else {
            throw SystemdJournalError(operation: "read", code: code < 0 ? -code : ENOMEM)
        }
        defer { free(text) }
        return String(cString: text)
    }

    /// Microseconds since 1970 UTC when journald took it.
    package func realtime() throws(SystemdJournalError) -> UInt64 {
        var micros: UInt64 = 0
        try check(sd_journal_get_realtime_usec(handle, &micros), "read")
        return micros
    }

    /// Hands out its fields, each as `NAME=value`; the bytes are valid during the call only.
    ///
    /// - Throws: when the entry is damaged; what was handed out is good.
    package func forEachField(_ body: (UnsafeRawBufferPointer) -> Void) throws(SystemdJournalError) {
        sd_journal_restart_data(handle)
        var data: UnsafeRawPointer?
        var length = 0
        while true {
            let code = sd_journal_enumerate_available_data(handle, &data, &length)
            if code == 0 { return }
            if code < 0 { throw SystemdJournalError(operation: "read", code: -code) }
            body(UnsafeRawBufferPointer(start: data, count: length))
        }
    }

    private func check(_ code: Int32, _ operation: String) throws(SystemdJournalError) {
        if code < 0 { throw SystemdJournalError(operation: operation, code: -code) }
    }
}
