package import LogModel

/// Events that could not be delivered, or were never read, and that the collector has not been told of, bounded. Pure.
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
        /// Their earliest and latest time; of what was never read, when it was written at the earliest and the latest.
        package var times: ClosedRange<Timestamp>
        /// Bytes of what was never read, as far as known; 0 otherwise.
        package var bytes = 0
        /// The file it was in, the end of a long path; empty where there are several, or none.
        package var source = ""
    }

    /// Bytes that are gone and that nobody has read events from.
    package struct Loss: Sendable, Equatable {
        /// Why, as a word.
        package var reason: String
        /// How many, as far as known.
        package var bytes: Int
        /// The file they were in; empty where there is none.
        package var source: String
        /// When they were written, at the earliest and the latest.
        package var times: ClosedRange<Timestamp>

        /// Describes a loss.
        package init(reason: String, bytes: Int, source: String = "", times: ClosedRange<Timestamp>) {
            self.reason = reason
            self.bytes = max(0, bytes)
            self.source = source
            self.times = times
        }
    }

    /// Bytes of a path that are told.
    private static let sourceBytes = 200

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
                Entry(
                    number: next, events: sum.count, level: Level(rawValue: level) ?? .unknown, reason: reason,
                    times: Timestamp(nanoseconds: sum.low)...Timestamp(nanoseconds: sum.high)))
        }
    }

    /// Notes bytes that are gone.
    package mutating func note(_ loss: Loss) {
        let source = String(decoding: loss.source.utf8.suffix(Self.sourceBytes), as: UTF8.self)
        note(
            Entry(
                number: next, events: 0, level: .unknown, reason: loss.reason, times: loss.times, bytes: loss.bytes,
                source: source))
    }

    private mutating func note(_ entry: Entry) {
        guard entries.count >= Self.maximumEntries else {
            entries.append(entry)
            next += 1
            return
        }
        let index = entries.lastIndex {
            $0.level == entry.level && $0.reason == entry.reason && $0.number > sent
        }
        guard let index else {
            unnoted += entry.events
            return
        }
        let known = entries[index].times
        entries[index].events += entry.events
        entries[index].bytes &+= entry.bytes
        if entries[index].source != entry.source { entries[index].source = "" }
        entries[index].times =
            min(known.lowerBound, entry.times.lowerBound)...max(known.upperBound, entry.times.upperBound)
    }

    /// Notes that all entries are on their way.
    package mutating func willSend() { sent = next - 1 }

    /// Forgets what the collector has.
    package mutating func acknowledged(upTo number: UInt64) { entries.removeAll { $0.number <= number } }
}
