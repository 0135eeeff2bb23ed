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
        var content = ByteWriter(capacity: rowCount * 2)
        var reader = unsafe ByteReader(bytes)
        unsafe try context.decompress(&reader, limit: rowCount * 10, into: &content)
        var result: [Int64] = []
        result.reserveCapacity(rowCount)
        do {
            unsafe try content.withBytes { (content) throws(ByteCodingError) in
                var numbers = unsafe VarintRun(content)
                var value: Int64 = 0
                var step: Int64 = 0
                for _ in 0..<rowCount {
                    let folded = unsafe try numbers.next()
                    step = step &+ Int64(bitPattern: (folded >> 1) ^ (0 &- (folded & 1)))
                    value = value &+ step
                    result.append(value)
                }
            }
        } catch {
            throw StoreFormatError("integers: \(error)")
        }
        return result
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
        var content = ByteWriter(capacity: count)
        let width: Int
        do {
            width = unsafe Int(try reader.byte())
        } catch {
            throw StoreFormatError("numbers: \(error)")
        }
        guard [0, 1, 2, 4].contains(width) else { throw StoreFormatError("numbers of \(width) bytes") }
        unsafe try context.decompress(&reader, limit: count * width, into: &content)
        guard content.count == count * width else { throw StoreFormatError("numbers are cut off") }
        var highest: UInt32 = 0
        let result = unsafe content.withBytes { bytes in
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

    private static func compress(
        _ scratch: borrowing ByteWriter, into writer: inout ByteWriter, _ context: inout CodecContext
    ) throws(StoreFormatError) {
        unsafe try scratch.withBytes { (bytes) throws(StoreFormatError) in
            unsafe try context.compress(bytes, into: &writer)
        }
    }
}
