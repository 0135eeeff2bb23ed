internal import ByteCoding

/// A binary fuse filter with fingerprints of 8 bits (Graf and Lemire, 2022): tells of a 64-bit key that it is not in a
/// set, or that it may be, in error for one of 256 keys that are not. About 9.5 bits a key.
///
/// Each key has three places, one in each of three neighbouring segments of the table, whose xor is its fingerprint.
struct FuseFilter: Sendable {
    /// Changed until the table can be built.
    let seed: UInt64
    /// Places of a segment, as a power of two.
    let segmentBits: Int
    /// Segments in which the first place of a key may lie.
    let segmentCount: Int

    /// Larger tables are refused: more words than a block can have bytes.
    private static let mostPlaces = 1 << 27
    private static let mostSegmentBits = 18

    /// The shape of a filter for some number of keys.
    init(seed: UInt64, keyCount: Int) {
        // The paper's figures: a segment of 2^x places is right for 3.33^(x - 2.25) keys and more.
        let count = Double(max(2, keyCount))
        var bits = 2
        var reached = 0.74
        while reached * 3.33 <= count, bits < Self.mostSegmentBits {
            reached *= 3.33
            bits += 1
        }
        // A table needs this many places a key, more when it is small; 0.25 * ln(10^6) = 3.45, ln 2 = 0.693.
        let binaryLogarithm = Double(count.exponent) + (count.significand - 1)
        let places = Int(count * max(1.125, 0.875 + 3.454 / (0.693 * binaryLogarithm)))
        let size = 1 << bits
        self.seed = seed
        segmentBits = bits
        segmentCount = max(1, (places + size - 1) / size - 2)
    }

    /// A shape read from a file; nil when there is no such filter.
    init?(seed: UInt64, segmentBits: Int, segmentCount: Int) {
        guard segmentBits >= 0, segmentBits <= Self.mostSegmentBits, segmentCount > 0,
            segmentCount <= Self.mostPlaces >> segmentBits
        else { return nil }
        self.seed = seed
        self.segmentBits = segmentBits
        self.segmentCount = segmentCount
    }

    /// Bytes of the table.
    var tableBytes: Int { (segmentCount + 2) << segmentBits }

    /// The hash of a key, from which all else comes.
    @inline(__always)
    func hash(_ key: UInt64) -> UInt64 {
        var value = key &+ seed
        value ^= value >> 33
        value = value &* 0xFF51_AFD7_ED55_8CCD
        value ^= value >> 33
        value = value &* 0xC4CE_B9FE_1A85_EC53
        return value ^ (value >> 33)
    }

    /// The three places of a hash.
    @inline(__always)
    func places(_ hash: UInt64) -> (Int, Int, Int) {
        let size = 1 << segmentBits
        let first = Int(truncatingIfNeeded: hash.multipliedFullWidth(by: UInt64(segmentCount << segmentBits)).high)
        let second = (first + size) ^ (Int(truncatingIfNeeded: hash >> 18) & (size - 1))
        let third = (first + 2 * size) ^ (Int(truncatingIfNeeded: hash) & (size - 1))
        return (first, second, third)
    }

    @inline(__always)
    static func fingerprint(_ hash: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: hash ^ hash >> 32) }

    /// Whether a key may be in the set.
    func mayContain(_ key: UInt64, in table: UnsafeRawBufferPointer) -> Bool {
        let hash = hash(key)
        let (first, second, third) = places(hash)
        return unsafe table[first] ^ table[second] ^ table[third] == Self.fingerprint(hash)
    }
}

/// Builds filters. Memory is kept from filter to filter: about 15 bytes a key.
struct FuseFilterBuilder: ~Copyable {
    /// Seeds that are tried; each fails about once in a hundred times.
    private static let mostTrials = 32

    /// For each place, how many keys have it, times four, and in the lowest two bits the xor of which place of theirs it is.
    private var counts = ReusableBuffer<UInt8>(capacity: 1 << 16)
    /// For each place, the xor of the hashes of the keys that have it.
    private var sums = ReusableBuffer<UInt64>(capacity: 1 << 16)
    /// Places that one key has: first those whose key has been taken out, in this order, behind them, with a gap, those
    /// whose turn comes. A place gets here once at most. What is known of it then stays in ``counts`` and ``sums``.
    private var alone = ReusableBuffer<UInt32>(capacity: 1 << 16)

