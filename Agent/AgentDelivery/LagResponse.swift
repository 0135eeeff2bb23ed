/// What an agent does when its collector says that it is behind. Pure: time is an argument, nanoseconds of the
/// monotonic clock.
///
/// Fewer and larger batches cost a collector less. Only when it stays at its limit for a while, what matters least is not
/// sent to it any more.
package struct LagResponse: Sendable, Equatable {
    /// How long a collector must be at its limit before DEBUG is dropped.
    package static let patience: UInt64 = 30_000_000_000
    /// How long its word counts: who sends nothing hears nothing, and must try again.
    package static let validity: UInt64 = 60_000_000_000

    /// The word of the collector.
    package enum Lag: String, Sendable {
        /// It keeps up.
        case normal
        /// It is getting behind.
        case elevated
        /// It is at its limit.
        case critical
    }

    /// What the collector said last.
    package private(set) var lag = Lag.normal
    private var criticalSince: UInt64?
    private var heardAt: UInt64 = 0

    /// A collector that keeps up.
    package init() {}

    /// Notes what the collector said with an answer; a word that is not known counts as `normal`.
    ///
    /// - Returns: whether it is another word than before.
    @discardableResult
    package mutating func hear(_ hint: String, now: UInt64) -> Bool {
        let before = lag
        heardAt = now
        lag = Lag(rawValue: hint) ?? .normal
        if lag != .critical { criticalSince = nil } else if criticalSince == nil { criticalSince = now }
        return lag != before
    }

    /// By how much batches may be larger, and wait longer, than configured.
    package func factor(now: UInt64) -> Int {
        guard now &- heardAt < Self.validity else { return 1 }
        return switch lag {
        case .normal: 1
        case .elevated: 2
        case .critical: 4
        }
    }

    /// Events of this priority and below are dropped and counted; nil when none are.
    package func shedding(now: UInt64) -> Priority? {
        guard let criticalSince, now &- heardAt < Self.validity, now &- criticalSince >= Self.patience else {
            return nil
        }
        return .debug
    }
}
