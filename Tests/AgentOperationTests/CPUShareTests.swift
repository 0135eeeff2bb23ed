import TestSupport
import Testing

@testable import AgentOperation

struct CPUShareTests {
    /// A thread that always has work: over time it gets its share, whatever the share and the size of its rounds.
    @Test(arguments: [0.05, 0.25, 0.5, 1.0])
    func workThatNeverEndsTakesItsShare(share: Double) {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        var keeper = CPUShare(share: share)
        var (wall, processor): (UInt64, UInt64) = (1_000, 50)
        while wall < 60_000_000_000 {
            let work = UInt64(generator.below(40_000_000) + 1)
            wall += work
            processor += work
            wall += keeper.pause(wall: wall, processor: processor)
        }
        let taken = Double(processor) / Double(wall)
        #expect(taken <= share * 1.02 + 0.002, "seed \(seed)")
        #expect(taken >= share * 0.95, "seed \(seed)")
    }

    @Test func aBurstIsNotHeldBack() {
        var keeper = CPUShare(share: 0.5)
        #expect(keeper.pause(wall: 0, processor: 0) == 0)
        #expect(keeper.pause(wall: 40_000_000, processor: 40_000_000) == 0)
        #expect(keeper.pause(wall: 10_000_000_000, processor: 41_000_000) == 0)
        // Hours of rest are no credit for hours of work.
        #expect(keeper.pause(wall: 11_000_000_000, processor: 1_041_000_000) > 0)
    }

    @Test func noPauseIsLongAndClocksMayGoBack() {
        var keeper = CPUShare(share: 0.01)
        _ = keeper.pause(wall: 100, processor: 100)
        #expect(keeper.pause(wall: 1_000_000_100, processor: 1_000_000_100) == 5_000_000_000)
        #expect(keeper.pause(wall: 50, processor: 50) <= 5_000_000_000)
    }
}
