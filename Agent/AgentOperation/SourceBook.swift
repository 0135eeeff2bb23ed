package import LogModel

/// What became of what one source has produced, since the agent was started.
package struct SourceFigures: Sendable, Equatable {
    /// Events that went for one reason.
    package struct Drop: Sendable, Equatable {
        /// Why, as a word.
        package var reason: String
        /// Their level.
        package var level: Level
        /// How many.
        package var events: Int
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
        var drops: [SourceFigures.Drop] = []
    }

    /// Marks of one source; what is spooled beyond them joins the last one, and looks as old as that.
    private static let maximumMarks = 8
    /// Reasons and levels of one source that are told apart.
    private static let maximumDrops = 32

    private var entries: [UInt64: Entry] = [:]

    /// Makes an empty book.
    package init() {}

    /// Events of a source were read.
    ///
    /// - Parameters:
    ///   - source: its number.
    ///   - events: how many, those that rules dropped included.
    ///   - filtered: how many of these rules dropped.
    package mutating func read(_ source: UInt64, events: Int, filtered: Int) {
        if events == 0, filtered == 0 { return }
        entries[source, default: Entry()].events += events
        if filtered > 0 { dropped(source, reason: "rules", level: .unknown, events: filtered) }
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

    /// Events of a source went.
    package mutating func dropped(_ source: UInt64, reason: String, level: Level, events: Int) {
        var entry = entries[source] ?? Entry()
        if let index = entry.drops.firstIndex(where: { $0.reason == reason && $0.level == level }) {
            entry.drops[index].events += events
        } else if entry.drops.count < Self.maximumDrops {
            entry.drops.append(.init(reason: reason, level: level, events: events))
        } else {
            entry.drops[Self.maximumDrops - 1].events += events
        }
        entries[source] = entry
    }

    /// A source is gone.
    package mutating func forget(_ source: UInt64) { entries[source] = nil }

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
            events: entry.events, drops: entry.drops)
    }
}
