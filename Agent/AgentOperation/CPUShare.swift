/// Holds a thread back so that the process takes no more than its share of one processor over time. Pure: clocks are
/// arguments, nanoseconds.
///
/// A bucket of processor time fills with the share of the time that passes, up to what a tenth of a second gives, so that
/// a burst is answered at once and a backlog is not read at full speed.
package struct CPUShare: Sendable {
    /// The share of one processor: 0.5 is half of one, 2 two of them.
    package let share: Double
    private var last: (wall: UInt64, processor: UInt64)?
    /// Processor time that may still be taken; below zero it was overdrawn.
    private var room: Double

    /// How long a burst may go on at full speed, nanoseconds.
    private static let burst = 100_000_000.0
    /// The longest pause, nanoseconds, whatever a clock says.
    private static let longestPause = 5_000_000_000.0

    /// Starts with a full bucket.
    package init(share: Double) {
        self.share = max(0.01, share)
        room = Self.burst * self.share
    }

    /// Takes the clocks after some work.
    ///
    /// - Parameters:
    ///   - wall: the monotonic clock.
    ///   - processor: processor time of the process so far.
    /// - Returns: how long to pause; 0 when the share is kept.
    package mutating func pause(wall: UInt64, processor: UInt64) -> UInt64 {
        defer { last = (wall, processor) }
        guard let last else { return 0 }
        // Clocks that went back (a suspended machine) say nothing.
        let passed = wall >= last.wall ? Double(wall - last.wall) : 0
        let used = processor >= last.processor ? Double(processor - last.processor) : 0
        room = min(room + passed * share - used, Self.burst * share)
        if room >= 0 { return 0 }
        return UInt64(min(-room / share, Self.longestPause))
    }
}
