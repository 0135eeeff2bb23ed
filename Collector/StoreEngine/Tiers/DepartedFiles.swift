internal import StoreFormat
internal import Synchronization

/// Local files of segments that became cold, as long as a query that began earlier may still read them.
final class DepartedFiles: Sendable {
    private struct Reader: Sendable {
        weak var bytes: (any RandomAccessBytes & AnyObject)?
    }

    private let readers = Mutex<[String: Reader]>([:])

    /// Notes that the file of a segment is to go when `bytes` is not held any more.
    func note(_ name: String, _ bytes: any RandomAccessBytes & AnyObject) {
        readers.withLock { $0[name] = Reader(bytes: bytes) }
    }

    /// Whether there is such a file, and nobody reads it any more.
    func mayRemove(_ name: String) -> Bool {
        readers.withLock { $0[name].map { $0.bytes == nil } ?? false }
    }

    /// Notes that the file is gone.
    func forget(_ name: String) {
        readers.withLock { $0[name] = nil }
    }
}
