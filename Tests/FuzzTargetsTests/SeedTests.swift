import FuzzTargets
import Testing

@Suite("Fuzz targets")
struct SeedTests {
    @Test("Seeds, and seeds with a byte changed or cut off, are read without a trap", arguments: FuzzTarget.allCases)
    func seeds(target: FuzzTarget) throws {
        let seeds = try target.seeds()
        #expect(!seeds.isEmpty)
        var number: UInt64 = .random(in: 0 ... .max)
        print("seed of the fuzz targets: \(number)")
        for seed in seeds {
            seed.withUnsafeBytes { target.run($0) }
            for _ in 0..<20 where !seed.isEmpty {
                number = number &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let place = Int(number >> 33) % seed.count
                var changed = number & 1 == 0 ? seed : Array(seed[...place])
                changed[place] ^= UInt8(truncatingIfNeeded: number >> 24)
                changed.withUnsafeBytes { target.run($0) }
            }
        }
    }
}
