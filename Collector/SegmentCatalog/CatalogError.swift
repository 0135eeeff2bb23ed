internal import GRDB
internal import SystemIO

/// Why the catalog could not do what was asked. After any of these nothing of the change is in it.
package enum CatalogError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The disk, or the catalog's own limit of bytes, is used up: free space and try again.
    case full(path: String)
    /// The file is damaged, or holds what no version of this program writes: open the catalog anew, which sets it aside.
    case damaged(path: String, reason: String)
    /// The file belongs to another program or to a newer version of this one.
    case foreign(path: String, reason: String)
    /// A change names a segment that the catalog does not know.
    case unknownSegment(String)
    /// A value does not fit the catalog's 64 signed bits.
    case valueTooLarge(segment: String)
    /// Another failure: of the file system, or of a lock that somebody else holds.
    case failed(path: String, reason: String)

    /// A sentence without a full stop.
    package var description: String {
        switch self {
        case .full(let path): "catalog \(path): no space is left: free some on its disk"
        case .damaged(let path, let reason): "catalog \(path) is damaged: \(reason)"
        case .foreign(let path, let reason): "catalog \(path) is not of this program: \(reason)"
        case .unknownSegment(let name): "catalog: there is no segment \(name)"
        case .valueTooLarge(let name): "catalog: segment \(name) has a number over 63 bits"
        case .failed(let path, let reason): "catalog \(path): \(reason)"
        }
    }

    /// Whether the file must be set aside before a catalog can be opened in its place.
    package var isAboutContent: Bool {
        switch self {
        case .damaged, .foreign: true
        case .full, .unknownSegment, .valueTooLarge, .failed: false
        }
    }

    /// What an error of the database means for the catalog at `path`.
    init(_ error: any Error, path: String) {
        switch error {
        case let error as CatalogError: self = error
        case let error as IOError where error.isOutOfSpace: self = .full(path: path)
        case let error as DatabaseError: self = Self.meaning(of: error, path)
        case is RowDecodingError: self = .damaged(path: path, reason: "a record has a value of the wrong type")
        default: self = .failed(path: path, reason: "\(error)")
        }
    }

    private static func meaning(of error: DatabaseError, _ path: String) -> CatalogError {
        let reason = error.message ?? "error \(error.extendedResultCode.rawValue) of SQLite"
        switch error.extendedResultCode {
        // The device cannot read what it holds: as bad as wrong bytes, and no reason not to start.
        case .SQLITE_IOERR_READ, .SQLITE_IOERR_SHORT_READ: return .damaged(path: path, reason: reason)
        default: break
        }
        switch error.resultCode {
        case .SQLITE_FULL: return .full(path: path)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT: return .damaged(path: path, reason: reason)
        // The statements are ours and fixed: when one does not fit the tables, the tables are not as we made them.
        case .SQLITE_ERROR, .SQLITE_SCHEMA, .SQLITE_MISMATCH, .SQLITE_CONSTRAINT:
            return .damaged(path: path, reason: reason)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return .failed(path: path, reason: "another process holds a lock on it: stop that process (\(reason))")
        default: return .failed(path: path, reason: reason)
        }
    }
}
