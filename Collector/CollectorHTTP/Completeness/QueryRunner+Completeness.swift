import AgentTracking
import GapTracking
import LogModel
import QueryEngine
import SegmentCatalog
import StoreEngine
import StoreFormat

extension QueryRunner {
    /// How a client gets what a limit has left out.
    enum Continuation: Sendable {
        /// Not by this answer: by asking for less.
        case nowhere
        /// By the next page.
        case cursor
        /// By going on with the stream.
        case resume

        func advice(_ reason: SkippedTimes.Reason) -> String {
            let next =
                switch self {
                case .nowhere: ""
                case .cursor: "go on with next_cursor, or "
                case .resume: "go on with resume, or "
                }
            switch reason {
            case .time: return next + "give it a longer timeout, or narrow the time range or the filter"
            case .rows: return next + "narrow the time range"
            }
        }
    }

    /// Over which times the answer to a query has all events.
    ///
    /// - Parameters:
    ///   - job: the query.
    ///   - summary: what it did.
    ///   - goesOn: how a client gets what a limit has left out.
    ///   - done: the times that have been looked at so far; nil for all that is asked for.
    /// - Returns: the times, and the reasons where not.
    func completeness(
        _ job: Job, _ summary: ExecutionSummary, goesOn: Continuation = .nowhere, over done: ClosedRange<Int64>? = nil
    ) -> Completeness {
        var asked = asked(job)
        if let done { asked = asked.flatMap { $0.overlaps(done) ? $0.clamped(to: done) : nil } }
        var result = Completeness(asked: asked)
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
                    .gap(
                        id: gap.id, agent: gap.agent, events: gap.events, level: gap.level, reason: gap.reason,
                        bytes: gap.bytes, source: gap.source),
                    gap.times)
            }
        }
        if let asked = result.asked {
            for gap in gaps.gaps(within: asked) { result.add(.lost(gap), gap.loss.times) }
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
            let advice = goesOn.advice(skipped.reason)
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
