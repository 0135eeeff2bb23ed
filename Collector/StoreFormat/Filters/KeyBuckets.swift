internal import ByteCoding

/// Makes keys distinct in place: they are exchanged into buckets by their highest bits, and those of a bucket looked up in
/// a table that stays in the cache of a core. Memory is kept.
struct KeyBuckets: ~Copyable {
    /// Buckets, as a power of two.
    private static let bits = 8
    /// Where each bucket's next key goes, and where it ends.
    private var next = [Int](repeating: 0, count: 1 << bits)
    private var ends = [Int](repeating: 0, count: 1 << bits)
    /// Keys of a bucket, 0 where there is none; a power of two, at most half full.
    private var slots = ReusableBuffer<UInt64>(capacity: 64)

    /// Drops all but one of keys that are equal.
    ///
    /// - Parameter keys: hashes other than 0; they come out in an order that is that of the buckets.
    /// - Complexity: O(n) for hashes that are spread evenly.
    mutating func dropRepeated(_ keys: inout ReusableBuffer<UInt64>) {
        distribute(&keys)
        var start = 0
        var kept = 0
        for bucket in ends.indices {
            let end = ends[bucket]
            slots.fill(0, count: Self.slotCount(for: end - start))
            let shift = UInt64.bitWidth - Self.bits - slots.count.trailingZeroBitCount
            for index in start..<end {
                let key = keys[index]
                var slot = Int(truncatingIfNeeded: key >> shift) & (slots.count - 1)
                while slots[slot] != 0, slots[slot] != key { slot = (slot + 1) & (slots.count - 1) }
                if slots[slot] == key { continue }
                slots[slot] = key
                keys[kept] = key
                kept += 1
            }
            start = end
        }
        keys.resize(to: kept)
    }

    /// Exchanges keys until each is in its bucket.
    private mutating func distribute(_ keys: inout ReusableBuffer<UInt64>) {
        for bucket in ends.indices { ends[bucket] = 0 }
        for index in 0..<keys.count { ends[Self.bucket(keys[index])] += 1 }
        var offset = 0
        for bucket in ends.indices {
            next[bucket] = offset
            offset += ends[bucket]
            ends[bucket] = offset
        }
        for bucket in ends.indices {
            while next[bucket] < ends[bucket] {
                var key = keys[next[bucket]]
                var home = Self.bucket(key)
                // Follows the exchanges until a key comes that belongs here.
                while home != bucket {
                    let place = next[home]
                    next[home] += 1
                    swap(&key, &keys[place])
                    home = Self.bucket(key)
                }
                keys[next[bucket]] = key
                next[bucket] += 1
            }
        }
    }

    @inline(__always)
    private static func bucket(_ key: UInt64) -> Int { Int(truncatingIfNeeded: key >> (64 - UInt64(bits))) }

    private static func slotCount(for keys: Int) -> Int {
        keys <= 8 ? 16 : 1 << (Int.bitWidth - (2 * keys - 1).leadingZeroBitCount)
    }
}
