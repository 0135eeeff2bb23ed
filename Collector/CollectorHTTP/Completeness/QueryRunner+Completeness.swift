import AgentTracking
import LogModel
import QueryEngine
import SegmentCatalog
import StoreEngine
import StoreFormat

extension QueryRunner {
    /// Over which times the answer to a query has all events.
    ///
    /// - Parameters:
    ///   - job: the query.
    ///   - summary: what it did.
    /// - Returns: the times, and the reasons where not.
    func completeness(_ job: Job, _ summary: ExecutionSummary) -> Completeness {
        var result = Completeness(asked: asked(job))
        if let asked = result.asked {
            let missing = agents.missing(within: asked)
            for agent in missing.late {
                result.add(
                    .agentLate(
                        name: agent.name, behindNanos: agent.behindNanos,
                        lastSeen: Timestamp(nanoseconds: agent.lastContact), isSilent: agent.isSilent),
                    agent.from...Int64.max)
            }
            for gap in missing.gaps {
                result.add(
                    .gap(id: gap.id, agent: gap.agent, events: gap.events, level: gap.level, reason: gap.reason),
                    gap.times)
            }
        }
        for segment in summary.missing {
            result.add(
                .unreadable(
                    segment: segment.name, tier: segment.tier, events: segment.rowCount, cause: segment.reason),
                segment.times)
        }
        let segments = summary.unreadable.isEmpty ? [] : store.ledger.segments.live
        for block in summary.unreadable {
            let position = RowID.position(of: block.ids.lowerBound)
            let segment = segments.first { $0.record.positions.contains(position) }?.record
            result.add(
                .unreadable(
                    segment: segment?.name, tier: segment?.tier.rawValue, events: block.rowCount, cause: block.reason),
                block.times)
        }
        if let skipped = summary.skipped {
            let advice =
                switch skipped.reason {
                case .time: "go on with next_cursor, give it a longer timeout, or narrow the time range or the filter"
                case .rows: "go on with next_cursor, or narrow the time range"
                }
            for interval in skipped.intervals {
                result.add(.limit(skipped.reason.rawValue, advice: advice), interval)
            }
        }
        if summary.hasUnplacedGaps {
            result.add(.limit("part", advice: summary.gaps.prefix(8).joined(separator: "; ")), nil)
        }
        return result
    }

    /// The times that an answer is about: with a cursor those behind it. Nil when there are none.
    private func asked(_ job: Job) -> ClosedRange<Int64>? {
        guard let times = times(asked: job) else { return nil }
        guard let after = job.after else { return times }
        switch job.order {
        case .newestFirst:
            return times.lowerBound <= after.time ? times.lowerBound...min(times.upperBound, after.time) : nil
        case .oldestFirst:
            return after.time <= times.upperBound ? max(times.lowerBound, after.time)...times.upperBound : nil
        case .any: return times
        }
    }
}
