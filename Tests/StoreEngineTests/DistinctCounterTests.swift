import TestSupport
import Testing

@testable import StoreEngine

@Suite struct DistinctCounterTests {
    @Test func fewAreCountedExactly() {
        var counter = DistinctCounter()
        #expect(counter.count == 0)
        for round in 0..<3 {
            for value in UInt64(0)..<4_096 { counter.insert(value &* 0x9E37_79B9_7F4A_7C15) }
            #expect(counter.count == 4_096, "round \(round)")
        }
    }

    @Test(arguments: [5_000, 20_000, 60_000, 1_000_000])
    func manyAreEstimatedWithinFivePercent(count: Int) {
        var random = SeededGenerator(seed: drawSeed())
        var counter = DistinctCounter()
        for _ in 0..<count {
            let value = random.next()
            counter.insert(value)
            counter.insert(value)
        }
        // Six times the standard error.
        #expect(abs(counter.count - count) < count / 20)
    }
}
