package import SystemIO

/// Why the journal refused.
package enum JournalError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The disk is full. Nothing of this commit is in the journal; it may be tried again after space was freed.
    case full(IOError)
    /// A sync failed earlier, so nobody knows what is on disk: nothing is accepted until the journal is opened again.
    case failed(IOError)
    /// Another failure of the file system. Nothing of this commit is in the journal.
    case io(IOError)
    /// Too many bytes or records are waiting to be committed; try again later.
    case overloaded(waitingBytes: Int, limit: Int)
    /// One field of the record is over its limit; it will never be accepted.
    case tooLarge(what: String, bytes: Int, limit: Int)
    /// The journal is stopping or has stopped.
    case stopped
    /// Another process, or another opening in this process, uses the directory.
    case inUse(directory: String)
    /// The file was written by a newer version of the program.
    case unsupportedVersion(file: String, version: UInt16)
    /// All numbers of records are used up.
    case exhausted(directory: String)
    /// No cursor can have this name.
    case badCursorName(String)

    /// A sentence without a full stop.
    package var description: String {
        switch self {
        case .full(let cause): "journal: \(cause)"
        case .failed(let cause): "journal: \(cause): it accepts nothing more until it is opened again"
        case .io(let cause): "journal: \(cause)"
        case .overloaded(let waiting, let limit):
            "journal: \(waiting) bytes wait to be written, the limit is \(limit): try again later"
        case .tooLarge(let what, let bytes, let limit): "journal: \(what) has \(bytes) bytes, the limit is \(limit)"
        case .stopped: "journal: it has stopped"
        case .inUse(let directory):
            "journal: \(directory) is used by another process: stop it or choose another directory"
        case .unsupportedVersion(let file, let version):
            "journal: \(file) has format version \(version), which is newer than this program: start a newer one"
        case .exhausted(let directory):
            "journal: \(directory) has no numbers for records left: begin with an empty directory and keep this one aside"
        case .badCursorName(let name):
            "journal: \(name) cannot name a cursor: use 1 to \(JournalLimits.maxCursorNameBytes) of a-z 0-9 . _ -"
        }
    }

    /// A failed write or creation: out of space, or something else.
    static func writing(_ cause: IOError) -> JournalError {
        cause.isOutOfSpace ? .full(cause) : .io(cause)
    }
}
