internal import ByteCoding

/// Columns of numbers: times, ids, levels, streams.
enum NumberColumns {
    static func encode(
        integers: [Int64], into writer: inout ByteWriter, scratch: inout ByteWriter, _ context: inout CodecContext
    ) throws(StoreFormatError) {
        scratch.removeAll()
        var previous: Int64 = 0
        var previousStep: Int64 = 0
        // Differences of differences: ids and steady times become runs of zeros.
        for value in integers {
            let step = value &- previous
            scratch.append(zigzag: step &- previousStep)
            previous = value
            previousStep = step
        }
        try compress(scratch, into: &writer, &context)
    }

    static func integers(
        _ bytes: UnsafeRawBufferPointer, rowCount: Int, _ context: inout CodecContext
    ) throws(StoreFormatError) -> [Int64] {
        let content = unsafe try differences(bytes, rowCount: rowCount, &context)
        var result: [Int64] = []
        result.reserveCapacity(rowCount)
        do {
            unsafe try content.withBytes { (content) throws(ByteCodingError) in
                var numbers = unsafe IntegerRun(content)
                while result.count < rowCount {
                    for _ in 0..<(unsafe numbers.steady(atMost: rowCount - result.count)) {
                        unsafe numbers.value &+= numbers.step
                        result.append(unsafe numbers.value)
                    }
                    if result.count == rowCount { break }
                    result.append(unsafe try numbers.next())
                }
            }
        } catch {
            throw StoreFormatError("integers: \(error)")
        }
        return result
    }

    /// Some integers alone.
    ///
    /// - Parameters:
    ///   - bytes: the section.
    ///   - rows: which, ascending.
    ///   - rowCount: how many there are in the section.
    ///   - context: decompresses.
    /// - Returns: the integers of the rows.
    /// - Throws: ``StoreFormatError`` when they are damaged.
    static func integers(
        _ bytes: UnsafeRawBufferPointer, picking rows: [Int], of rowCount: Int, _ context: inout CodecContext
    ) throws(StoreFormatError) -> [Int64] {
        let content = unsafe try differences(bytes, rowCount: rowCount, &context)
        var result: [Int64] = []
        result.reserveCapacity(rows.count)
        do {
            unsafe try content.withBytes { (content) throws(ByteCodingError) in
                var numbers = unsafe IntegerRun(content)
                var done = 0
                for row in rows {
                    while done <= row {
                        let steady = unsafe numbers.steady(atMost: row + 1 - done)
                        unsafe numbers.value &+= numbers.step &* Int64(steady)
                        done += steady
                        if done > row { break }
                        unsafe _ = try numbers.next()
                        done += 1
                    }
                    result.append(unsafe numbers.value)
                }
            }
        } catch {
            throw StoreFormatError("integers: \(error)")
        }
        return result
    }

    private static func differences(
        _ bytes: UnsafeRawBufferPointer, rowCount: Int, _ context: inout CodecContext
    ) throws(StoreFormatError) -> ByteWriter {
        var content = ByteWriter(capacity: rowCount * 2)
        var reader = unsafe ByteReader(bytes)
        unsafe try context.decompress(&reader, limit: rowCount * 10, into: &content)
        return content
    }

    /// Values below `limit` in the smallest of 0, 1, 2 and 4 bytes; 0 when there is only the value 0.
    static func encode(
        packed values: [UInt32], limit: Int, into writer: inout ByteWriter, scratch: inout ByteWriter,
        _ context: inout CodecContext
    ) throws(StoreFormatError) {
        let width = limit <= 1 ? 0 : limit <= 1 << 8 ? 1 : limit <= 1 << 16 ? 2 : 4
        writer.append(UInt8(width))
        scratch.removeAll()
        scratch.reserve(values.count * width)
        switch width {
        case 0: break
        case 1: for value in values { scratch.append(UInt8(truncatingIfNeeded: value)) }
        case 2: for value in values { scratch.append(littleEndian: UInt16(truncatingIfNeeded: value)) }
        default: for value in values { scratch.append(littleEndian: value) }
        }
        try compress(scratch, into: &writer, &context)
    }

