import FuzzTargets
import TestSupport
import Testing

@Suite("Fuzz targets")
struct SeedTests {
    @Test("Seeds, and seeds with a byte changed or cut off, are read without a trap", arguments: FuzzTarget.allCases)
    func seeds(target: FuzzTarget) throws {
        let seeds = try target.seeds()
        #expect(!seeds.isEmpty)
        var random = SeededGenerator(seed: drawSeed())
        for seed in seeds {
            seed.withUnsafeBytes { target.run($0) }
            for _ in 0..<20 where !seed.isEmpty {
                let place = random.below(seed.count)
                var changed = random.chance(50) ? seed : Array(seed[...place])
                changed[place] ^= UInt8(random.below(256))
                changed.withUnsafeBytes { target.run($0) }
            }
        }
    }
}
