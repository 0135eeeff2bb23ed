import AgentPipeline
import Diagnostics
import LogModel
import SystemIO
import Workers

/// What the collector does not take: it is kept, and counted in the ledger.
extension ShipperLoop {
    /// Keeps events that the collector did not take, and counts them as dropped.
    func keep(_ rejected: [RejectedEvent], failed: Int, _ waiting: WaitingBatch) {
        let batch = waiting.record
        let events = try? batch.decoded()
        do {
            if let events { try rejectedEvents.put(rejected, of: events, batch) }
        } catch {
            parts.log.error("rejected events cannot be kept", ("events", failed), ("reason", "\(error)"))
        }
        // The answer names the first of many; those that it does not name have the level that most have.
        var counts = [Int](repeating: 0, count: Level.allCases.count)
        let levels = events?.levels ?? []
        let named = rejected.prefix(failed).filter { levels.indices.contains($0.index) }
        for event in named { counts[Int(min(levels[event.index], Level.fatal.rawValue))] += 1 }
        let summary = batch.summary().levels
        let usual = summary.max { $0.events < $1.events }?.level ?? .unknown
        counts[Int(usual.rawValue)] += failed - named.count
        let now = Timestamp(nanoseconds: SystemClock.wallNanos())
        let times = events?.timeBounds ?? now...now
        let notes = Level.allCases.filter { counts[Int($0.rawValue)] > 0 }.map { level in
            DropNote(level: level, reason: "rejected", events: counts[Int(level.rawValue)], times: times)
        }
        do throws(SpoolError) { tell(try parts.spool.note(notes, voids: waiting.void)) } catch {
            parts.log.error("rejected events cannot be counted, trying again", ("reason", error))
            monitor.withLock { state in
                for note in notes { state.losses.add(note) }
                state.voids += waiting.void
            }
        }
    }

    /// Keeps a batch that the collector does not take as a file, and counts it as dropped.
    ///
    /// - Returns: false when that cannot be: the batch is held.
    func setAside(_ waiting: WaitingBatch, _ reason: String) -> Bool {
        let batch = waiting.record
        do {
            if let path = try rejected.put(batch, reason: reason) {
                var tally = DropTally(reason: "rejected")
                let summary = batch.summary()
                tally.add(levels: summary.levels, shares: summary.shares)
                // With the same entry the batch is done: it is not sent again after a crash, nor counted.
                tell(try parts.spool.note(tally.sorted(), voids: waiting.void))
                parts.metrics.setAside.add()
                parts.log.error(
                    "a refused batch was put aside", ("file", path), ("events", batch.events), ("reason", reason))
                return true
            }
            parts.log.error(
                "a refused batch is held: there is no room for more", ("directory", parts.rejectedDirectory),
                ("reason", reason))
        } catch {
            parts.log.error("a refused batch is held: it cannot be put aside", ("reason", "\(error)"))
        }
        return false
    }
}
