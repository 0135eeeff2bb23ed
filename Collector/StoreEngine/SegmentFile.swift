internal import StoreFormat
internal import SystemIO

/// A segment's file. It is opened when it is read, through a pool that bounds how many files are open. Positional reads
/// may come from several threads. While this exists, the file is not removed.
final class SegmentFile: RandomAccessBytes {
    let length: UInt64
    let path: String
    private let pool: FilePool

    init(_ path: String, length: UInt64, _ pool: FilePool) {
        self.path = path
        self.length = length
        self.pool = pool
    }

    func read(at offset: UInt64, count: Int) throws -> [UInt8] {
        let bytes = try pool.file(path).file.bytes(at: Int(offset), count: count)
        guard bytes.count == count else {
            throw StoreFormatError("\(path) ends after \(bytes.count) of \(count) bytes at offset \(offset)")
        }
        return bytes
    }
}
