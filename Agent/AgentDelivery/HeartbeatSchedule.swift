/// When an agent says of itself how it is. Pure: time is an argument, nanoseconds of the monotonic clock.
///
/// A batch that is taken says that the agent is there. So a heartbeat is only sent when there was none for a while, when
/// batches wait, which the collector cannot know, and when they wait no more.
package struct HeartbeatSchedule: Sendable {
    /// How often at most, unless batches wait no more.
    package let interval: UInt64
    private var lastBeat: UInt64?
    private var lastBatch: UInt64?
    private var saidBacklog = false

    /// Makes a schedule by which a heartbeat is due at once.
    package init(interval: UInt64) {
        self.interval = interval
    }

    /// Whether one is to be sent now.
    ///
    /// - Parameters:
    ///   - now: the time.
    ///   - hasBacklog: whether batches wait that the collector does not take.
    ///   - hasDrops: whether there is something to report.
    /// - Returns: whether it is time.
    package func isDue(now: UInt64, hasBacklog: Bool, hasDrops: Bool) -> Bool {
        guard let lastBeat else { return true }
        if saidBacklog, !hasBacklog { return true }
        guard now &- lastBeat >= interval else { return false }
        if hasBacklog || hasDrops { return true }
        return lastBatch.map { now &- $0 >= interval } ?? true
    }

    /// Notes that a heartbeat was sent; `isTaken` tells whether the collector has it. One that failed is not sent again
    /// before its time.
    package mutating func sent(now: UInt64, hasBacklog: Bool, isTaken: Bool) {
        lastBeat = now
        saidBacklog = isTaken ? hasBacklog : false
    }

    /// Notes that the collector took a batch.
    package mutating func delivered(now: UInt64) { lastBatch = now }
}
