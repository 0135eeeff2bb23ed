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

/// Builds filters. Memory is kept from filter to filter.
struct FuseFilterBuilder: ~Copyable {
    /// Seeds that are tried; each fails about once in a hundred times.
    private static let mostTrials = 32

    /// For each place, how many keys have it, and in the lowest two bits the xor of which place of theirs it is.
    private var counts = ReusableBuffer<UInt32>(capacity: 1 << 16)
    /// For each place, the xor of the hashes of the keys that have it.
    private var sums = ReusableBuffer<UInt64>(capacity: 1 << 16)
    /// Places that one key has.
    private var alone = ReusableBuffer<UInt32>(capacity: 1 << 16)
    /// Hashes in the order in which they were taken out, and which of its places each had alone.
    private var order = ReusableBuffer<UInt64>(capacity: 1 << 16)
    private var found = ReusableBuffer<UInt8>(capacity: 1 << 16)

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
            guard peel(keys, filter) else { continue }
            write(filter, into: &writer)
            return filter
        }
        return nil
    }

    /// Finds an order in which each key, when it is assigned, has a place that no key assigned before it has.
    private mutating func peel(_ keys: borrowing ReusableBuffer<UInt64>, _ filter: FuseFilter) -> Bool {
        let size = filter.tableBytes
        counts.fill(0, count: size)
        sums.fill(0, count: size)
        for index in 0..<keys.count {
            let hash = filter.hash(keys[index])
            let (first, second, third) = filter.places(hash)
            counts[first] += 4
            sums[first] ^= hash
            counts[second] = (counts[second] + 4) ^ 1
            sums[second] ^= hash
            counts[third] = (counts[third] + 4) ^ 2
            sums[third] ^= hash
        }
        alone.removeAll()
        alone.reserve(size)
        for place in 0..<size where counts[place] >> 2 == 1 {
            alone.appendReserved(UInt32(truncatingIfNeeded: place))
        }
        order.removeAll()
        found.removeAll()
        order.reserve(keys.count)
        found.reserve(keys.count)
        while alone.count > 0 {
            let place = Int(alone[alone.count - 1])
            alone.resize(to: alone.count - 1)
            guard counts[place] >> 2 == 1 else { continue }
            let hash = sums[place]
            let which = counts[place] & 3
            order.appendReserved(hash)
            found.appendReserved(UInt8(truncatingIfNeeded: which))
            let (first, second, third) = filter.places(hash)
            if which != 0 { takeOut(first, hash, 0) }
            if which != 1 { takeOut(second, hash, 1) }
            if which != 2 { takeOut(third, hash, 2) }
        }
        return order.count == keys.count
    }

    @inline(__always)
    private mutating func takeOut(_ place: Int, _ hash: UInt64, _ which: UInt32) {
        counts[place] = (counts[place] - 4) ^ which
        sums[place] ^= hash
        if counts[place] >> 2 == 1 { alone.append(UInt32(truncatingIfNeeded: place)) }
    }

    private func write(_ filter: FuseFilter, into writer: inout ByteWriter) {
        unsafe writer.append(room: filter.tableBytes) { (table) throws(Never) in
            unsafe _ = table.initializeMemory(as: UInt8.self, repeating: 0)
            for index in stride(from: order.count - 1, through: 0, by: -1) {
                let (first, second, third) = filter.places(order[index])
                var print = FuseFilter.fingerprint(order[index])
                switch found[index] {
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
