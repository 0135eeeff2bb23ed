/// When an agent says of itself how it is. Pure: time is an argument, nanoseconds of the monotonic clock.
///
/// Batches say that the agent is there, but not how far behind its sources are and what they have lost: so one is sent
/// every interval, and at once when batches wait no more.
package struct HeartbeatSchedule: Sendable {
    /// How often at most, unless batches wait no more.
    package let interval: UInt64
    private var lastBeat: UInt64?
    private var saidBacklog = false
    private var wasMissed = false

    /// Makes a schedule by which a heartbeat is due at once.
    package init(interval: UInt64) {
        self.interval = interval
    }

    /// Whether one is to be sent now.
    ///
    /// - Parameters:
    ///   - now: the time.
    ///   - hasBacklog: whether batches wait that the collector does not take.
    /// - Returns: whether it is time.
    package func isDue(now: UInt64, hasBacklog: Bool) -> Bool {
        guard let lastBeat else { return true }
        return saidBacklog && !hasBacklog || now &- lastBeat >= interval
    }

    /// Notes that a heartbeat was sent; `isTaken` tells whether the collector has it. One that failed is sent again when
    /// the collector takes a batch, else when its time has come.
    package mutating func sent(now: UInt64, hasBacklog: Bool, isTaken: Bool) {
        lastBeat = now
        saidBacklog = isTaken ? hasBacklog : false
        wasMissed = !isTaken
    }

    /// Notes that the collector took a batch.
    package mutating func delivered() {
        if wasMissed { lastBeat = nil }
        wasMissed = false
    }
}
