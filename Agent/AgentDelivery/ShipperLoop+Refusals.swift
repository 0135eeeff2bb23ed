import AgentPipeline
import Diagnostics
import LogModel

/// What the collector does not take: it is kept, and counted in the ledger.
extension ShipperLoop {
    /// Keeps events that the collector did not take, and counts them as dropped.
    func keep(_ rejected: [RejectedEvent], failed: Int, _ batch: SpoolRecord) {
        do {
            let events = try batch.decoded()
            try rejectedEvents.put(rejected, of: events, batch)
            // The answer names the first of many; those that it does not name have the level that most have.
            var counts = [Int](repeating: 0, count: Level.allCases.count)
            let named = rejected.prefix(failed).filter { events.levels.indices.contains($0.index) }
            for event in named { counts[Int(events.levels[event.index])] += 1 }
            let summary = batch.summary().levels
            let usual = summary.max { $0.events < $1.events }?.level ?? .unknown
            counts[Int(usual.rawValue)] += failed - named.count
            guard let times = events.timeBounds else { return }
            let notes = Level.allCases.filter { counts[Int($0.rawValue)] > 0 }.map { level in
                DropNote(level: level, reason: "rejected", events: counts[Int(level.rawValue)], times: times)
            }
            tell(try parts.spool.note(notes))
        } catch {
            parts.log.error("rejected events cannot be kept", ("events", failed), ("reason", "\(error)"))
        }
    }

    /// Keeps a batch that the collector does not take as a file, and counts it as dropped.
    ///
    /// - Returns: false when that cannot be: the batch is held.
    func setAside(_ batch: SpoolRecord, _ reason: String) -> Bool {
        do {
            if let path = try rejected.put(batch, reason: reason) {
                var tally = DropTally(reason: "rejected")
                let summary = batch.summary()
                tally.add(levels: summary.levels, shares: summary.shares)
                tell(try parts.spool.note(tally.sorted()))
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
