internal import ByteCoding

/// Reads many varints one behind the other: those of up to eight bytes by one load, which no branch waits for.
@unsafe
struct VarintRun {
    private let bytes: UnsafeRawBufferPointer
    /// Bytes that have been read.
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        unsafe self.bytes = bytes
    }

    /// The next number.
    ///
    /// - Throws: ``ByteCodingError`` when it is cut off or too long.
    @inline(__always)
    mutating func next() throws(ByteCodingError) -> UInt64 {
        if unsafe offset + 8 <= bytes.count {
            var word = unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            let ends = ~word & 0x8080_8080_8080_8080
            if ends != 0 {
                // All bits up to the end of the first byte whose high bit is not set.
                word &= ends ^ (ends &- 1)
                unsafe offset += ends.trailingZeroBitCount >> 3 + 1
                // Seven bits of each byte: pairs, then fours, then all.
                word &= 0x7F7F_7F7F_7F7F_7F7F
                word = word & 0x007F_007F_007F_007F | (word & 0x7F00_7F00_7F00_7F00) >> 1
                word = word & 0x0000_3FFF_0000_3FFF | (word & 0x3FFF_0000_3FFF_0000) >> 2
                return word & 0x0000_0000_0FFF_FFFF | (word & 0x0FFF_FFFF_0000_0000) >> 4
            }
        }
        var reader = unsafe ByteReader(UnsafeRawBufferPointer(rebasing: bytes[offset...]))
        let value = unsafe try reader.varint()
        unsafe offset += reader.offset
        return value
    }
}
