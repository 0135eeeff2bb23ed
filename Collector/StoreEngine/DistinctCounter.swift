internal import Glibc

/// Counts distinct hashes in a memory that does not grow: exactly while there are few, by HyperLogLog beyond.
///
/// With 2^14 registers the standard error is 0.8 %. Source: Flajolet et al., "HyperLogLog: the analysis of a near-optimal
/// cardinality estimation algorithm", 2007; for few values linear counting, as there.
struct DistinctCounter: Sendable {
    /// Hashes that are kept themselves.
    static let exactLimit = 4_096
    private static let indexBits = 14

    private var exact: Set<UInt64> = []
    /// For each register the longest run of zeros that was seen, and 1; empty while counting exactly.
    private var registers: [UInt8] = []

    /// Notes a value.
    ///
    /// - Parameter hash: its hash; all 64 bits of good quality.
    mutating func insert(_ hash: UInt64) {
        guard registers.isEmpty else { return note(hash) }
        exact.insert(hash)
        guard exact.count > Self.exactLimit else { return }
        registers = [UInt8](repeating: 0, count: 1 << Self.indexBits)
        for known in exact { note(known) }
        exact = []
    }

    /// How many distinct values there were.
    var count: Int {
        guard !registers.isEmpty else { return exact.count }
        let size = Double(registers.count)
        var (sum, zeros) = (0.0, 0)
        for register in registers {
            sum += 1 / Double(UInt64(1) << UInt64(register))
            if register == 0 { zeros += 1 }
        }
        let estimate = 0.7213 / (1 + 1.079 / size) * size * size / sum
        // Not below what is known for sure.
        guard estimate <= 2.5 * size, zeros > 0 else { return max(Self.exactLimit, Int(estimate)) }
        return max(Self.exactLimit, Int(size * log(size / Double(zeros))))
    }

    private mutating func note(_ hash: UInt64) {
        let index = Int(hash >> (64 - UInt64(Self.indexBits)))
        // A one behind the bits that count ends the run.
        let rest = hash << UInt64(Self.indexBits) | 1 << UInt64(Self.indexBits - 1)
        registers[index] = max(registers[index], UInt8(rest.leadingZeroBitCount + 1))
    }
}