    /// Builds a filter of distinct keys and appends its table.
    ///
    /// - Parameters:
    ///   - keys: the keys.
    ///   - writer: where the table goes.
    /// - Returns: the shape of the filter; nil when it could not be built, which two equal keys would cause.
    mutating func build(_ keys: borrowing ReusableBuffer<UInt64>, into writer: inout ByteWriter) -> FuseFilter? {
        for trial in 0..<Self.mostTrials {
            let seed = 0x9E37_79B9_7F4A_7C15 &* UInt64(trial + 1)
            let filter = FuseFilter(seed: seed, keyCount: keys.count)
            guard spread(keys, filter), peel(filter) == keys.count else { continue }
            write(filter, keyCount: keys.count, into: &writer)
            return filter
        }
        return nil
    }

    /// Notes which keys have a place; false when more than 63 have one.
    private mutating func spread(_ keys: borrowing ReusableBuffer<UInt64>, _ filter: FuseFilter) -> Bool {
        counts.fill(0, count: filter.tableBytes)
        sums.fill(0, count: filter.tableBytes)
        var lowest: UInt8 = .max
        for index in 0..<keys.count {
            let hash = filter.hash(keys[index])
            let (first, second, third) = filter.places(hash)
            counts[first] = counts[first] &+ 4
            sums[first] ^= hash
            counts[second] = (counts[second] &+ 4) ^ 1
            sums[second] ^= hash
            counts[third] = (counts[third] &+ 4) ^ 2
            sums[third] ^= hash
            // Below four is a count that has passed the largest.
            lowest = min(lowest, counts[first], counts[second], counts[third])
        }
        return lowest >= 4
    }

    /// Finds an order in which each key, when it is assigned, has a place that no key assigned before it has.
    ///
    /// - Returns: how many keys have one; their places begin ``alone``.
    private mutating func peel(_ filter: FuseFilter) -> Int {
        let size = filter.tableBytes
        alone.removeAll()
        alone.reserve(size)
        for place in 0..<size where counts[place] >> 2 == 1 {
            alone.appendReserved(UInt32(truncatingIfNeeded: place))
        }
        var taken = 0
        var next = 0
        while next < alone.count {
            let place = Int(alone[next])
            next += 1
            guard counts[place] >> 2 == 1 else { continue }
            alone[taken] = UInt32(truncatingIfNeeded: place)
            taken += 1
            let hash = sums[place]
            let which = counts[place] & 3
            let (first, second, third) = filter.places(hash)
            if which != 0 { takeOut(first, hash, 0) }
            if which != 1 { takeOut(second, hash, 1) }
            if which != 2 { takeOut(third, hash, 2) }
        }
        return taken
    }

    @inline(__always)
    private mutating func takeOut(_ place: Int, _ hash: UInt64, _ which: UInt8) {
        counts[place] = (counts[place] - 4) ^ which
        sums[place] ^= hash
        if counts[place] >> 2 == 1 { alone.appendReserved(UInt32(truncatingIfNeeded: place)) }
    }

    private func write(_ filter: FuseFilter, keyCount: Int, into writer: inout ByteWriter) {
        unsafe writer.append(room: filter.tableBytes) { (table) throws(Never) in
            unsafe _ = table.initializeMemory(as: UInt8.self, repeating: 0)
            for index in stride(from: keyCount - 1, through: 0, by: -1) {
                let place = Int(alone[index])
                let (first, second, third) = filter.places(sums[place])
                var print = FuseFilter.fingerprint(sums[place])
                switch counts[place] & 3 {
                case 0:
                    print ^= unsafe table[second] ^ table[third]
                    unsafe table[first] = print
                case 1:
                    print ^= unsafe table[first] ^ table[third]
                    unsafe table[second] = print
                default:
                    print ^= unsafe table[first] ^ table[second]
                    unsafe table[third] = print
                }
            }
            return filter.tableBytes
        }
    }
}
