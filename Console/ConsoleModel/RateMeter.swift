package import LogModel

/// Lines a second, of each kind, over the last seconds.
package struct RateMeter: Sendable, Equatable {
    /// Counts of one second.
    package struct Second: Sendable, Equatable {
        package var total = 0
        package var errors = 0
        package var warnings = 0
    }

    /// Seconds kept for the sparkline.
    package static let history = 20

    private var current = Second()
    private var currentSecond: Int64 = 0
    /// Whole seconds, oldest first.
    package private(set) var seconds: [Second] = []

    package init() {}

    /// Counts a line.
    package mutating func add(_ level: Level) {
        current.total += 1
        if level >= .error { current.errors += 1 }
        if level == .warn { current.warnings += 1 }
    }

    /// Closes the seconds that have ended by `steady`. A second in which nothing came counts as zero.
    package mutating func advance(to steady: Int64) {
        let second = steady / 1_000_000_000
        if currentSecond == 0 { currentSecond = second }
        guard second > currentSecond else { return }
        seconds.append(current)
        current = Second()
        for _ in 1..<max(1, min(second - currentSecond, Int64(Self.history))) { seconds.append(Second()) }
        currentSecond = second
        if seconds.count > Self.history { seconds.removeFirst(seconds.count - Self.history) }
    }

    /// The last whole second.
    package var last: Second { seconds.last ?? Second() }
}
