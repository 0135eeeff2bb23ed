import Synchronization
import TestSupport
import Testing

@testable import StoreFormat

@Suite struct BlockCacheTests {
    private func key(_ segment: Int, _ offset: Int) -> BlockCache.Key {
        BlockCache.Key(segment: UInt64(segment), offset: UInt64(offset), form: .filter)
    }

    @Test func whatIsKeptIsNotMadeAgain() throws {
        let cache = BlockCache(maxBytes: 1 << 20)
        var made = 0
        for _ in 0..<3 {
            let value = cache.value(key(1, 5), cost: { $0.count }) {
                made += 1
                return [1, 2, 3]
            }
            #expect(value == [1, 2, 3])
        }
        #expect(made == 1)
        #expect(cache.statistics.hits == 2 && cache.statistics.misses == 1 && cache.statistics.entries == 1)
        #expect(throws: StoreFormatError.self) {
            try cache.value(key(1, 6), cost: { (_: Int) in 1 }, make: { throw StoreFormatError("no") })
        }
        #expect(cache.statistics.entries == 1)
    }

    @Test func entriesOfARemovedSegmentAreForgotten() {
        let cache = BlockCache(maxBytes: 1 << 20)
        for segment in 0..<4 {
            for offset in 0..<10 { _ = cache.value(key(segment, offset), cost: { _ in 100 }, make: { offset }) }
        }
        let before = cache.statistics
        cache.removeAll(of: 2)
        let after = cache.statistics
        #expect(before.entries == 40 && after.entries == 30)
        #expect(after.bytes * 4 == before.bytes * 3 && after.evictions == 0)
    }

    @Test func whatIsUsedOftenStays() {
        let cache = BlockCache(maxBytes: 40_000)
        var made = 0
        for round in 0..<2_000 {
            cache.value(key(0, 0), cost: { _ in 500 }, make: { made += 1 })
            cache.value(key(1, round), cost: { _ in 500 }, make: {})
        }
        #expect(made < 20, "made \(made) times")
        #expect(cache.statistics.evictions > 1_000)
    }

    @Test(arguments: [0, 300, 5_000, 100_000])
    func theBoundHoldsWhateverComes(maxBytes: Int) {
        let cache = BlockCache(maxBytes: maxBytes)
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<5_000 {
            let offset = Int(generator.next() % 300)
            let cost = Int(generator.next() % 3_000)
            let value = cache.value(key(offset % 7, offset), cost: { _ in cost }, make: { offset })
            #expect(value == offset, "seed \(seed)")
            if generator.next() % 500 == 0 { cache.removeAll(of: generator.next() % 7) }
            let statistics = cache.statistics
            guard statistics.bytes <= maxBytes, statistics.bytes >= 0 else {
                Issue.record("\(statistics.bytes) of \(maxBytes) bytes, seed \(seed)")
                return
            }
        }
    }

    private final class Tally: Sendable {
        let wrong = Atomic<Int>(0)
        let over = Atomic<Int>(0)
    }

    @Test func threadsSeeTheirOwnValues() async {
        let cache = BlockCache(maxBytes: 20_000)
        let tally = Tally()
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask {
                    var generator = SeededGenerator(seed: UInt64(task))
                    for _ in 0..<5_000 {
                        let offset = Int(generator.next() % 200)
                        let key = BlockCache.Key(segment: UInt64(offset % 5), offset: UInt64(offset), form: .filter)
                        if cache.value(key, cost: { _ in 400 }, make: { "\(offset)" }) != "\(offset)" {
                            tally.wrong.add(1, ordering: .relaxed)
                        }
                        if generator.next() % 1_000 == 0 { cache.removeAll(of: UInt64(offset % 5)) }
                        if cache.statistics.bytes > 20_000 { tally.over.add(1, ordering: .relaxed) }
                    }
                }
            }
        }
        #expect(tally.wrong.load(ordering: .relaxed) == 0 && tally.over.load(ordering: .relaxed) == 0)
        let statistics = cache.statistics
        #expect(statistics.hits + statistics.misses == 20_000 && statistics.evictions > 0)
    }
}
