package import SegmentCatalog

/// Chooses what to merge next. Pure: the same segments and the same time give the same job.
///
/// Segments are merged into windows of arrival time, aligned to the clock, one level after the other: 10 minutes, an
/// hour, a day. What is written from memory, about every 30 seconds under load, is level 0. The output of a job is of a
/// higher level than all of its inputs, so an event is written at most once for each level, however the segments come:
/// at most four times in all.
package struct CompactionPlanner: Sendable {
    /// Segments to merge, and the level of the result.
    package struct Job: Equatable, Sendable {
        /// The names of the inputs: neighbours in the order of journal positions, two or more.
        package var inputs: [String]
        /// The level of the output.
        package var level: Int
    }

    /// A segment as the planner sees it.
    package struct Candidate: Sendable {
        /// What the catalog says.
        package var record: SegmentRecord
        /// Whether it may be merged; if not, it parts its neighbours.
        package var isFree: Bool

        /// Makes a candidate.
        package init(_ record: SegmentRecord, isFree: Bool) {
            self.record = record
            self.isFree = isFree
        }
    }

    /// The windows of the levels 1, 2 and 3, nanoseconds.
    package static let windows: [Int64] = [600, 3_600, 86_400].map { $0 * 1_000_000_000 }
    /// How long after its end a window is taken as complete, nanoseconds: what arrived in it may still be in memory.
    package static let lagNanos: Int64 = 60 * 1_000_000_000
    /// Segments that are merged although their window is not over.
    package static let earlyCount = 16

    /// Bytes of all inputs of a job: about the largest segment that merging makes.
    package var maxSegmentBytes: UInt64

    /// Makes a planner.
    package init(maxSegmentBytes: UInt64) {
        self.maxSegmentBytes = maxSegmentBytes
    }

    /// The next job; nil when there is nothing to merge.
    ///
    /// - Parameters:
    ///   - candidates: all segments in the order of their positions, those included that may not be merged.
    ///   - settled: the highest journal position up to which nothing is to come any more, from memory or by replay.
    ///   - now: nanoseconds since the epoch.
    /// - Returns: the job of the lowest level, and among these the one with the oldest events.
    package func next(_ candidates: [Candidate], settled: UInt64, now: Int64) -> Job? {
        for level in 1...Self.windows.count {
            if let job = next(candidates, level: level, settled, now) { return job }
        }
        return nil
    }

    private func next(_ candidates: [Candidate], level: Int, _ settled: UInt64, _ now: Int64) -> Job? {
        let length = Self.windows[level - 1]
        var run: [SegmentRecord] = []
        var bytes: UInt64 = 0
        for candidate in candidates {
            let record = candidate.record
            let fits = candidate.isFree && record.level < level && record.positions.upperBound <= settled
            let window = Self.window(record, length)
            if let last = run.last,
                !fits || Self.window(last, length) != window || bytes + record.bytes > maxSegmentBytes
                    || last.positions.upperBound >= record.positions.lowerBound
            {
                // Full: it will not grow any more, whatever else arrives in its window.
                let isFull = fits && bytes + record.bytes > maxSegmentBytes
                if let job = job(run, level, isComplete: isFull || isOver(last, length, now)) { return job }
                (run, bytes) = ([], 0)
            }
            if fits {
                run.append(record)
                bytes += record.bytes
            }
        }
        guard let last = run.last else { return nil }
        return job(run, level, isComplete: isOver(last, length, now))
    }

    private func job(_ run: [SegmentRecord], _ level: Int, isComplete: Bool) -> Job? {
        guard run.count >= 2, isComplete || run.count >= Self.earlyCount else { return nil }
        return Job(inputs: run.map(\.name), level: level)
    }

    /// The window in which the first event arrived.
    private static func window(_ record: SegmentRecord, _ length: Int64) -> Int64 {
        let start = record.ingestBounds.lowerBound
        return start / length - (start % length < 0 ? 1 : 0)
    }

    private func isOver(_ record: SegmentRecord, _ length: Int64, _ now: Int64) -> Bool {
        let (end, overflow) = ((Self.window(record, length) + 1).multipliedReportingOverflow(by: length))
        return !overflow && now >= end && now - end >= Self.lagNanos
    }
}
