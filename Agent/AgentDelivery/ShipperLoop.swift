import AgentPipeline
import Diagnostics
import LogModel
import Journal
import SystemIO
import Workers

/// What the shipper's thread does. Everything here belongs to that thread.
final class ShipperLoop {
    private let parts: Shipper.Parts
    private let monitor: Monitor<Shipper.State>
    private let rejected: RejectedBatches
    private var lastSave: UInt64 = 0
    private var lagHint = "normal"
    private var schedule: HeartbeatSchedule
    /// The first batch that was not acknowledged when the shipper began.
    private let firstUnacknowledged: UInt64
    private var drops = DropLog()
    /// Damages of the spool that have been looked at.
    private var seenDamages = 0
    /// Whether the last attempt got an answer; where there is none, a heartbeat gets none either.
    private var isReached = true

    /// How often the registry is written while batches are delivered.
    private static let saveInterval: UInt64 = 1_000_000_000
    /// The same while the spool is filling up: reading may be waiting for room.
    private static let urgentSaveInterval: UInt64 = 50_000_000

    init(_ parts: Shipper.Parts, _ monitor: Monitor<Shipper.State>) {
        self.parts = parts
        self.monitor = monitor
        rejected = RejectedBatches(parts.rejectedDirectory)
        firstUnacknowledged = parts.registry.content.acknowledged + 1
        schedule = HeartbeatSchedule(interval: ShipperLoop.nanoseconds(parts.heartbeatInterval))
    }

    func run() {
        defer {
            save(always: true)
            monitor.withLock { $0.hasEnded = true }
            monitor.broadcast()
        }
        let transport: any BatchTransport
        do {
            transport = try parts.makeTransport()
        } catch {
            parts.log.error("delivery cannot start", ("reason", "\(error)"))
            return
        }
        ship(by: transport)
        noteLosses()
        if parts.leavesAtEnd, monitor.withLock({ $0.acknowledged >= $0.spooled }) {
            beat(nil, by: transport, isLeaving: true)
        }
    }

    private func ship(by transport: any BatchTransport) {
        let reader = parts.spool.reader(from: parts.registry.content.acknowledged + 1)
        while !isOver() {
            do throws(SpoolError) {
                let next = try parts.spool.next(reader) { position, reason in
                    parts.metrics.unreadable.add()
                    parts.log.error("a spooled batch is not understood", ("position", position), ("reason", reason))
                }
                guard let batch = next else {
                    // Numbers that were passed over, for damage, count as done: nobody can send them.
                    acknowledge(upTo: reader.position - 1, nil)
                    save(always: false)
                    beatIfDue(nil, by: transport)
                    if !waitForBatches(behind: reader.position) { return }
                    continue
                }
                if !deliver(batch, by: transport) { return }
                acknowledge(upTo: batch.position, batch)
                save(always: false)
            } catch {
                parts.log.error("the spool cannot be read, trying again", ("reason", error))
                pause(.seconds(1))
            }
        }
    }

    /// Sends a batch until it is delivered or put aside.
    ///
    /// - Returns: false when the time to stop has come first.
    private func deliver(_ batch: SpoolRecord, by transport: any BatchTransport) -> Bool {
        var policy = DeliveryPolicy()
        while true {
            beatIfDue(batch, by: transport)
            let outcome = transport.send(batch) { !isOver() }
            if case .unreachable = outcome { isReached = false } else { isReached = true }
            switch policy.step(after: outcome, chance: UInt64.random(in: .min ... .max)) {
            case .advance:
                schedule.delivered(now: SystemClock.monotonicNanos())
                note(outcome, batch)
                return true
            case .setAside(let reason):
                if setAside(batch, reason) {
                    // Those of a batch that cannot be read back either are in the log.
                    if let events = try? batch.decoded() { drops.note(events, reason: "rejected") }
                    return true
                }
                pause(DeliveryPolicy.longestWait)
            case .hold(let wait, let reason):
                if isOver() { return false }
                parts.metrics.retries.add()
                report(reason, wait, batch)
                save(always: false)
                rest(wait, batch, by: transport)
            }
            if isOver() { return false }
        }
    }

