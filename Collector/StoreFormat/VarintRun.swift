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

    /// Passes over numbers that are 0, many at a time.
    ///
    /// - Parameter most: how many there may be.
    /// - Returns: how many there were, at least those that are found quickly.
    @inline(__always)
    mutating func zeros(atMost most: Int) -> Int {
        var found = 0
        while found < most, unsafe offset + 8 <= bytes.count {
            let word = unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            let count = min(most - found, word == 0 ? 8 : word.trailingZeroBitCount >> 3)
            found += count
            unsafe offset += count
            if word != 0 { break }
        }
        return found
    }

    /// The sum of the next numbers, of which none is over a limit.
    ///
    /// - Parameters:
    ///   - count: how many.
    ///   - limit: below 2^32.
    /// - Returns: the sum.
    /// - Throws: ``ByteCodingError`` when they are cut off, or one is over the limit.
    mutating func sum(of count: Int, limit: UInt64) throws(ByteCodingError) -> UInt64 {
        var sum: UInt64 = 0
        var left = count
        while left > 0 {
            // Eight of one byte each: added by pairs, and these by a multiplication.
            if left >= 8, unsafe offset + 8 <= bytes.count {
                let word = unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                if word & 0x8080_8080_8080_8080 == 0 {
                    let pairs = word & 0x00FF_00FF_00FF_00FF &+ (word >> 8 & 0x00FF_00FF_00FF_00FF)
                    sum &+= (pairs &* 0x0001_0001_0001_0001) >> 48
                    unsafe offset += 8
                    left -= 8
                    continue
                }
            }
            let number = unsafe try next()
            guard number <= limit else { throw unsafe .invalid(offset: offset, what: "number over its limit") }
            sum &+= number
            left -= 1
        }
        return sum
    }
}
