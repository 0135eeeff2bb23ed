package import AgentPipeline
import LogModel

/// Adds up what is dropped by level and file. Pure.
struct DropTally {
    private struct Key: Hashable {
        var source: UInt64
        var level: Level
    }

    private var notes: [Key: DropNote] = [:]
    private var lost: DropNote?
    private let reason: String

    /// Nothing yet; all of it goes for one reason.
    init(reason: String) { self.reason = reason }

    /// Events so far.
    var events: Int { notes.values.reduce(0) { $0 + $1.events } }

    /// Adds the events of a batch.
    mutating func add(levels: [LevelSummary], shares: [SourceShare]) {
        for summary in levels {
            var rest = summary.events
            for share in shares {
                let events = min(rest, share.events[Int(summary.level.rawValue)])
                if events > 0 { add(events, summary, share) }
                rest -= events
            }
            if rest > 0 { add(rest, summary, nil) }
        }
    }

    /// Adds bytes that nobody can read events from.
    mutating func add(_ loss: DropNote) {
        guard var known = lost else { return lost = loss }
        known.add(loss)
        lost = known
    }

    private mutating func add(_ events: Int, _ summary: LevelSummary, _ share: SourceShare?) {
        var key = Key(source: share?.source ?? 0, level: summary.level)
        var share = share
        if notes[key] == nil, notes.count >= LedgerEntry.dropLimit {
            // The counts stay exact; of which file they are is not told any more.
            key.source = 0
            share = nil
        }
        guard var note = notes[key] else {
            notes[key] = DropNote(
                level: summary.level, reason: reason, events: events, source: key.source, path: share?.path ?? "",
                bytes: share?.bytes ?? 0..<0, times: summary.times)
            return
        }
        note.events += events
        if let share { note.bytes = note.bytes.joined(with: share.bytes) }
        note.times = note.times.joined(with: summary.times)
        notes[key] = note
    }

    /// What was added, by source and level.
    func sorted() -> [DropNote] {
        notes.values.sorted { ($0.source, $0.level.rawValue) < ($1.source, $1.level.rawValue) }
            + (lost.map { [$0] } ?? [])
    }
}

extension AssembledBatch {
    /// What goes when the batch does, by source and level.
    ///
    /// - Parameters:
    ///   - runs: which of the events are of which file, in their order.
    ///   - reason: why, as a word.
    /// - Returns: notes; bytes without events are in none.
    package func drops(_ runs: [SourceRun], reason: String) -> [DropNote] {
        var tally = DropTally(reason: reason)
        for part in split(self, runs) { tally.add(levels: part.levels, shares: part.shares) }
        return tally.sorted()
    }
}

extension Range<Int> {
    /// The range over both; an empty one counts for nothing.
    func joined(with other: Range<Int>) -> Range<Int> {
        if isEmpty { return other }
        if other.isEmpty { return self }
        return Swift.min(lowerBound, other.lowerBound)..<Swift.max(upperBound, other.upperBound)
    }
}

extension ClosedRange<Timestamp> {
    /// The range over both.
    func joined(with other: ClosedRange<Timestamp>) -> ClosedRange<Timestamp> {
        Swift.min(lowerBound, other.lowerBound)...Swift.max(upperBound, other.upperBound)
    }
}
