import LogModel

/// What is known of an agent.
package struct AgentRecord: Sendable, Equatable {
    /// When it was last heard of; nanoseconds of the wall clock, as all times here.
    package var lastContact: Int64
    /// Its epoch then.
    package var epoch: UInt64
    /// The version of its program; empty when it has not told.
    package var version = ""
    /// The latest time of the events that it has delivered.
    package var newestEvent: Int64?
    /// The earliest time of the events that it said it has and has not delivered.
    package var oldestUnacknowledged: Int64?
    /// Bytes of its spool, as it said.
    package var spooledBytes = 0
    /// The last of the reports in its epoch that is in the book.
    package var lastDrop: UInt64 = 0
}

/// Events that are known not to come: an agent has reported that it could not deliver them.
package struct GapRecord: Sendable, Equatable {
    /// Counts up, and is never used again.
    package var number: UInt64
    /// Who reported it.
    package var agent: String
    /// How many events.
    package var events: Int
    /// Their level, empty where they had none.
    package var level: String
    /// Why, as a word.
    package var reason: String
    /// Their earliest and latest time.
    package var times: ClosedRange<Int64>
    /// When it was reported.
    package var reported: Int64
    /// Bytes that were never read, as far as known; 0 where it is about events.
    package var bytes = 0
    /// The file that they were in; empty where that is not told, or where there were several.
    package var source = ""

    /// What people call it: `g17`.
    package var id: String { "g\(number)" }
}

/// An agent whose events have not all arrived.
package struct LateAgent: Sendable, Equatable {
    /// Its name.
    package var name: String
    /// From this time on events of it may be missing.
    package var from: Int64
    /// How far behind it is.
    package var behindNanos: Int64
    /// When it was last heard of.
    package var lastContact: Int64
    /// Whether nothing is heard of it; else it says itself that it is behind.
    package var isSilent: Bool
}

