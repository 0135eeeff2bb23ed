import LineFormats
package import LogModel

/// A stretch of time, its end not included.
package struct TimeRange: Sendable, Equatable {
    package var from: Timestamp
    package var to: Timestamp

    package init(from: Timestamp, to: Timestamp) {
        self.from = from
        self.to = to
    }

    /// Length in nanoseconds, at least 1.
    package var length: Int64 {
        let (difference, overflow) = to.nanoseconds.subtractingReportingOverflow(from.nanoseconds)
        return overflow ? .max : max(1, difference)
    }

    var json: JSONValue { ["from": .string(from.description), "to": .string(to.description)] }
}

/// `POST /v1/search`, newest first.
package struct SearchRequest: Sendable, Equatable {
    package var query: String
    package var range: TimeRange
    package var limit: Int
    /// Where the page before ended.
    package var cursor: String?

    package init(query: String, range: TimeRange, limit: Int, cursor: String? = nil) {
        self.query = query
        self.range = range
        self.limit = limit
        self.cursor = cursor
    }

    /// The body to send.
    package var body: [UInt8] {
        let document: JSONValue = [
            "query": .string(query), "time_range": range.json, "sort": "desc", "limit": .integer(limit),
            "cursor": cursor.map { .string($0) } ?? nil,
        ]
        return document.bytes
    }
}

/// `POST /v1/aggregate`: counts by level over time.
package struct LevelCountRequest: Sendable, Equatable {
    package var query: String
    package var range: TimeRange
    /// Length of a bucket in nanoseconds.
    package var interval: Int64

    package init(query: String, range: TimeRange, interval: Int64) {
        self.query = query
        self.range = range
        self.interval = interval
    }

    /// The body to send.
    package var body: [UInt8] {
        let document: JSONValue = [
            "query": .string(query), "time_range": range.json, "group_by": ["level"],
            "interval": .string(Duration.nanoseconds(interval).logForm), "metric": "count",
        ]
        return document.bytes
    }

    /// The length of a bucket that splits `length` into at most `columns` parts: a round number people read easily.
    package static func interval(for length: Int64, columns: Int) -> Int64 {
        let second: Int64 = 1_000_000_000
        let minute = 60 * second
        let hour = 60 * minute
        let round: [Int64] = [
            second / 100, second / 10, second, 2 * second, 5 * second, 10 * second, 15 * second, 30 * second, minute,
            2 * minute, 5 * minute, 10 * minute, 15 * minute, 30 * minute, hour, 2 * hour, 3 * hour, 6 * hour,
            12 * hour, 24 * hour, 7 * 24 * hour,
        ]
        let wanted = length / Int64(max(1, columns))
        return round.first { $0 >= wanted } ?? (wanted / (24 * hour) + 1) * 24 * hour
    }
}
