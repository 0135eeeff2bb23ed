/// Times over which an answer lacks events, because a limit ended the query before it had looked at them.
package struct SkippedTimes: Sendable, Equatable {
    /// Which limit it was.
    package enum Reason: String, Sendable {
        /// The time that the query may take.
        case time
        /// The rows that it may read.
        case rows
    }

    /// Intervals that are named at most; beyond, neighbours become one.
    static let maxIntervals = 64

    /// Which limit it was.
    package var reason: Reason
    /// Nanoseconds, ascending and apart from each other; events inside may be missing, events outside are not.
    package var intervals: [ClosedRange<Int64>]

    /// Joins the times of what was left out.
    init(_ reason: Reason, _ times: some Sequence<ClosedRange<Int64>>, within bounds: ClosedRange<Int64>) {
        self.reason = reason
        var joined = times.lazy.filter { $0.overlaps(bounds) }.map { $0.clamped(to: bounds) }.joined
        // The narrowest distances go first.
        if joined.count > Self.maxIntervals {
            let gaps = zip(joined, joined.dropFirst()).enumerated().map { index, pair in
                (index: index, length: UInt64(bitPattern: pair.1.lowerBound &- pair.0.upperBound))
            }
            let kept = Set(gaps.sorted { $0.length > $1.length }.prefix(Self.maxIntervals - 1).map(\.index))
            var result = [joined[0]]
            for (index, interval) in joined.enumerated().dropFirst() {
                if kept.contains(index - 1) {
                    result.append(interval)
                } else {
                    result[result.count - 1] = result[result.count - 1].lowerBound...interval.upperBound
                }
            }
            joined = result
        }
        intervals = joined
    }

    /// The place in front of all that was left out: whoever goes on behind it meets all of that, and nothing that comes
    /// before. Nil where rows have no order.
    package func start(_ order: RowOrder) -> RowCursor? {
        switch order {
        case .newestFirst: intervals.last.map { RowCursor(time: $0.upperBound, id: .max) }
        // No row has the id 0.
        case .oldestFirst: intervals.first.map { RowCursor(time: $0.lowerBound, id: 0) }
        case .any: nil
        }
    }

    /// Whether a row comes before all that was left out, so that whoever goes on behind it misses none of that.
    package func isBehind(_ row: RowCursor, _ order: RowOrder) -> Bool {
        switch order {
        case .newestFirst: intervals.last.map { row.time > $0.upperBound } ?? true
        case .oldestFirst: intervals.first.map { row.time < $0.lowerBound } ?? true
        case .any: false
        }
    }
}
