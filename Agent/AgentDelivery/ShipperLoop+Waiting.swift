import Diagnostics
import LogModel
import SystemIO
import Workers

/// Heartbeats, waiting, and what the log is told.
extension ShipperLoop {
    // MARK: Heartbeats

    /// Says how the agent is, when it is time. Whatever becomes of it changes nothing for the batches.
    ///
    /// - Parameters:
    ///   - waiting: a batch that the collector has not; nil when it has all.
    ///   - transports: how it is sent.
    func beatIfDue(_ waiting: SpoolRecord?, by transports: [any BatchTransport]) {
        guard reached != nil,
            schedule.isDue(now: SystemClock.monotonicNanos(), hasBacklog: waiting != nil)
        else { return }
        beat(waiting, by: transports, isLeaving: false)
    }

    func beat(_ waiting: SpoolRecord?, by transports: [any BatchTransport], isLeaving: Bool) {
        guard let reached else { return }
        let content = parts.registry.content
        // What the disk does not give now, the next heartbeat tells.
        let oldest = Lane.inOrder.compactMap { ((try? queue.first(in: $0)) ?? nil)?.record.earliest }.min()
        let heartbeat = AgentHeartbeat(
            agent: content.agent, epoch: content.epoch, version: parts.version,
            oldestUnacknowledged: waiting == nil ? nil : oldest,
            spooledBytes: parts.spool.bytes, isLeaving: isLeaving, drops: drops.entries,
            status: isLeaving ? nil : parts.status())
        let taken = transports[reached].beat(heartbeat) { goesOn() }
        schedule.sent(now: SystemClock.monotonicNanos(), hasBacklog: waiting != nil, isTaken: taken != nil)
        guard let taken else {
            // While batches wait they tell the reason.
            if waiting == nil { monitor.withLock { $0.report.problem = "the collector takes no heartbeat" } }
            return
        }
        heard(from: reached)
        parts.metrics.heartbeats.add()
        drops.acknowledged(upTo: taken)
    }

    /// Notes that a collector took something.
    func heard(from index: Int) {
        let (name, now) = (collectors[index].name, SystemClock.wallNanos())
        monitor.withLock { $0.report = DeliveryReport(collector: name, delivered: now) }
    }

    // MARK: The log

    func report(_ reason: HoldReason, _ wait: Duration, _ batch: SpoolRecord, _ collector: String) {
        monitor.withLock { $0.report.problem = "\(collector): \(reason.text)" }
        let (seconds, attoseconds) = wait.components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        switch reason {
        case .unreachable(let text):
            parts.log.warn("collector not reached, trying again", ("reason", text), ("wait_ms", milliseconds))
        case .untrusted(let text):
            parts.log.error(
                "batches are held: check the certificates", ("collector", collector), ("reason", text),
                ("wait_ms", milliseconds))
        case .busy(let status, let title):
            parts.log.warn(
                "collector has no time, trying again", ("collector", collector), ("status", status),
                ("reason", title), ("wait_ms", milliseconds))
        case .misdirected(let status, let title):
            parts.log.error(
                "batches are held: check the collector's address and key", ("collector", collector),
                ("status", status), ("reason", title), ("wait_ms", milliseconds))
        case .rejected(let status, let title):
            parts.log.error(
                "the collector refuses a batch", ("status", status), ("reason", title), ("sequence", batch.sequence),
                ("events", batch.events), ("wait_ms", milliseconds))
        }
    }

    // MARK: Waiting

    /// Waits as ``pause(until:behind:)`` does, and says meanwhile that the agent is there.
    func rest(until: UInt64, behind seen: UInt64?, _ batch: SpoolRecord?, by transports: [any BatchTransport]) {
        // The registry is saved meanwhile, and losses are put into the ledger: files come and go while the collector is
        // away.
        let interval = min(Self.nanoseconds(parts.heartbeatInterval), saveInterval)
        let part = min(until, SystemClock.monotonicNanos() &+ interval)
        pause(until: part, behind: seen)
        if part < until, monitor.withLock({ $0.stopAt == nil }) { beatIfDue(batch, by: transports) }
    }

    static func nanoseconds(_ duration: Duration) -> UInt64 {
        let (seconds, attoseconds) = duration.components
        return UInt64(max(0, seconds)) &* 1_000_000_000 &+ UInt64(max(0, attoseconds / 1_000_000_000))
    }

    /// Whether to wait on for an answer; meanwhile losses are put into the ledger.
    func goesOn() -> Bool {
        noteLosses()
        return !isOver()
    }

    func isOver() -> Bool {
        monitor.withLock { state in state.stopAt.map { SystemClock.monotonicNanos() >= $0 } ?? false }
    }

    /// - Returns: false when it is time to end: nothing is left and a stop was asked for.
    func waitForBatches(behind seen: UInt64) -> Bool {
        // Relocations and forgotten files are written even when nothing is delivered.
        let deadline = SystemClock.monotonicNanos() + saveInterval
        let wish = monitor.wait(until: deadline) { state -> Bool? in
            if state.spooled > seen || state.next != nil { return true }
            return state.stopAt == nil ? nil : false
        }
        return wish ?? true
    }

    /// Waits, but not beyond the time to stop; a stop that is asked for ends the wait at once, and so does a batch with a
    /// higher number than `seen`.
    func pause(until: UInt64, behind seen: UInt64? = nil) {
        let wasStopping = monitor.withLock { $0.stopAt != nil }
        let now = SystemClock.monotonicNanos()
        // While stopping, attempts follow each other closely: there are only seconds left.
        let deadline = wasStopping ? min(until, now &+ 200_000_000) : until
        if deadline <= now { return }
        _ = monitor.wait(until: deadline) { state -> Bool? in
            if let seen, state.spooled > seen { return true }
            if state.next != nil { return true }
            return state.stopAt != nil && !wasStopping ? true : nil
        }
    }
}
