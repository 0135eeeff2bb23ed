internal import Synchronization

/// What queries have read and decoded of segments, kept for the next query in bounded memory.
///
/// Segments never change, so neither does what is kept of them. Where there is no room, entries that were not used since
/// the last look give way (CLOCK). What is larger than the bound is not kept. There is one lock, held for a look-up and no
/// longer: with parts of the bound for several, a few large entries more in one than in another would push each other
/// out while there is room. Two threads that miss the same entry at the same time both
/// load it: loading takes a millisecond or so, and waiting for each other would hold a lock across reads. Shared freely.
package final class BlockCache: Sendable {
    /// What is kept: one form of one section of one segment.
    struct Key: Hashable, Sendable {
        /// The number of the reader of the segment.
        var segment: UInt64
        /// Where the section begins in the file.
        var offset: UInt64
        var form: Form
    }

    /// What was made of a section.
    enum Form: Hashable, Sendable {
        case filter, templates, terms, dictionaries, groups, presence, streams, pages, streamTexts
        /// The values of a label: of the segment as a whole, at offset 0.
        case label(String)
    }

    /// Counts since the start, and what is held now.
    package struct Statistics: Sendable, Equatable {
        /// Look-ups that found their entry.
        package var hits = 0
        /// Look-ups that did not.
        package var misses = 0
        /// Entries that gave way to others.
        package var evictions = 0
        /// Entries held.
        package var entries = 0
        /// Bytes of memory held.
        package var bytes = 0
        /// Filters that could not be read; their blocks are searched as if they had none.
        package var damagedFilters = 0
    }

    /// The bound that is used where none is set, in bytes.
    package static let defaultBytes = 48 << 20

    private let state: Mutex<CacheRing<Key>>
    private let damagedFilters = Atomic<Int>(0)

    /// Makes an empty cache.
    ///
    /// - Parameter maxBytes: the most bytes of memory that entries may take; 0 keeps nothing.
    package init(maxBytes: Int = BlockCache.defaultBytes) {
        state = Mutex(CacheRing(maxBytes: maxBytes))
    }

    /// What the cache did and holds.
    package var statistics: Statistics {
        var sum = state.withLock { $0.statistics }
        sum.damagedFilters = damagedFilters.load(ordering: .relaxed)
        return sum
    }

    /// The entry of a key, if it is there; not counted as a look-up, for nothing is made if it is not.
    func known<T: Sendable>(_ key: Key) -> T? {
        state.withLock { $0.known(key) } as? T
    }

    /// The entry of a key, made and kept if it is not there.
    ///
    /// - Parameters:
    ///   - key: what is wanted. A key stands for the same type of value always.
    ///   - cost: bytes of memory of a value.
    ///   - make: makes the value. What it throws is thrown on, and nothing is kept.
    /// - Returns: the value.
    func value<T: Sendable>(_ key: Key, cost: (T) -> Int, make: () throws -> T) rethrows -> T {
        if let known = state.withLock({ $0.value(of: key) }) as? T { return known }
        let made = try make()
        let bytes = cost(made)
        // What gives way is freed outside of the lock.
        let removed = state.withLock { $0.insert(made, for: key, bytes: bytes) }
        withExtendedLifetime(removed) {}
        return made
    }

    /// Forgets what is kept of a segment.
    func removeAll(of segment: UInt64) {
        let removed = state.withLock { $0.removeAll { $0.segment == segment } }
        withExtendedLifetime(removed) {}
    }

    /// Counts a filter that could not be read.
    func noteDamagedFilter() {
        damagedFilters.add(1, ordering: .relaxed)
    }
}
