/// How long to wait before the next attempt: doubling from half a second to fifteen, and each wait somewhere between
/// half of that and all of it, so that consoles that lost one collector together do not come back together.
package struct Backoff: Sendable, Equatable {
    package static let shortest: Int64 = 500_000_000
    package static let longest: Int64 = 15_000_000_000

    private var failures = 0

    package init() {}

    /// Nanoseconds to wait after one more failure. `random` is any number; it chooses within the range.
    package mutating func failed(random: UInt64) -> Int64 {
        let full = min(Self.longest, Self.shortest << Int64(min(failures, 5)))
        failures = min(failures + 1, 5)
        let half = full / 2
        return max(Self.shortest, half + Int64(random % UInt64(full - half + 1)))
    }

    /// An attempt succeeded.
    package mutating func succeeded() {
        failures = 0
    }
}
