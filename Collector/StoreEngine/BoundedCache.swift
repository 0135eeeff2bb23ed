/// Values by key up to a total cost; beyond, those that were asked for longest ago go.
struct BoundedCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry {
        var value: Value
        var cost: Int
        var lastUse: UInt64
    }

    private var entries: [Key: Entry] = [:]
    private var clock: UInt64 = 0
    private(set) var cost = 0
    /// The highest sum of costs. A single value above it is not kept.
    let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    mutating func value(_ key: Key) -> Value? {
        clock += 1
        guard entries[key] != nil else { return nil }
        entries[key]?.lastUse = clock
        return entries[key]?.value
    }

    /// - Complexity: O(number of values) for each one that has to go.
    mutating func insert(_ value: Value, _ key: Key, cost added: Int) {
        remove(key)
        guard added <= limit else { return }
        while cost + added > limit, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            remove(oldest.key)
        }
        clock += 1
        cost += added
        entries[key] = Entry(value: value, cost: added, lastUse: clock)
    }

    mutating func remove(_ key: Key) {
        if let gone = entries.removeValue(forKey: key) { cost -= gone.cost }
    }
}
