package import LogModel

/// Events that could not be delivered and that the collector has not been told of, bounded. Pure.
///
/// It is in memory only: what was not told when the agent ends is in the agent's log and in its directory alone.
package struct DropLog: Sendable {
    /// Events of one level that went for one reason.
    package struct Entry: Sendable, Equatable {
        /// Counts up from 1 in an epoch.
        package var number: UInt64
        /// How many events.
        package var events: Int
        /// Their level.
        package var level: Level
        /// Why, as a word.
        package var reason: String
        /// Their earliest and latest time.
        package var times: ClosedRange<Timestamp>
    }

    /// Entries that are kept; beyond, events count in the last one of their level and reason, or in none.
    package static let maximumEntries = 256

    /// What has not been told, by number.
    package private(set) var entries: [Entry] = []
    /// Events that could not be noted.
    package private(set) var unnoted = 0
    private var next: UInt64 = 1
    /// Entries up to this number may be with the collector already and must stay as they are.
    private var sent: UInt64 = 0

    /// Makes an empty log.
    package init() {}

    /// Notes the events of a batch, by level.
    package mutating func note(_ batch: EventBatch, reason: String) {
        var found: [UInt8: (count: Int, low: Int64, high: Int64)] = [:]
        for (time, level) in zip(batch.timestamps, batch.levels) {
            let known = found[level] ?? (0, time, time)
            found[level] = (known.count + 1, min(known.low, time), max(known.high, time))
        }
        for (level, sum) in found.sorted(by: { $0.key < $1.key }) {
            note(
                sum.count, Level(rawValue: level) ?? .unknown, reason,
                Timestamp(nanoseconds: sum.low)...Timestamp(nanoseconds: sum.high))
        }
    }

    private mutating func note(_ events: Int, _ level: Level, _ reason: String, _ times: ClosedRange<Timestamp>) {
        guard entries.count >= Self.maximumEntries else {
            entries.append(Entry(number: next, events: events, level: level, reason: reason, times: times))
            next += 1
            return
        }
        guard let index = entries.lastIndex(where: { $0.level == level && $0.reason == reason && $0.number > sent })
        else {
            unnoted += events
            return
        }
        let known = entries[index].times
        entries[index].events += events
        entries[index].times =
            min(known.lowerBound, times.lowerBound)...max(known.upperBound, times.upperBound)
    }

    /// Notes that all entries are on their way.
    package mutating func willSend() { sent = next - 1 }

    /// Forgets what the collector has.
    package mutating func acknowledged(upTo number: UInt64) { entries.removeAll { $0.number <= number } }
}
