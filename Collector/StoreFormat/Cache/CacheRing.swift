/// What a ``BlockCache`` holds: entries in a ring, and a hand that goes round it and takes what was not used since it
/// last came by. Behind a lock.
struct CacheRing {
    private struct Entry {
        var key: BlockCache.Key
        /// Nil when the place is free.
        var value: (any Sendable)?
        var bytes: Int
        var isUsed: Bool
    }

    /// Bytes that an entry costs besides its value.
    private static let overhead = 128

    private let maxBytes: Int
    private var entries: [Entry] = []
    private var places: [BlockCache.Key: Int] = [:]
    private var free: [Int] = []
    private var hand = 0
    private(set) var statistics = BlockCache.Statistics()

    init(maxBytes: Int) {
        self.maxBytes = maxBytes
    }

    /// The value of a key; nil when it is not there.
    mutating func value(of key: BlockCache.Key) -> (any Sendable)? {
        guard let place = places[key] else {
            statistics.misses += 1
            return nil
        }
        statistics.hits += 1
        entries[place].isUsed = true
        return entries[place].value
    }

    /// The value of a key without counting the look-up.
    mutating func known(_ key: BlockCache.Key) -> (any Sendable)? {
        guard let place = places[key] else { return nil }
        entries[place].isUsed = true
        return entries[place].value
    }

    /// Keeps a value, unless it is too large, or another thread was faster.
    ///
    /// - Returns: what gave way.
    mutating func insert(_ value: any Sendable, for key: BlockCache.Key, bytes: Int) -> [any Sendable] {
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

    /// Forgets the entries of a segment.
    ///
    /// - Returns: what they held.
    mutating func removeAll(of segment: UInt64) -> [any Sendable] {
        var removed: [any Sendable] = []
        for place in entries.indices where entries[place].value != nil && entries[place].key.segment == segment {
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
