internal import QueryLanguage
package import StoreFormat
internal import Synchronization

/// What queries found out about blocks of segments, kept in bounded memory for those that ask the same again: which rows
/// pass a filter, and what functions of `stats` make of them.
///
/// Blocks of segments never change, so neither does what is kept of them; blocks in memory are looked at anew each time.
/// What is kept of segments that are gone is not used again and gives way to the rest (CLOCK). Times at the edge of a query
/// are no part of what is kept, so that a query for the last hour finds it a minute later. Shared freely.
package final class QueryCache: Sendable {
    /// What was asked of which block.
    struct Key: Hashable, Sendable {
        var block: BlockIdentity
        var question: Question
    }

    /// A question without the times it is about: a filter and, if its rows are summed up, how.
    final class Question: Hashable, Sendable {
        private let filter: Filter
        private let stats: StatsPipe?
        private let hash: Int
        /// Bytes of memory, roughly.
        let memoryBytes: Int

        init(_ filter: Filter, _ stats: StatsPipe? = nil) {
            self.filter = filter
            self.stats = stats
            var hasher = Hasher()
            hasher.combine(filter)
            hasher.combine(stats)
            hash = hasher.finalize()
            memoryBytes = 4 * (filter.description.utf8.count + (stats?.description.utf8.count ?? 0)) + 128
        }

        func hash(into hasher: inout Hasher) { hasher.combine(hash) }

        static func == (left: Question, right: Question) -> Bool {
            left === right || left.hash == right.hash && left.filter == right.filter && left.stats == right.stats
        }
    }

    /// The bound that is used where none is set, in bytes.
    package static let defaultBytes = 16 << 20
    /// Questions that take more are not kept: each entry counts its question as if it had it alone.
    static let maxQuestionBytes = 16 << 10

    private static let rememberedQuestions = 512

    private let ring: Mutex<CacheRing<Key>>
    /// Hashes of the latest questions, in a ring: only a guess at whether one comes again.
    private let asked = Mutex<(hashes: [Int], next: Int)>(([], 0))
    private let hits = Atomic<Int>(0)
    private let misses = Atomic<Int>(0)

    /// Makes an empty cache.
    ///
    /// - Parameter maxBytes: the most bytes of memory that entries may take; 0 keeps nothing.
    package init(maxBytes: Int = QueryCache.defaultBytes) {
        ring = Mutex(CacheRing(maxBytes: maxBytes))
    }

    /// What the cache did and holds. A hit is a block that a query did not have to look at, a miss one of a segment that it
    /// looked at.
    package var statistics: BlockCache.Statistics {
        var sum = ring.withLock { $0.statistics }
        sum.hits = hits.load(ordering: .relaxed)
        sum.misses = misses.load(ordering: .relaxed)
        return sum
    }

    /// Whether a question was asked lately; from now on it was.
    func wasAsked(_ question: Question) -> Bool {
        asked.withLock { asked in
            if asked.hashes.contains(question.hashValue) { return true }
            if asked.hashes.count < Self.rememberedQuestions {
                asked.hashes.append(question.hashValue)
            } else {
                asked.hashes[asked.next] = question.hashValue
                asked.next = (asked.next + 1) % Self.rememberedQuestions
            }
            return false
        }
    }

    func value<T: Sendable>(_ key: Key) -> T? { ring.withLock { $0.known(key) } as? T }

    func keep(_ value: some Sendable, for key: Key, bytes: Int) {
        // What gives way is freed outside of the lock.
        let removed = ring.withLock { $0.insert(value, for: key, bytes: bytes + key.question.memoryBytes) }
        withExtendedLifetime(removed) {}
    }

    func note(hits: Int, misses: Int) {
        self.hits.add(hits, ordering: .relaxed)
        self.misses.add(misses, ordering: .relaxed)
    }
}
