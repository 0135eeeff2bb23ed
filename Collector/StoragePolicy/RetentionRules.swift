package import LogModel

/// How long events are kept.
///
/// The time that counts is that of arrival at the collector, of the newest event in the same segment. The events' own
/// times do not count: an archive that is read in today would be gone at once, and a host whose clock is wrong could make
/// events immortal. A segment spans about a day at most, so events stay up to a day longer than the rule says, and never
/// shorter.
package struct RetentionRules: Equatable, Sendable {
    /// A rule for some of the events.
    package struct Rule: Equatable, Sendable {
        /// The tenant it is about; nil for all.
        package var tenant: String?
        /// The levels it is about; nil for all.
        package var levels: Set<Level>?
        /// How long these events are kept.
        package var age: Duration

        /// Makes a rule.
        package init(tenant: String? = nil, levels: Set<Level>? = nil, age: Duration) {
            self.tenant = tenant
            self.levels = levels
            self.age = age
        }

        func fits(_ events: EventClass) -> Bool {
            (tenant == nil || tenant == events.tenant) && levels?.contains(events.level) ?? true
        }
    }

    /// How long events are kept that no rule is about.
    package var age = Duration.seconds(365 * 86_400)
    /// The first one that fits an event counts.
    package var rules: [Rule] = []
    /// Bytes of all segments together, beyond which the oldest go; nil for no bound.
    package var maxBytes: UInt64?
    /// How long what has expired stays on the disk, and can be taken back.
    package var grace = Duration.seconds(86_400)
    /// A segment is written anew without its expired events when they are at least this share of it, or long overdue.
    package var rewriteShare = 0.1
    /// From when on expired events are long overdue, however few they are.
    package var overdue = Duration.seconds(7 * 86_400)

    /// The defaults: a year, for all.
    package init() {}

    /// How long events of a class are kept.
    package func age(of events: EventClass) -> Duration {
        rules.first { $0.fits(events) }?.age ?? age
    }

    /// The longest that any event is kept.
    package var longestAge: Duration { rules.map(\.age).reduce(age, max) }
}
