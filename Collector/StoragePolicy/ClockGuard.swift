internal import LogModel

/// Decides whether the wall clock can be trusted for deleting. A pure state machine.
///
/// Everything that retention does hangs on the clock, and a clock that leaps ahead by years would make it delete all
/// there is. So time may pass only as fast as the monotonic clock says, and over a time in which the program did not run,
/// by ``longestPause`` at most. What goes beyond, and a clock that is behind what was seen before, holds retention until
/// the clock is right again or a person says that it is right: ``trust(wall:monotonic:)``.
package struct ClockGuard: Equatable, Sendable {
    /// Why nothing may be deleted.
    package enum Doubt: Equatable, Sendable, CustomStringConvertible {
        /// The clock is before a time that was seen earlier.
        case behind(nanoseconds: Int64)
        /// The clock is ahead of where it can be.
        case ahead(nanoseconds: Int64)

        /// A sentence without a full stop.
        package var description: String {
            switch self {
            case .behind(let gap):
                "the clock is \(Duration.nanoseconds(gap).logForm) behind a time that was seen before: "
                    + "nothing is deleted until it is right"
            case .ahead(let gap):
                "the clock went ahead by \(Duration.nanoseconds(gap).logForm): nothing is deleted until it is right, "
                    + "or somebody says that it is"
            }
        }
    }

    /// How far the clock may be off what is expected, in either direction: NTP, leap seconds, a time set by hand.
    package static let tolerance = Duration.seconds(3_600)
    /// How long a program that was not running may have been away.
    package static let longestPause = Duration.seconds(7 * 86_400)

    /// The last time that was trusted, nanoseconds since 1970; nil before the first.
    package private(set) var trusted: Int64?
    /// What the monotonic clock said then; nil when that was in another run of the program.
    private var monotonic: UInt64?

    /// Begins with what an earlier run of the program left.
    ///
    /// - Parameter trusted: the last time that was trusted, or the newest arrival that is known; nil for neither.
    package init(trusted: Int64?) { self.trusted = trusted }

    /// Looks at both clocks.
    ///
    /// - Parameters:
    ///   - wall: nanoseconds since 1970.
    ///   - now: nanoseconds of the monotonic clock.
    /// - Returns: nil when the clock can be trusted, and is taken as the last time that was.
    package mutating func observe(wall: Int64, monotonic now: UInt64) -> Doubt? {
        if let trusted {
            let passed = monotonic.map { Int64(clamping: now - min($0, now)) }
            let tolerance = Self.tolerance.wholeNanoseconds
            let expected = trusted.clampedAdding(passed ?? 0)
            if wall < expected.clampedAdding(-tolerance) { return .behind(nanoseconds: Self.gap(wall, expected)) }
            let gap = Self.gap(expected, wall)
            if gap > (passed == nil ? Self.longestPause.wholeNanoseconds : tolerance) {
                return .ahead(nanoseconds: gap)
            }
        }
        trust(wall: wall, monotonic: now)
        return nil
    }

    /// From an earlier to a later time.
    private static func gap(_ earlier: Int64, _ later: Int64) -> Int64 {
        let (gap, overflow) = later.subtractingReportingOverflow(earlier)
        return overflow ? .max : gap
    }

    /// Takes the clock as right from now on.
    package mutating func trust(wall: Int64, monotonic now: UInt64) {
        trusted = wall
        monotonic = now
    }
}