    private func note(_ outcome: DeliveryOutcome, _ batch: SpoolRecord) {
        guard case .accepted(_, let told, let isDuplicate, let hint) = outcome else { return }
        // An answer may say anything.
        let failed = min(max(0, told), batch.events)
        parts.metrics.batches.add()
        parts.metrics.events.add(batch.events - failed)
        if isDuplicate { parts.metrics.duplicates.add() }
        if failed > 0 {
            parts.metrics.failedEvents.add(failed)
            parts.log.warn(
                "the collector did not take some events", ("failed", failed), ("of", batch.events),
                ("sequence", batch.sequence), ("see", "the collector's dead letters"))
        }
        if hint != lagHint {
            lagHint = hint
            parts.log.info("the collector tells its load", ("lag", hint))
        }
    }

    private func report(_ reason: HoldReason, _ wait: Duration, _ batch: SpoolRecord) {
        let (seconds, attoseconds) = wait.components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        switch reason {
        case .unreachable(let text):
            parts.log.warn("collector not reached, trying again", ("reason", text), ("wait_ms", milliseconds))
        case .busy(let status, let title):
            parts.log.warn(
                "collector has no time, trying again", ("status", status), ("reason", title), ("wait_ms", milliseconds))
        case .misdirected(let status, let title):
            parts.log.error(
                "batches are held: check the collector's address and key", ("status", status), ("reason", title),
                ("wait_ms", milliseconds))
        case .rejected(let status, let title):
            parts.log.error(
                "the collector refuses a batch", ("status", status), ("reason", title), ("sequence", batch.sequence),
                ("events", batch.events), ("wait_ms", milliseconds))
        }
    }

    private func setAside(_ batch: SpoolRecord, _ reason: String) -> Bool {
        do throws(IOError) {
            if let path = try rejected.put(batch, reason: reason) {
                parts.metrics.setAside.add()
                parts.log.error(
                    "a refused batch was put aside", ("file", path), ("events", batch.events), ("reason", reason))
                return true
            }
            parts.log.error(
                "a refused batch is held: there is no room for more", ("directory", parts.rejectedDirectory),
                ("reason", reason))
        } catch {
            parts.log.error("a refused batch is held: it cannot be put aside", ("reason", error.description))
        }
        return false
    }

    private func acknowledge(upTo position: UInt64, _ batch: SpoolRecord?) {
        if position > parts.registry.content.acknowledged || batch != nil {
            parts.registry.acknowledge(position, batch?.progress ?? [])
        }
        monitor.withLock { $0.acknowledged = max($0.acknowledged, position) }
        monitor.broadcast()
    }

    /// Writes the registry and lets go of what the spool need not keep.
    private func save(always: Bool) {
        let now = SystemClock.monotonicNanos()
        if !always && now &- lastSave < saveInterval { return }
        lastSave = now
        do throws(IOError) { try parts.registry.save() } catch {
            parts.log.error("the registry cannot be written, trying again", ("reason", error.description))
            return
        }
        do throws(SpoolError) { try parts.spool.release(before: parts.registry.acknowledgedForGood + 1) } catch {
            parts.log.error("the spool cannot be trimmed, trying again", ("reason", error.description))
        }
    }

    private var saveInterval: UInt64 {
        let isFilling = parts.spool.bytes > parts.spool.limitBytes / 2
        return isFilling ? ShipperLoop.urgentSaveInterval : ShipperLoop.saveInterval
    }

    // MARK: Heartbeats

    /// Says how the agent is, when it is time. Whatever becomes of it changes nothing for the batches.
    ///
    /// - Parameters:
    ///   - waiting: the oldest batch that the collector has not; nil when it has all.
    ///   - transport: how it is sent.
    private func beatIfDue(_ waiting: SpoolRecord?, by transport: any BatchTransport) {
        noteLosses()
        guard isReached,
            schedule.isDue(
                now: SystemClock.monotonicNanos(), hasBacklog: waiting != nil, hasDrops: !drops.entries.isEmpty)
        else { return }
        beat(waiting, by: transport, isLeaving: false)
    }