    /// Reads values below `limit`, which the type of number can hold.
    static func packed<Number: FixedWidthInteger & UnsignedInteger>(
        _ reader: inout ByteReader, count: Int, limit: Int, _ context: inout CodecContext
    ) throws(StoreFormatError) -> [Number] {
        let packed = unsafe try packedContent(&reader, count: count, &context)
        let width = packed.width
        var highest: UInt32 = 0
        let result = unsafe packed.bytes.withBytes { bytes in
            unsafe [Number](unsafeUninitializedCapacity: count) { target, filled in
                switch width {
                case 0: for index in 0..<count { unsafe target[index] = 0 }
                case 1:
                    for index in 0..<count {
                        let value = unsafe bytes[index]
                        highest = max(highest, UInt32(value))
                        unsafe target[index] = Number(truncatingIfNeeded: value)
                    }
                case 2:
                    for index in 0..<count {
                        let value = unsafe UInt16(
                            littleEndian: bytes.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
                        highest = max(highest, UInt32(value))
                        unsafe target[index] = Number(truncatingIfNeeded: value)
                    }
                default:
                    for index in 0..<count {
                        let value = unsafe UInt32(
                            littleEndian: bytes.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))
                        highest = max(highest, value)
                        unsafe target[index] = Number(truncatingIfNeeded: value)
                    }
                }
                filled = count
            }
        }
        guard highest < max(1, limit) else { throw StoreFormatError("number over its limit") }
        return result
    }

    /// Reads some values below `limit` alone.
    ///
    /// - Parameters:
    ///   - reader: stands at the width.
    ///   - places: which.
    ///   - count: how many there are.
    ///   - limit: what they are below.
    ///   - context: decompresses.
    /// - Returns: the values at the places.
    /// - Throws: ``StoreFormatError`` when they are damaged.
    static func packed(
        _ reader: inout ByteReader, picking places: [Int], of count: Int, limit: Int, _ context: inout CodecContext
    ) throws(StoreFormatError) -> [Int] {
        let packed = unsafe try packedContent(&reader, count: count, &context)
        let width = packed.width
        let result = unsafe packed.bytes.withBytes { bytes in
            places.map { place in
                switch width {
                case 0: 0
                case 1: unsafe Int(bytes[place])
                case 2:
                    unsafe Int(
                        UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: place * 2, as: UInt16.self)))
                default:
                    unsafe Int(
                        UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place * 4, as: UInt32.self)))
                }
            }
        }
        guard result.allSatisfy({ $0 < max(1, limit) }) else { throw StoreFormatError("number over its limit") }
        return result
    }

    private static func packedContent(
        _ reader: inout ByteReader, count: Int, _ context: inout CodecContext
    ) throws(StoreFormatError) -> PackedContent {
        let width: Int
        do {
            width = unsafe Int(try reader.byte())
        } catch {
            throw StoreFormatError("numbers: \(error)")
        }
        guard [0, 1, 2, 4].contains(width) else { throw StoreFormatError("numbers of \(width) bytes") }
        var content = ByteWriter(capacity: count)
        unsafe try context.decompress(&reader, limit: count * width, into: &content)
        guard content.count == count * width else { throw StoreFormatError("numbers are cut off") }
        return PackedContent(bytes: content, width: width)
    }

    private static func compress(
        _ scratch: borrowing ByteWriter, into writer: inout ByteWriter, _ context: inout CodecContext
    ) throws(StoreFormatError) {
        unsafe try scratch.withBytes { (bytes) throws(StoreFormatError) in
            unsafe try context.compress(bytes, into: &writer)
        }
    }
}

/// Integers of one width, decompressed.
struct PackedContent: ~Copyable {
    let bytes: ByteWriter
    /// Bytes of each.
    let width: Int
}

/// Integers as they are written, one after the other: differences of differences.
@unsafe
struct IntegerRun {
    private var numbers: VarintRun
    /// The last integer.
    var value: Int64 = 0
    /// What was added for it.
    private(set) var step: Int64 = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        unsafe numbers = VarintRun(bytes)
    }

    /// Passes over integers that are each ``step`` above the one before, which ``value`` does not yet know.
    ///
    /// - Returns: how many, at most `most`.
    @inline(__always)
    mutating func steady(atMost most: Int) -> Int { unsafe numbers.zeros(atMost: most) }

    /// The next integer.
    @inline(__always)
    mutating func next() throws(ByteCodingError) -> Int64 {
        let folded = unsafe try numbers.next()
        unsafe step = step &+ Int64(bitPattern: (folded >> 1) ^ (0 &- (folded & 1)))
        unsafe value = value &+ step
        return unsafe value
    }
}
