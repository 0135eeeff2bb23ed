import AgentPipeline
import Diagnostics
import Journal
import SystemIO
import Workers

/// What is done, and what is told of it.
extension ShipperLoop {
    /// Takes over what is done, entry by entry of the ledger.
    func settle() throws(SpoolError) {
        var applied = parts.registry.content.cursors.ledger
        try queue.settle { number, progress in
            applied = number
            parts.registry.acknowledge(progress)
        }
        drops.saved(through: parts.spool.toldForGood())
        while let (number, notes) = try queue.nextReport(), drops.take(number, notes) { queue.passReport() }
        let reported = drops.reported(taken: queue.reportsPassed)
        let lanes = parts.spool.laneCursors
        parts.registry.move { cursors in
            cursors.ledger = max(cursors.ledger, applied)
            cursors.reported = max(cursors.reported, reported)
            cursors.lanes = zip(cursors.lanes, lanes.lanes).map { max($0, $1) }
            cursors.old = max(cursors.old, lanes.old)
        }
        let hasOld = parts.spool.hasOld
        monitor.withLock { state in
            state.acknowledged = max(state.acknowledged, applied)
            state.hasOld = hasOld
        }
        monitor.broadcast()
    }

    /// How often losses are put into the ledger.
    static let lossInterval: UInt64 = 1_000_000_000

    /// Puts what was never read, and what the spool has lost before it was delivered, into the ledger, which tells it.
    ///
    /// - Parameter always: whether to do so also when that was a moment ago.
    func noteLosses(always: Bool = false) {
        let now = SystemClock.monotonicNanos()
        if !always, now < lossesDue { return }
        lossesDue = now &+ Self.lossInterval
        let isLedgerDamaged = lookForDamages()
        let (losses, voids) = monitor.withLock { state in
            defer { state.voids = [] }
            return (state.losses.take(), state.voids)
        }
        if losses.isEmpty { return }
        do throws(SpoolError) {
            tell(try parts.spool.note(losses, voids: voids))
            // Without what is damaged, the next start does not find it once more.
            if isLedgerDamaged { try parts.spool.summarize(SystemClock.wallNanos()) }
        } catch {
            parts.log.error("losses cannot be noted, trying again", ("reason", error))
            monitor.withLock { state in
                for loss in losses { state.losses.add(loss) }
                state.voids += voids
            }
        }
    }

    /// Takes over what the journals of the spool have found damaged.
    ///
    /// - Returns: whether the ledger is among them.
    private func lookForDamages() -> Bool {
        let spool = parts.spool
        for lane in Lane.inOrder {
            guard let journal = spool.journal(lane) else { continue }
            for damage in unseen(journal, lane.index) where spool.isNew(damage, in: lane) {
                monitor.withLock { state in
                    state.losses.add(DropNote(damage))
                    state.voids += [LedgerEntry.Void](lane, damage.lost.lowerBound...damage.lost.upperBound - 1)
                }
            }
        }
        // What entries said was dropped is lost with them.
        let found = unseen(spool.ledger.directory, Lane.inOrder.count).filter { spool.isNewInLedger($0) }
        for damage in found { monitor.withLock { $0.losses.add(DropNote(damage)) } }
        return !found.isEmpty
    }

    private func unseen(_ journal: JournalDirectory, _ place: Int) -> ArraySlice<JournalDamage> {
        let damages = journal.damages
        defer { seenDamages[place] = damages.count }
        return damages.dropFirst(seenDamages[place])
    }

    /// Counts what a collector has taken, and what of it it has not.
    func note(_ outcome: DeliveryOutcome, _ waiting: WaitingBatch) {
        let batch = waiting.record
        guard case .accepted(_, let told, let isDuplicate, let hint, let rejected) = outcome else { return }
        // An answer may say anything.
        let failed = min(max(0, told), batch.events)
        parts.metrics.batches.add()
        parts.metrics.events.add(batch.events - failed)
        parts.metrics.bytes.add(batch.payload.count - batch.bodyStart)
        if isDuplicate { parts.metrics.duplicates.add() }
        if failed > 0 {
            parts.metrics.failedEvents.add(failed)
            parts.log.warn(
                "the collector did not take some events", ("failed", failed), ("of", batch.events),
                ("sequence", batch.sequence), ("see", "\(rejectedEvents.path) and the collector's dead letters"))
            keep(rejected, failed: failed, waiting)
        }
        if monitor.withLock({ $0.lag.hear(hint, now: SystemClock.monotonicNanos()) }) {
            parts.log.info("the collector tells its load", ("lag", hint))
        }
    }
}