    /// Notes what was never read, and what the spool has lost before it was delivered.
    private func noteLosses() {
        let losses = monitor.withLock { state in
            defer { state.losses = [] }
            return state.losses
        }
        for loss in losses { drops.note(loss) }
        let damages = parts.spool.directory.damages
        for damage in damages.dropFirst(seenDamages) where !damage.isTornTail && !damage.lost.isEmpty {
            guard damage.lost.upperBound > firstUnacknowledged else { continue }
            let end = damage.notAfter ?? SystemClock.wallNanos()
            // Batches are spooled a moment after their lines were read; what the lines say nobody knows.
            let start = min(damage.notBefore ?? end, end)
            drops.note(
                DropLog.Loss(
                    reason: "spool_damaged", bytes: damage.length,
                    times: Timestamp(nanoseconds: start)...Timestamp(nanoseconds: end)))
        }
        seenDamages = damages.count
    }

    private func beat(_ waiting: SpoolRecord?, by transport: any BatchTransport, isLeaving: Bool) {
        drops.willSend()
        let content = parts.registry.content
        let heartbeat = AgentHeartbeat(
            agent: content.agent, epoch: content.epoch, version: parts.version,
            oldestUnacknowledged: waiting.flatMap { try? $0.decoded() }?.timeBounds?.lowerBound,
            spooledBytes: parts.spool.bytes, isLeaving: isLeaving, drops: drops.entries)
        let taken = transport.beat(heartbeat) { !isOver() }
        schedule.sent(now: SystemClock.monotonicNanos(), hasBacklog: waiting != nil, isTaken: taken != nil)
        guard let taken else { return }
        parts.metrics.heartbeats.add()
        drops.acknowledged(upTo: taken)
    }

    // MARK: Waiting

    /// Waits as ``pause(_:)`` does, and says meanwhile that the agent is there.
    private func rest(_ wait: Duration, _ batch: SpoolRecord, by transport: any BatchTransport) {
        var left = wait
        while left > .zero {
            let part = min(left, parts.heartbeatInterval)
            pause(part)
            left -= part
            if monitor.withLock({ $0.stopAt != nil }) { return }
            if left > .zero { beatIfDue(batch, by: transport) }
        }
    }

    private static func nanoseconds(_ duration: Duration) -> UInt64 {
        let (seconds, attoseconds) = duration.components
        return UInt64(max(0, seconds)) &* 1_000_000_000 &+ UInt64(max(0, attoseconds / 1_000_000_000))
    }

    private func isOver() -> Bool {
        monitor.withLock { state in state.stopAt.map { SystemClock.monotonicNanos() >= $0 } ?? false }
    }

    /// - Returns: false when it is time to end: nothing is left and a stop was asked for.
    private func waitForBatches(behind position: UInt64) -> Bool {
        // Relocations and forgotten files are written even when nothing is delivered.
        let deadline = SystemClock.monotonicNanos() + saveInterval
        let wish = monitor.wait(until: deadline) { state -> Bool? in
            if state.spooled >= position { return true }
            return state.stopAt == nil ? nil : false
        }
        return wish ?? true
    }

    /// Waits, but not beyond the time to stop; a stop that is asked for ends the wait at once.
    private func pause(_ wait: Duration) {
        let nanoseconds = Self.nanoseconds(wait)
        let wasStopping = monitor.withLock { $0.stopAt != nil }
        // While stopping, attempts follow each other closely: there are only seconds left.
        let limit = wasStopping ? min(nanoseconds, 200_000_000) : nanoseconds
        _ = monitor.wait(until: SystemClock.monotonicNanos() &+ limit) { state -> Bool? in
            state.stopAt != nil && !wasStopping ? true : nil
        }
    }
}
