package import LogModel

/// What became of what one source has produced, since the agent was started.
package struct SourceFigures: Sendable, Equatable {
    /// What went for one reason.
    package struct Drop: Sendable, Equatable {
        /// Why, as a word.
        package var reason: String
        /// The level of the events; unknown where nobody has read them.
        package var level: Level
        /// How many.
        package var events: Int
        /// Bytes that nobody has read events from.
        package var bytes = 0
    }

    /// The path of the file, or what the source is called.
    package var name: String
    /// Where its producer has got to: the size of a file.
    package var written: Int
    /// How far it is read.
    package var read: Int
    /// How far it is in the spool.
    package var spooled: Int
    /// How far the collector has it, or it is counted as dropped.
    package var acknowledged: Int
    /// When the oldest of what is not acknowledged was spooled, monotonic nanoseconds; nil when nothing waits.
    package var waitingSince: UInt64?
    /// Events read.
    package var events: Int
    /// What is lost, or was dropped on purpose.
    package var drops: [Drop]
}

/// Keeps the figures of all sources. Pure; belongs to the reading thread.
package struct SourceBook: Sendable {
    private struct Entry: Sendable {
        var events = 0
        var spooled = 0
        /// Where spooled parts end and when they were spooled, oldest first.
        var marks: [(end: Int, time: UInt64)] = []
    }

    /// Marks of one source; what is spooled beyond them joins the last one, and looks as old as that.
    private static let maximumMarks = 8
    /// Reasons and levels of one source that are told apart.
    private static let maximumDrops = 64

    /// Names of sources whose drops are told apart, those that are gone included.
    private static let maximumNames = 4_096

    private var entries: [UInt64: Entry] = [:]
    /// By the name of the source: a file that is gone may have been dropped from the spool later. Those of names beyond the
    /// bound are under an empty one.
    private var drops: [String: [SourceFigures.Drop]] = [:]

    /// Makes an empty book.
    package init() {}

    /// Events of a source were read.
    ///
    /// - Parameters:
    ///   - source: its number.
    ///   - events: how many, those that rules dropped included.
    package mutating func read(_ source: UInt64, events: Int) {
        if events > 0 { entries[source, default: Entry()].events += events }
    }

    /// What a source has produced is in the spool up to an offset.
    package mutating func spooled(_ source: UInt64, through offset: Int, now: UInt64) {
        var entry = entries[source] ?? Entry()
        // A file that was truncated begins anew.
        if offset < entry.spooled { entry.marks.removeAll() }
        entry.spooled = offset
        if entry.marks.count < Self.maximumMarks {
            entry.marks.append((offset, now))
        } else {
            entry.marks[Self.maximumMarks - 1].end = offset
        }
        entries[source] = entry
    }

    /// What a source has produced is acknowledged up to an offset. To be told now and then, for marks to go.
    package mutating func acknowledged(_ source: UInt64, through offset: Int) {
        guard let first = entries[source]?.marks.first, first.end <= offset else { return }
        entries[source]?.marks.removeAll { $0.end <= offset }
    }

    /// Something of a source went.
    ///
    /// - Parameters:
    ///   - name: the path of the file, or what the source is called.
    ///   - reason: why, as a word.
    ///   - level: the level of the events; unknown where nobody has read them.
    ///   - events: how many.
    ///   - bytes: how many bytes nobody has read events from.
    package mutating func dropped(_ name: String, reason: String, level: Level, events: Int, bytes: Int = 0) {
        let name = drops[name] != nil || drops.count < Self.maximumNames ? name : ""
        var known = drops[name] ?? []
        let place = known.firstIndex { $0.reason == reason && $0.level == level }
        if place == nil, known.count < Self.maximumDrops {
            known.append(.init(reason: reason, level: level, events: events, bytes: bytes))
        } else {
            let place = place ?? known.count - 1
            known[place].events += events
            known[place].bytes += bytes
        }
        drops[name] = known
    }

    /// A source is gone. What it has lost stays known.
    package mutating func forget(_ source: UInt64) { entries[source] = nil }

    /// What went of all sources, those included that are gone, by reason and level.
    package var allDrops: [SourceFigures.Drop] {
        var sum = SourceBook()
        for drop in drops.values.joined() {
            sum.dropped("", reason: drop.reason, level: drop.level, events: drop.events, bytes: drop.bytes)
        }
        return (sum.drops[""] ?? []).sorted { ($0.reason, $0.level.rawValue) < ($1.reason, $1.level.rawValue) }
    }

    /// The figures of a source.
    ///
    /// - Parameters:
    ///   - source: its number.
    ///   - name: what it is called.
    ///   - written: where its producer has got to.
    ///   - read: how far it is read.
    ///   - acknowledged: how far the collector has it.
    /// - Returns: them.
    package func figures(
        _ source: UInt64, name: String, written: Int, read: Int, acknowledged: Int
    ) -> SourceFigures {
        let entry = entries[source] ?? Entry()
        return SourceFigures(
            name: name, written: max(written, read), read: read, spooled: max(entry.spooled, acknowledged),
            acknowledged: acknowledged, waitingSince: entry.marks.first { $0.end > acknowledged }?.time,
            events: entry.events, drops: drops[name] ?? [])
    }
}