/// Which agents there are, how far behind each is, and what they have dropped. Pure: time is an argument.
package struct AgentBook: Sendable, Equatable {
    /// How often agents are looked through for some to forget when there is no room for a new one.
    private static let sweepInterval: Int64 = 60_000_000_000

    /// By name.
    package internal(set) var agents: [String: AgentRecord] = [:]
    /// The oldest report first.
    package internal(set) var gaps: [GapRecord] = []
    /// The number of the next gap.
    package internal(set) var nextGap: UInt64 = 1
    /// Contacts of agents that there was no room for.
    package private(set) var refused: UInt64 = 0
    /// Gaps that had to be forgotten.
    package internal(set) var forgottenGaps: UInt64 = 0
    private var lastSweep = Int64.min

    /// Knows nobody.
    package init() {}

    /// Notes that a batch of an agent has arrived.
    ///
    /// - Parameters:
    ///   - agent: its name.
    ///   - epoch: its epoch.
    ///   - newest: the latest time in the batch.
    ///   - now: nanoseconds of the wall clock.
    ///   - rules: the bounds.
    package mutating func contact(
        _ agent: String, epoch: UInt64, newest: Int64?, now: Int64, _ rules: AgentRules
    ) {
        // Batches of each priority have an epoch of their own: that of the agent is what it says itself.
        update(agent, agents[agent]?.epoch ?? epoch, now, rules) { record in
            if let newest { record.newestEvent = max(record.newestEvent ?? newest, newest) }
        }
    }

    /// Takes what an agent says of itself.
    ///
    /// - Returns: the last of its reports that is in the book; the agent need not send it and those before again.
    package mutating func take(_ heartbeat: Heartbeat, now: Int64, _ rules: AgentRules) -> UInt64 {
        var fresh: [DropReport] = []
        var last: UInt64 = 0
        let isKnown = update(heartbeat.agent, heartbeat.epoch, now, rules) { record in
            record.version = heartbeat.version
            record.oldestUnacknowledged = heartbeat.oldestUnacknowledged
            record.spooledBytes = heartbeat.spooledBytes
            for drop in heartbeat.drops.sorted(by: { $0.number < $1.number }) where drop.number > record.lastDrop {
                fresh.append(drop)
                record.lastDrop = drop.number
            }
            last = record.lastDrop
        }
        // A report of an agent that there is no room for counts all the same: it is sent once.
        if !isKnown {
            fresh = heartbeat.drops
            last = heartbeat.drops.map(\.number).max() ?? 0
        }
        for drop in fresh { add(drop, of: heartbeat.agent, now, rules) }
        if heartbeat.isLeaving { agents[heartbeat.agent] = nil }
        return last
    }

    /// Forgets an agent; false when there is none of this name. Its gaps stay.
    package mutating func remove(_ name: String) -> Bool { agents.removeValue(forKey: name) != nil }

    /// Forgets the agents that were not heard of for long.
    ///
    /// - Returns: whether there were any.
    @discardableResult
    package mutating func sweep(now: Int64, _ rules: AgentRules) -> Bool {
        lastSweep = now
        let count = agents.count
        agents = agents.filter { !Self.isForgotten($0.value, now, rules) }
        return agents.count < count
    }

    /// The agents whose events of these times may not have arrived, the furthest behind first.
    ///
    /// - Complexity: O(n) in the number of agents.
    package func late(within times: ClosedRange<Int64>, now: Int64, _ rules: AgentRules) -> [LateAgent] {
        agents.compactMap { name, record in
            guard !Self.isForgotten(record, now, rules), let late = Self.late(name, record, now, rules),
                late.from <= times.upperBound
            else { return nil }
            return late
        }.sorted { ($0.from, $0.name) < ($1.from, $1.name) }
    }

    /// How late one agent is; nil when it is not.
    package static func late(_ name: String, _ record: AgentRecord, _ now: Int64, _ rules: AgentRules) -> LateAgent? {
        let isSilent = elapsed(record.lastContact, now) > rules.silentAfter.wholeNanoseconds
        if isSilent {
            let from = min(record.lastContact, record.oldestUnacknowledged ?? record.lastContact)
            return LateAgent(
                name: name, from: from, behindNanos: elapsed(from, now), lastContact: record.lastContact,
                isSilent: true)
        }
        guard let oldest = record.oldestUnacknowledged, elapsed(oldest, now) > rules.behindAfter.wholeNanoseconds else {
            return nil
        }
        return LateAgent(
            name: name, from: oldest, behindNanos: elapsed(oldest, now), lastContact: record.lastContact,
            isSilent: false)
    }

    /// The gaps that have events of these times, the oldest report first.
    package func gaps(within times: ClosedRange<Int64>) -> [GapRecord] { gaps.filter { $0.times.overlaps(times) } }

    // MARK: Changes

    private static func isForgotten(_ record: AgentRecord, _ now: Int64, _ rules: AgentRules) -> Bool {
        elapsed(record.lastContact, now) > rules.forgetAfter.wholeNanoseconds
    }

    /// 0 when the clock was set back; times of events may be any.
    private static func elapsed(_ from: Int64, _ to: Int64) -> Int64 {
        let (difference, overflow) = to.subtractingReportingOverflow(from)
        return overflow ? (to > from ? .max : 0) : max(0, difference)
    }

    @discardableResult
    private mutating func update(
        _ name: String, _ epoch: UInt64, _ now: Int64, _ rules: AgentRules, _ change: (inout AgentRecord) -> Void
    ) -> Bool {
        if agents[name] == nil, agents.count >= rules.maximumAgents {
            if Self.elapsed(lastSweep, now) >= Self.sweepInterval { sweep(now: now, rules) }
            guard agents.count < rules.maximumAgents else {
                refused += 1
                return false
            }
        }
        var record = agents[name] ?? AgentRecord(lastContact: now, epoch: epoch)
        record.lastContact = now
        if record.epoch != epoch {
            // What the epoch before has numbered says nothing any more.
            record.epoch = epoch
            record.lastDrop = 0
        }
        change(&record)
        agents[name] = record
        return true
    }

    private mutating func add(_ drop: DropReport, of agent: String, _ now: Int64, _ rules: AgentRules) {
        if gaps.count >= rules.maximumGaps {
            let index = gaps.lastIndex {
                $0.agent == agent && $0.level == drop.level && $0.reason == drop.reason
            }
            if let index {
                let known = gaps[index].times
                gaps[index].times =
                    min(known.lowerBound, drop.times.lowerBound)...max(known.upperBound, drop.times.upperBound)
                gaps[index].events =
                    gaps[index].events.addingReportingOverflow(drop.events).overflow
                    ? .max : gaps[index].events + drop.events
                let (bytes, overflow) = gaps[index].bytes.addingReportingOverflow(drop.bytes)
                gaps[index].bytes = overflow ? .max : bytes
                if gaps[index].source != drop.source { gaps[index].source = "" }
                return
            }
            gaps.removeFirst()
            forgottenGaps += 1
        }
        gaps.append(
            GapRecord(
                number: nextGap, agent: agent, events: drop.events, level: drop.level, reason: drop.reason,
                times: drop.times, reported: now, bytes: drop.bytes, source: drop.source))
        nextGap += 1
    }
}
