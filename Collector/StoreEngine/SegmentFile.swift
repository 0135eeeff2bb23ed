internal import StoreFormat
internal import SystemIO

/// A segment's file, opened for reading. Positional reads may come from several threads.
final class SegmentFile: RandomAccessBytes {
    private let file: OpenFile
    let length: UInt64

    init(_ path: String) throws(IOError) {
        file = try OpenFile(path, .read)
        length = UInt64(try file.status().size)
    }

    func read(at offset: UInt64, count: Int) throws -> [UInt8] {
        let bytes = try file.bytes(at: Int(offset), count: count)
        guard bytes.count == count else {
            throw StoreFormatError("\(file.path) ends after \(bytes.count) of \(count) bytes at offset \(offset)")
        }
        return bytes
    }
}
