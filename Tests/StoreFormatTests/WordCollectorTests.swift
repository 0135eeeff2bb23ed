import ByteCoding
import TestSupport
import Testing

@testable import StoreFormat

@Suite struct WordCollectorTests {
    private func distinct(_ keys: [UInt64]) -> [UInt64] {
        var buffer = ReusableBuffer<UInt64>()
        for key in keys { buffer.append(key) }
        var buckets = KeyBuckets()
        buckets.dropRepeated(&buffer)
        return buffer.array()
    }

    @Test func eachKeyIsKeptOnce() {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        for count in [0, 1, 2, 300, 5_000, 100_000] {
            let pool = (0..<max(1, count / 3)).map { _ in max(1, generator.next()) }
            let keys = (0..<count).map { _ in pool[Int(generator.next() % UInt64(pool.count))] }
            let kept = distinct(keys)
            #expect(kept.count == Set(keys).count && Set(kept) == Set(keys), "\(count) keys, seed \(seed)")
        }
    }

    /// Keys that share their highest bits, or all come into one bucket, take longer and are right.
    @Test func keysThatAreNotSpreadAreDistinctToo() {
        let low = (1...3_000).map { UInt64($0) }
        #expect(distinct(low + low.reversed()).sorted() == low)
        let high = (1...3_000).map { UInt64.max - UInt64($0) }
        #expect(distinct(high + high).sorted() == high.sorted())
    }

    /// More words than are gathered before those that are there twice are dropped, each of them often.
    @Test func allWordsOfManyAreThereOnce() {
        let words = (0..<120_000).map { "w\(String($0 &* 2_654_435_761 % (1 << 32), radix: 36))x" }
        var collector = WordCollector()
        for _ in 0..<3 {
            for word in words { Array(word.utf8).withUnsafeBytes { collector.add(wordsOf: $0, 7) } }
        }
        var wanted = Set(words.compactMap { WordHash.key(Array($0.utf8), isPrefix: false, 7) })
        wanted.formUnion(words.compactMap { WordHash.key(Array($0.utf8), isPrefix: true, 7) })
        let keys = collector.withKeys { $0.array() }
        #expect(keys.count == wanted.count && Set(keys) == wanted)
        collector.removeAll()
        let none = collector.withKeys { $0.count }
        #expect(none == 0)
    }
}
