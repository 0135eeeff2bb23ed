import AgentPipeline
import Diagnostics
import LogModel
import SystemIO
import Workers

/// What the shipper's thread does. Everything here belongs to that thread.
final class ShipperLoop {
    let parts: Shipper.Parts
    let monitor: Monitor<Shipper.State>
    let queue: SpoolQueue
    var collectors: [Shipper.Collector]
    var schedule: HeartbeatSchedule
    var drops = DropLog()
    /// The collector that has answered last; where none does, a heartbeat gets no answer either.
    var reached: Int? = 0
    let rejected: RejectedBatches
    let rejectedEvents: RejectedEvents
    private var choice: CollectorChoice
    private var turns = LaneTurns()
    private var pace: SendPace?
    private var policies: [DeliveryPolicy]
    private var attempts: [Lane: BatchAttempt] = [:]
    private var lastSave: UInt64 = 0
    private var lastUsed: Int?
    /// When each collector has taken a batch last.
    private var tookAt: [UInt64]
    /// Damages of the spool's journals that have been looked at, by ``Lane/index``, then of its ledger.
    var seenDamages = [Int](repeating: 0, count: Lane.inOrder.count + 1)
    /// When losses are put into the ledger again.
    var lossesDue: UInt64 = 0

    /// How often the registry is written while batches are delivered.
    private static let saveInterval: UInt64 = 1_000_000_000
    /// The same while the spool is filling up: reading may be waiting for room.
    private static let urgentSaveInterval: UInt64 = 50_000_000

    init(_ parts: Shipper.Parts, _ monitor: Monitor<Shipper.State>) {
        self.parts = parts
        self.monitor = monitor
        let content = parts.registry.content
        let (metrics, log) = (parts.metrics, parts.log)
        queue = SpoolQueue(parts.spool, behind: content.cursors) { lost in
            metrics.unreadable.add()
            log.error(
                "spooled batches cannot be sent", ("lane", "\(lost.lane)"), ("position", lost.numbers.lowerBound),
                ("through", lost.numbers.upperBound), ("reason", lost.reason))
            monitor.withLock { state in
                state.losses.add(DropNote(damaged: lost.bytes, from: lost.arrived, to: lost.arrived))
                state.voids += [LedgerEntry.Void](lost.lane, lost.numbers)
            }
        }
        rejected = RejectedBatches(parts.rejectedDirectory)
        rejectedEvents = RejectedEvents(parts.rejectedDirectory)
        collectors = parts.destination.collectors
        pace = parts.destination.sendRate.map { SendPace(rate: $0) }
        choice = CollectorChoice(agent: content.agent, count: collectors.count)
        policies = Array(repeating: DeliveryPolicy(), count: collectors.count)
        tookAt = Array(repeating: 0, count: collectors.count)
        schedule = HeartbeatSchedule(interval: ShipperLoop.nanoseconds(parts.heartbeatInterval))
        reached = choice.preferred
    }

    func run() {
        defer {
            save(always: true)
            monitor.withLock { $0.hasEnded = true }
            monitor.broadcast()
        }
        var transports: [any BatchTransport]
        do {
            transports = try collectors.map { try $0.makeTransport() }
        } catch {
            parts.log.error("delivery cannot start", ("reason", "\(error)"))
            return
        }
        ship(by: &transports)
        noteLosses(always: true)
        // Without them the last heartbeat says less; the ledger tells the rest another time.
        do throws(SpoolError) { try settle() } catch {
            parts.log.error("the spool cannot be read", ("reason", error))
        }
        if parts.leavesAtEnd, monitor.withLock({ $0.isDrained }) {
            beat(nil, by: transports, isLeaving: true)
            // What this one has told is not told again by the next run.
            try? settle()
        }
    }

    private func ship(by transports: inout [any BatchTransport]) {
        while !isOver() {
            replaceCollectors(&transports)
            noteLosses()
            do throws(SpoolError) {
                try settle()
                save(always: false)
                if try !step(transports) { return }
            } catch {
                parts.log.error("the spool cannot be read, trying again", ("reason", error))
                pause(until: SystemClock.monotonicNanos() &+ 1_000_000_000)
            }
        }
    }

    private func replaceCollectors(_ transports: inout [any BatchTransport]) {
        let destination = monitor.withLock { state in
            defer { state.next = nil }
            return state.next
        }
        guard let destination else { return }
        let wanted = destination.collectors
        do { transports = try wanted.map { try $0.makeTransport() } } catch {
            parts.log.error("the new collectors cannot be used, those before stay", ("reason", "\(error)"))
            return
        }
        // A batch that one of them may have goes to that one first, wherever it stands now.
        let places = collectors.map { known in wanted.firstIndex { $0.name == known.name } }
        for lane in attempts.keys { attempts[lane]?.move(places) }
        lastUsed = lastUsed.flatMap { places[$0] }
        collectors = wanted
        pace = destination.sendRate.map { SendPace(rate: $0) }
        choice = CollectorChoice(agent: parts.registry.content.agent, count: wanted.count)
        policies = Array(repeating: DeliveryPolicy(), count: wanted.count)
        tookAt = Array(repeating: 0, count: wanted.count)
        reached = choice.preferred
    }

