package import LogModel
package import RegularExpressions

/// One rule of the configuration: to which events it applies, and what it does to them.
package struct Rule: Sendable {
    /// What is done to an event.
    package enum Action: Sendable {
        /// It is not sent.
        case drop
        /// No later rule drops it, samples it or holds it back.
        case keep
        /// One in so many is sent, and says so. What decides is a hash of the field or label `by`, or of time and
        /// message: the same on every host and after a restart.
        case sample(oneIn: UInt32, by: String?)
        /// Beyond a number of events of a service in an interval, each message is sent once and then counted.
        case limit(events: Int, intervalNanos: Int64)
        /// What must not be seen is replaced.
        case redact([Redaction])
        /// A field gets another name.
        case rename(from: String, to: String)
        /// Fields are taken away.
        case remove([String])
        /// Fields are added unless the event has them.
        case add([(name: String, value: String)])
    }

    /// What it is called in the status.
    package var name: String
    /// To which events it applies.
    package var condition: RuleCondition
    /// What it does.
    package var action: Action

    /// Makes a rule.
    package init(_ name: String, when condition: RuleCondition = RuleCondition(), _ action: Action) {
        self.name = name
        self.condition = condition
        self.action = action
    }
}

/// To which events a rule applies: all that it asks for must be so.
package struct RuleCondition: Sendable {
    /// Requests that few want to read of, by their path. Failed ones are not meant: a status from 400 on, or a level
    /// from WARN on.
    package enum Preset: String, Sendable, CaseIterable {
        case healthChecks = "health_checks"
        case metrics
        case staticFiles = "static_files"
    }

    /// The levels; empty for all.
    package var levels: Set<Level> = []
    /// The services; empty for all.
    package var services: [String] = []
    /// One of these must be so; empty asks nothing.
    package var presets: [Preset] = []
    /// What the message must match.
    package var message: RegularExpression?
    /// What fields and labels must match; one that an event has not is empty.
    package var fields: [(name: String, pattern: RegularExpression)] = []

    /// Applies to all events.
    package init() {}
}

/// What a rule has done.
package struct RuleCount: Sendable, Equatable {
    /// The rule's name.
    package var name: String
    /// Events that it applied to and had something to do with; none since the start means that it may be wrong.
    package var matched = 0
    /// Events that were not sent because of it.
    package var dropped = 0

    /// Makes a count.
    package init(name: String, matched: Int = 0, dropped: Int = 0) {
        self.name = name
        self.matched = matched
        self.dropped = dropped
    }
}
