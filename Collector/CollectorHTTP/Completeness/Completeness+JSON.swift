import GapTracking
package import LineFormats
import LogModel

extension Completeness {
    /// The member `completeness` of answers. Of times, `to` is not included, and an open end is null.
    package var document: JSONValue {
        var members: [JSONValue.Member] = [
            .init("complete", .bool(isComplete)), .init("asked", asked.map { .object(Self.times($0)) } ?? .null),
            .init("complete_over", .array(intervals.map { .object(Self.times($0)) })),
            .init("reasons", .array(reasons.map { .object(Self.members($0)) })),
        ]
        if !unnamed.isEmpty { members.append(.init("unnamed_reasons", .integer(unnamed.values.reduce(0, +)))) }
        return .object(members)
    }

    /// For a header: `complete`, or how many reasons there are of which kind, as `not_arrived=2, dropped=1`.
    package var summary: String {
        if isComplete { return "complete" }
        return Kind.allCases.filter { count($0) > 0 }.map { "\($0.rawValue)=\(count($0))" }.joined(separator: ", ")
    }

    /// Sentences for people about agents, of which queries know nothing.
    var agentSentences: [String] {
        var sentences: [String] = []
        for reason in reasons {
            guard case .agentLate(let name, _, let lastSeen, let isSilent) = reason.cause else { continue }
            let from = Timestamp(nanoseconds: reason.times.lowerBound)
            let others = count(.notArrived) - 1
            sentences.append(
                "events of agent \(name) from \(from) on may not have arrived: it "
                    + (isSilent ? "was last heard of at \(lastSeen)" : "says that it is behind")
                    + (others > 0 ? "; and \(others) more agents are late" : ""))
            break
        }
        for reason in reasons {
            guard let sentence = Self.sentence(reason.cause) else { continue }
            let others = count(.dropped) - 1
            sentences.append(sentence + (others > 0 ? "; and there are \(others) more gaps" : ""))
            break
        }
        return sentences
    }

    /// What is said of a gap.
    private static func sentence(_ cause: Cause) -> String? {
        switch cause {
        case .gap(let id, let agent, let events, _, let why, _, let source):
            if events > 0 { return "\(events) events of agent \(agent) were not delivered (\(why), gap \(id))" }
            let place = source.isEmpty ? "what it had to read" : source
            return "agent \(agent) may not have read all of \(place) (\(why), gap \(id))"
        case .lost(let gap):
            let agent = gap.loss.agent.isEmpty ? "" : " of agent \(gap.loss.agent)"
            switch gap.loss.kind {
            case .deadLetters:
                return "\(gap.loss.events) events\(agent) were not taken (\(gap.loss.reason), gap \(gap.id)): see the "
                    + "dead letters"
            case .journal: return "records of the journal\(agent) are lost (\(gap.loss.reason), gap \(gap.id))"
            }
        default: return nil
        }
    }

    private static func members(_ reason: Reason) -> [JSONValue.Member] {
        var members = [JSONValue.Member("kind", .string(reason.cause.kind.rawValue))] + times(reason.times)
        switch reason.cause {
        case .agentLate(let name, let behindNanos, let lastSeen, let isSilent):
            members += [
                .init("agent", .string(name)), .init("behind_ms", .integer(behindNanos / 1_000_000)),
                .init("last_seen", .string(lastSeen.description)), .init("silent", .bool(isSilent)),
            ]
        case .gap(let id, let agent, let events, let level, let why, let bytes, let source):
            members += [
                .init("gap", .string(id)), .init("agent", .string(agent)), .init("events", .integer(events)),
                .init("level", .string(level)), .init("cause", .string(why)),
            ]
            if bytes > 0 { members.append(.init("bytes", .integer(bytes))) }
            if !source.isEmpty { members.append(.init("source", .string(source))) }
        case .lost(let gap): members += gapMembers(gap)
        case .limit(let limit, let advice):
            members += [.init("limit", .string(limit)), .init("advice", .string(advice))]
        case .unreadable(let segment, let tier, let events, let cause):
            members += [
                .init("segment", segment.map { .string($0) } ?? .null),
                .init("tier", tier.map { .string($0) } ?? .null),
                .init("events", .integer(events)), .init("cause", .string(cause)),
            ]
        }
        return members
    }

    /// What is told of a gap besides its times.
    static func gapMembers(_ gap: Gap) -> [JSONValue.Member] {
        let loss = gap.loss
        var members: [JSONValue.Member] = [
            .init("gap", .string(gap.id)), .init("of", .string(loss.kind.rawValue)),
            .init("cause", .string(loss.reason)), .init("approximate", .bool(true)),
        ]
        // What is not known is not told.
        if !loss.agent.isEmpty { members.append(.init("agent", .string(loss.agent))) }
        if !loss.source.isEmpty { members.append(.init("source", .string(loss.source))) }
        if loss.events > 0 { members.append(.init("events", .integer(loss.events))) }
        if loss.records > 0 { members.append(.init("records", .integer(loss.records))) }
        if loss.bytes > 0 { members.append(.init("bytes", .integer(loss.bytes))) }
        return members
    }

    static func times(_ times: ClosedRange<Int64>) -> [JSONValue.Member] {
        func text(_ time: Int64) -> JSONValue { .string(Timestamp(nanoseconds: time).description) }
        return [
            .init("from", times.lowerBound == .min ? .null : text(times.lowerBound)),
            .init("to", times.upperBound == .max ? .null : text(times.upperBound + 1)),
        ]
    }
}
