/// What a cache holds: entries in a ring, and a hand that goes round it and takes what was not used since it last came
/// by (CLOCK). For use behind a lock.
package struct CacheRing<Key: Hashable & Sendable>: Sendable {
    private struct Entry: Sendable {
        var key: Key
        /// Nil when the place is free.
        var value: (any Sendable)?
        var bytes: Int
        var isUsed: Bool
    }

    /// Bytes that an entry costs besides its value.
    private static var overhead: Int { 128 }

    private let maxBytes: Int
    private var entries: [Entry] = []
    private var places: [Key: Int] = [:]
    private var free: [Int] = []
    private var hand = 0
    /// What it did and holds.
    package private(set) var statistics = BlockCache.Statistics()

    /// Makes an empty ring.
    ///
    /// - Parameter maxBytes: the most bytes that entries may take; 0 keeps nothing.
    package init(maxBytes: Int) {
        self.maxBytes = maxBytes
    }

    /// The value of a key; nil when it is not there.
    mutating func value(of key: Key) -> (any Sendable)? {
        guard let place = places[key] else {
            statistics.misses += 1
            return nil
        }
        statistics.hits += 1
        entries[place].isUsed = true
        return entries[place].value
    }

    /// The value of a key without counting the look-up.
    package mutating func known(_ key: Key) -> (any Sendable)? {
        guard let place = places[key] else { return nil }
        entries[place].isUsed = true
        return entries[place].value
    }

    /// Keeps a value, unless it is too large, or another thread was faster.
    ///
    /// - Parameters:
    ///   - value: what is kept.
    ///   - key: under which it is found.
    ///   - bytes: of memory of the value and of what its key holds.
    /// - Returns: what gave way, to be let go of outside of the lock.
    package mutating func insert(_ value: any Sendable, for key: Key, bytes: Int) -> [any Sendable] {
        let cost = bytes + Self.overhead
        guard cost <= maxBytes, places[key] == nil else { return [] }
        var removed: [any Sendable] = []
        while statistics.bytes + cost > maxBytes {
            let entry = entries[hand]
            if entry.value != nil, !entry.isUsed {
                if let old = remove(hand) { removed.append(old) }
                statistics.evictions += 1
            } else {
                entries[hand].isUsed = false
            }
            hand = (hand + 1) % entries.count
        }
        let entry = Entry(key: key, value: value, bytes: cost, isUsed: false)
        if let place = free.popLast() {
            entries[place] = entry
            places[key] = place
        } else {
            places[key] = entries.count
            entries.append(entry)
        }
        statistics.entries += 1
        statistics.bytes += cost
        return removed
    }

    /// Forgets the entries with such keys.
    ///
    /// - Returns: what they held.
    mutating func removeAll(where isGone: (Key) -> Bool) -> [any Sendable] {
        var removed: [any Sendable] = []
        for place in entries.indices where entries[place].value != nil && isGone(entries[place].key) {
            if let old = remove(place) { removed.append(old) }
        }
        return removed
    }

    private mutating func remove(_ place: Int) -> (any Sendable)? {
        let old = entries[place].value
        entries[place].value = nil
        places[entries[place].key] = nil
        statistics.bytes -= entries[place].bytes
        statistics.entries -= 1
        free.append(place)
        return old
    }
}
