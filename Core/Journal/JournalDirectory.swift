import Synchronization
import SystemIO

/// How a journal is opened.
package struct JournalOptions: Sendable {
    /// Which files are read when the journal is opened.
    package enum Verification: Sendable {
        /// The last one, and those before it that the duplicate window needs. Damage in others is found when reading.
        case lastFile
        /// All of them.
        case allFiles
    }

    /// The size in bytes at which a new file is begun; one commit may go over it.
    package var fileBytes: Int
    /// The bounds of the duplicate window, or nil when batches are not checked for duplicates.
    package var duplicates: DuplicateWindow.Limits?
    /// Which files are read when the journal is opened.
    package var verification: Verification
    /// The lowest number that the next record may get: higher ones than the journal knows are used up when its consumers
    /// have seen them, whatever has become of its files.
    package var leastNext: JournalPosition
    /// Is told of each damage once, on the thread that found it; it must be quick.
    package var onDamage: (@Sendable (JournalDamage) -> Void)?

    /// Sets the options.
    package init(
        fileBytes: Int = JournalLimits.defaultFileBytes, duplicates: DuplicateWindow.Limits? = nil,
        verification: Verification = .lastFile, leastNext: JournalPosition = 1,
        onDamage: (@Sendable (JournalDamage) -> Void)? = nil
    ) {
        self.fileBytes = max(fileBytes, 4096)
        self.duplicates = duplicates
        self.verification = verification
        self.leastNext = leastNext
        self.onDamage = onDamage
    }
}

/// The state of a journal in numbers.
package struct JournalStatus: Sendable, Equatable {
    /// The number of the oldest record kept; equal to ``next`` when there is none.
    package var oldest: JournalPosition
    /// The number that the next record will get: all below it are committed.
    package var next: JournalPosition
    /// Journal files.
    package var files: Int
    /// Their bytes.
    package var bytes: Int
    /// Damages found since the journal was opened, torn tails not among them.
    package var damages: Int
    /// Records lost to these damages.
    package var lostRecords: UInt64
    /// Interrupted writes cut off when the journal was opened.
    package var tornTails: Int
}

/// The files of one journal: which there are, what of them is committed, and what is damaged.
///
/// One process opens a directory at a time; a lock sees to it. All threads may use it: readers see committed records
/// only, while one ``JournalWriter`` appends.
package final class JournalDirectory: Sendable {
    struct File: Sendable, Equatable {
        var first: JournalPosition
        var path: String
        /// Bytes with committed records; there may be others behind them.
        var committedBytes: Int
        /// When it was begun, nanoseconds since the epoch: what is in the files before it arrived earlier.
        var begunTime: Int64
        /// Where some of its records begin, so that reading need not start at the first.
        var marks = JournalMarks()
    }

    /// What the writer must know of the end of the journal.
    struct Tail: Sendable {
        /// The last file can be appended to: its end is known and it holds a record.
        var continuesLastFile = false
        /// What was recovered could not be made durable: nothing may be acknowledged.
        var failure: IOError?
    }

    struct State: Sendable {
        var files: [File] = []
        var next: JournalPosition = 1
        var tail = Tail()
        var window: DuplicateWindow?
        var cursors: [String: JournalPosition] = [:]
        var reports: [JournalDamage] = []
        var reportedPlaces: Set<String> = []
        var damages = 0
        var lostRecords: UInt64 = 0
        var tornTails = 0
        var quarantineBytes = 0
    }

    /// The directory.
    package let path: String
    let options: JournalOptions
    let state = Mutex(State())
    /// Holds the lock on the directory. Locking the directory itself needs no new file, so it works on a full disk.
    private let lock: OpenFile

    /// Opens the journal in a directory, which is made when it is missing, and recovers what is in it.
    ///
    /// Damage never makes it fail: it is reported, see ``damages``. A full disk does not either.
    /// - Throws: ``JournalError/inUse(directory:)``, ``JournalError/unsupportedVersion(file:version:)``, or an error of
    ///   the file system.
    package init(_ path: String, options: JournalOptions = JournalOptions()) throws(JournalError) {
        self.path = path
        self.options = options
        do throws(IOError) {
            try FileSystem.createDirectory(path)
            lock = try OpenFile(path, .directory)
            try lock.lockExclusively()
        } catch {
            throw error.isBusy ? .inUse(directory: path) : .io(error)
        }
        try recover()
    }

    deinit {
        lock.unlock()
    }

    /// Lets others use the directory, now rather than when the last reference is gone. Nothing may be written afterwards.
    package func release() {
        lock.unlock()
    }

    /// The state in numbers.
    package var status: JournalStatus {
        state.withLock { state in
            JournalStatus(
                oldest: state.files.first?.first ?? state.next, next: state.next, files: state.files.count,
                bytes: state.files.reduce(0) { $0 + $1.committedBytes }, damages: state.damages,
                lostRecords: state.lostRecords, tornTails: state.tornTails)
        }
    }

    /// The number of the oldest record kept.
    package var oldestPosition: JournalPosition { state.withLock { $0.files.first?.first ?? $0.next } }

    /// The number that the next record will get.
    package var nextPosition: JournalPosition { state.withLock { $0.next } }

    /// The damages found since the journal was opened; the first ``JournalLimits/maxKeptReports`` of them.
    package var damages: [JournalDamage] { state.withLock { $0.reports } }

    /// The duplicate window as it was when the journal was opened; nil when it is opened without one, or when a
    /// ``GroupCommitJournal`` has taken it over.
    package var recoveredWindow: DuplicateWindow? { state.withLock { $0.window } }

    // MARK: What reader and writer need

    /// The file that holds `position` and the first number of the one after it.
    struct View {
        var file: File
        /// The first number of the next file, nil for the last file.
        var bound: JournalPosition?
        var next: JournalPosition
    }

    /// - Returns: nil when `position` is not committed yet; the oldest file when `position` is gone already.
    func view(at position: JournalPosition) -> View? {
        state.withLock { state in
            guard position < state.next else { return nil }
            let index = state.files.lastIndex { $0.first <= position } ?? 0
            guard index < state.files.count else { return nil }
            let following = index + 1 < state.files.count ? state.files[index + 1].first : nil
            return View(file: state.files[index], bound: following, next: state.next)
        }
    }

    /// Remembers where a record begins, for those who read from there on later.
    func mark(_ position: JournalPosition, at offset: Int, in file: JournalPosition) {
        state.withLock { state in
            guard let index = state.files.lastIndex(where: { $0.first == file }) else { return }
            state.files[index].marks.add(position, at: offset)
        }
    }

    func publish(bytes: Int, next: JournalPosition) {
        state.withLock { state in
            guard let last = state.files.indices.last else { return }
            state.files[last].marks.add(state.next, at: state.files[last].committedBytes)
            state.files[last].committedBytes = bytes
            state.next = next
        }
    }

    func publish(newFile file: File, next: JournalPosition) {
        state.withLock { state in
            // A file that was begun and holds no record is begun again under the same name.
            state.files.removeAll { $0.first == file.first }
            state.files.append(file)
            state.next = next
        }
    }
}
