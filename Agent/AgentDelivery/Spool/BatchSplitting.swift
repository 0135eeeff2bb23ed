import AgentPipeline
import LogModel

/// Some consecutive events of a batch that were read from one run of bytes of a file.
package struct SourceRun: Sendable, Equatable {
    /// The number of the source.
    package var source: UInt64
    /// The bytes.
    package var bytes: Range<Int>
    /// How many events.
    package var events: Int

    /// Makes a run.
    package init(source: UInt64, bytes: Range<Int>, events: Int) {
        self.source = source
        self.bytes = bytes
        self.events = events
    }
}

/// The events of a batch that have one priority.
struct BatchPart {
    var priority: Priority
    var events: EventBatch
    var levels: [LevelSummary]
    var shares: [SourceShare]
}

/// Takes a batch apart by priority, the highest first. Pure.
///
/// - Parameters:
///   - batch: the events and the files they are of.
///   - runs: which of them are of which file, in the order of the events. Events behind the last run are of no file,
///     unless there is no run and only one file.
/// - Returns: none for a batch without events.
/// - Complexity: O(events); messages and values are not copied.
func split(_ batch: AssembledBatch, _ runs: [SourceRun]) -> [BatchPart] {
    let events = batch.events
    var rows = [[UInt32]](repeating: [], count: Priority.allCases.count)
    var levels: [LevelSummary?] = Array(repeating: nil, count: Level.allCases.count)
    for row in 0..<events.count {
        let raw = events.levels[row]
        rows[Priority.ofLevel[Int(raw)].rawValue].append(UInt32(truncatingIfNeeded: row))
        let time = Timestamp(nanoseconds: events.timestamps[row])
        guard Int(raw) < levels.count, let level = Level(rawValue: raw) else { continue }
        if let known = levels[Int(raw)] {
            levels[Int(raw)] = LevelSummary(
                level: level, events: known.events + 1, times: known.times.joined(with: time...time))
        } else {
            levels[Int(raw)] = LevelSummary(level: level, events: 1, times: time...time)
        }
    }
    let shares = shares(of: batch, runs)
    return Priority.allCases.reversed().compactMap { priority in
        let chosen = rows[priority.rawValue]
        if chosen.isEmpty { return nil }
        return BatchPart(
            priority: priority, events: chosen.count == events.count ? events : events.selecting(chosen),
            levels: levels.compactMap { $0 }.filter { Priority($0.level) == priority },
            shares: shares.compactMap { $0.limited(to: priority) })
    }
}

/// The events of each file, each file once.
private func shares(of batch: AssembledBatch, _ runs: [SourceRun]) -> [SourceShare] {
    var runs = runs
    if runs.isEmpty, batch.progress.count == 1, let only = batch.progress.first {
        let end = max(only.from, only.state.offset)
        runs = [SourceRun(source: only.state.id, bytes: only.from..<end, events: batch.events.count)]
    }
    let paths = Dictionary(batch.progress.map { ($0.state.id, $0.state.path) }) { first, _ in first }
    var shares: [SourceShare] = []
    var places: [UInt64: Int] = [:]
    var row = 0
    for run in runs {
        let end = min(batch.events.count, row + max(0, run.events))
        if let place = places[run.source] {
            shares[place].bytes = shares[place].bytes.joined(with: run.bytes)
        } else {
            places[run.source] = shares.count
            shares.append(
                SourceShare(
                    source: run.source, path: paths[run.source] ?? "", bytes: run.bytes,
                    events: [Int](repeating: 0, count: Level.allCases.count)))
        }
        let place = places[run.source] ?? 0
        while row < end {
            shares[place].events[Int(min(batch.events.levels[row], Level.fatal.rawValue))] += 1
            row += 1
        }
    }
    return shares
}

extension SourceShare {
    /// The events of one priority; nil when there are none.
    fileprivate func limited(to priority: Priority) -> SourceShare? {
        var part = self
        for level in Level.allCases where Priority(level) != priority { part.events[Int(level.rawValue)] = 0 }
        return part.events.contains { $0 > 0 } ? part : nil
    }
}
