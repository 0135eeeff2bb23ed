/// Draws the seed of a test with random values and prints it; a message of the test should name it, too.
///
/// With `LODGE_TEST_SEED=n` in the environment it is n: run the one test that failed with the seed that it printed.
package func drawSeed(file: String = #fileID, function: String = #function) -> UInt64 {
    let seed = environment("LODGE_TEST_SEED").flatMap { UInt64($0) } ?? .random(in: 0 ... .max)
    print("seed of \(file) \(function): \(seed)")
    return seed
}

/// Random numbers that can be had again from their seed (SplitMix64).
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to but not including `limit`, which is above 0.
    package mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

    /// True in so many of a hundred cases.
    package mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

    /// One of the values, of which there is at least one.
    package mutating func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }

    /// So many bytes of any value.
    package mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }
}
