internal import Synchronization
internal import SystemIO

/// Files open for reading, a bounded number of them, however many segments there are.
final class FilePool: Sendable {
    /// An open file, closed when nobody reads from it any more.
    final class Shared: Sendable {
        let file: OpenFile
        init(_ path: String) throws(IOError) { file = try OpenFile(path, .read) }
    }

    private let files: Mutex<BoundedCache<String, Shared>>

    init(limit: Int) {
        files = Mutex(BoundedCache(limit: limit))
    }

    func file(_ path: String) throws(IOError) -> Shared {
        if let known = files.withLock({ $0.value(path) }) { return known }
        let opened = try Shared(path)
        files.withLock { $0.insert(opened, path, cost: 1) }
        return opened
    }

    /// Closes the file when it is read by nobody: its name is gone or stands for another file now.
    func forget(_ path: String) {
        files.withLock { $0.remove(path) }
    }
}
