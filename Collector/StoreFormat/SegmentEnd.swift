/// The last bytes of a segment, read once: what opening it needs is usually among them.
struct SegmentEnd: RandomAccessBytes {
    let length: UInt64
    private let bytes: any RandomAccessBytes
    private let end: [UInt8]

    static let readAheadBytes = 16 << 10

    init(_ bytes: any RandomAccessBytes) throws {
        self.bytes = bytes
        length = bytes.length
        // Nothing is read ahead that is not cheap to read.
        let count = Int(min(length - min(length, bytes.cheapFrom), UInt64(Self.readAheadBytes)))
        end = try bytes.read(at: length - UInt64(count), count: count)
    }

    func read(at offset: UInt64, count: Int) throws -> [UInt8] {
        let start = length - UInt64(end.count)
        guard offset >= start, offset <= length, UInt64(count) <= length - offset else {
            return try bytes.read(at: offset, count: count)
        }
        let first = Int(offset - start)
        return Array(end[first..<(first + count)])
    }
}