    /// Sends one batch, or waits.
    ///
    /// - Returns: false when it is time to end: nothing is left and a stop was asked for.
    private func step(_ transports: [any BatchTransport]) throws(SpoolError) -> Bool {
        let seen = monitor.withLock { $0.spooled }
        let isHurried = monitor.withLock { $0.stopAt != nil }
        var waitUntil: UInt64?
        var isOnlyBatch = false
        var oldest: SpoolRecord?
        for lane in turns.order {
            guard let batch = try queue.first(in: lane) else { continue }
            oldest = oldest ?? batch.record
            let now = SystemClock.monotonicNanos()
            if let ready = pace?.readyAt, ready > now {
                waitUntil = ready
                isOnlyBatch = false
                break
            }
            if attempts[lane]?.position != batch.record.position { attempts[lane] = nil }
            let restsUntil = attempts[lane]?.restsUntil ?? 0
            if restsUntil > now, !isHurried {
                waitUntil = min(waitUntil ?? .max, restsUntil)
                isOnlyBatch = true
                continue
            }
            switch choice.choose(now: now, only: attempts[lane]?.only(now: now), isHurried: isHurried) {
            case .wait(let until): waitUntil = min(waitUntil ?? .max, until)
            case .use(let index):
                beatIfDue(batch.record, by: transports)
                // Where the disk does not take it, what a crash forgets is sent again all the same; only what is counted
                // as dropped after that is less exact.
                if queue.needsSave(batch, saved: parts.registry.savedCursors) { save(always: true) }
                guard let mayBeStored = queue.begin(batch) else { return true }
                var attempt =
                    attempts[lane] ?? BatchAttempt(position: batch.record.position, mayBeStored: mayBeStored)
                use(index, for: attempt)
                let outcome = transports[index].send(batch.record) { goesOn() }
                if outcome.wasOnTheLine {
                    pace?.sent(batch.record.payload.count - batch.record.bodyStart, from: now)
                }
                try take(outcome, of: batch, from: index, &attempt)
                return true
            }
        }
        beatIfDue(oldest, by: transports)
        if let waitUntil {
            rest(until: waitUntil, behind: isOnlyBatch ? seen : nil, oldest, by: transports)
            return true
        }
        return waitForBatches(behind: seen)
    }

    private func use(_ index: Int, for attempt: BatchAttempt) {
        if attempt.mayBeStored, let last = lastUsed, last != index { parts.metrics.possibleDuplicates.add() }
        if let last = lastUsed, last != index {
            parts.metrics.failovers.add()
            parts.log.warn(
                "batches go to another collector", ("from", collectors[last].name),
                ("to", collectors[index].name))
        }
        lastUsed = index
    }

    private func take(
        _ outcome: DeliveryOutcome, of batch: WaitingBatch, from index: Int, _ attempt: inout BatchAttempt
    ) throws(SpoolError) {
        let now = SystemClock.monotonicNanos()
        turns.tried(batch.lane)
        if case .unreachable = outcome {
            if reached == index { reached = nil }
        } else {
            reached = index
        }
        if outcome.isUncertain { attempt.isUncertain(at: index, now: now) }
        let chance = UInt64.random(in: .min ... .max)
        // Where others got through since, it is this batch that something on the way stops.
        let isStopped = !outcome.isFromCollector && attempt.failedAt ?? .max < tookAt[index]
        let isAboutBatch = outcome.isAboutBatch || isStopped
        let step =
            isAboutBatch
            ? attempt.policy.step(after: outcome, chance: chance)
            : policies[index].step(after: outcome, chance: chance)
        switch step {
        case .advance:
            choice.took(index)
            tookAt[index] = now
            heard(from: index)
            schedule.delivered()
            note(outcome, batch)
            finish(batch)
        case .setAside(let reason):
            if setAside(batch, reason) { return finish(batch) }
            attempt.restsUntil = now &+ Self.nanoseconds(DeliveryPolicy.longestWait)
            attempts[batch.lane] = attempt
        case .hold(let wait, let reason):
            if !attempt.mayBeStored { queue.abandon(batch) }
            parts.metrics.retries.add()
            let until = now &+ Self.nanoseconds(wait)
            attempt.failedAt = now
            if isAboutBatch { attempt.restsUntil = until } else { choice.rest(index, until: until) }
            attempts[batch.lane] = attempt
            if isOver() { return }
            report(reason, wait, batch.record, collectors[index].name)
            // While stopping nothing rests: without a pause it would be tried as fast as it fails.
            if monitor.withLock({ $0.stopAt != nil }) { pause(until: min(until, now &+ 200_000_000)) }
        }
    }

    private func finish(_ batch: WaitingBatch) {
        attempts[batch.lane] = nil
        queue.finish(batch)
        // What an earlier version has spooled tells itself how far its files are dealt with.
        if batch.lane == .old { parts.registry.acknowledge(batch.record.progress) }
    }

    func tell(_ entry: UInt64) {
        monitor.withLock { $0.spooled = max($0.spooled, entry) }
    }

    /// Writes the registry and lets go of what the spool need not keep.
    private func save(always: Bool) {
        let now = SystemClock.monotonicNanos()
        if !always && now &- lastSave < saveInterval { return }
        lastSave = now
        // What is passed over as lost must be in the ledger before the registry says that it is dealt with.
        noteLosses(always: true)
        do throws(IOError) { try parts.registry.save() } catch {
            parts.log.error("the registry cannot be written, trying again", ("reason", error.description))
            return
        }
        do throws(SpoolError) { try parts.spool.release(before: parts.registry.cursorsForGood) } catch {
            parts.log.error("the spool cannot be trimmed, trying again", ("reason", error.description))
        }
    }

    var saveInterval: UInt64 {
        let isFilling = parts.spool.bytes > parts.spool.limitBytes / 2
        return isFilling ? ShipperLoop.urgentSaveInterval : ShipperLoop.saveInterval
    }
}
