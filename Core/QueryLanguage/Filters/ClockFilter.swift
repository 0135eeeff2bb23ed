import LogModel

/// Times of the day or days of the week, UTC: `_time:day_range[08:00, 18:00)`, `_time:week_range[Mon, Fri]`.
package struct ClockFilter: Hashable, Sendable {
    /// What repeats.
    package enum Period: Hashable, Sendable {
        /// Every day, from and to so many nanoseconds after midnight, both included.
        case day(from: Int64, to: Int64)
        /// Every week, from and to a day, both included; 0 is Sunday.
        case week(from: Int, to: Int)
    }

    /// When.
    package var period: Period
    /// Nanoseconds that are taken off a time before it is looked at.
    package var offset: Int64

    /// Makes a filter.
    package init(_ period: Period, offset: Int64 = 0) {
        self.period = period
        self.offset = offset
    }

    /// Whether a time passes.
    package func matches(_ nanoseconds: Int64) -> Bool {
        let moved = Timestamp(nanoseconds: nanoseconds).adding(nanoseconds: offset == .min ? .max : -offset)
        let unit: Int64 = 86_400_000_000_000
        let midnight = moved.floored(toMultipleOf: unit).nanoseconds
        switch period {
        case .day(let from, let to): return (from...max(from, to)).contains(moved.nanoseconds &- midnight) && from <= to
        case .week(let from, let to):
            let weekday = CivilDate(daysSinceEpoch: Int(midnight / unit)).weekday
            return weekday >= from && weekday <= to
        }
    }
}

extension ClockFilter: CustomStringConvertible {
    static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]

    /// The filter in canonical form.
    package var description: String {
        let tail = offset == 0 ? "" : " offset " + Duration.nanoseconds(offset).logForm
        switch period {
        case .day(let from, let to):
            // What was excluded is one nanosecond away from a whole minute, or from the end of the day.
            let lastOfDay: Int64 = 86_399_999_999_999
            func isWritten(_ time: Int64) -> Bool {
                time % 60_000_000_000 == 0 && time <= lastOfDay || time == lastOfDay
            }
            func written(_ time: Int64) -> String { ClockFilter.clock(time == lastOfDay ? lastOfDay + 1 : time) }
            let start = isWritten(from) ? "[" + written(from) : "(" + written(from - 1)
            let end = isWritten(to) ? written(to) + "]" : written(to + 1) + ")"
            return "_time:day_range\(start),\(end)" + tail
        case .week(let from, let to):
            let start = from > 6 ? "(Sat" : "[" + ClockFilter.weekdays[max(0, from)]
            return "_time:week_range\(start)," + (to < 0 ? "Sun)" : ClockFilter.weekdays[min(6, to)] + "]") + tail
        }
    }

    private static func clock(_ nanoseconds: Int64) -> String {
        let minutes = nanoseconds / 60_000_000_000
        func two(_ number: Int64) -> String { (number < 10 ? "0" : "") + String(number) }
        return two(minutes / 60) + ":" + two(minutes % 60)
    }
}

extension Parser {
    /// Reads `day_range...` or `week_range...` if that comes next.
    mutating func clockFilter() throws(QueryError) -> ClockFilter? {
        guard atKeyword("day_range") || atKeyword("week_range"), following.isSymbol("[") || following.isSymbol("(")
        else {
            return nil
        }
        let isDay = atKeyword("day_range")
        advance()
        let includesStart = atSymbol("[")
        advance()
        let from = isDay ? try clockTime() : try weekday()
        try expect(",", "between start and end")
        let to = isDay ? try clockTime() : try weekday()
        let close = current
        guard takeSymbol("]") || takeSymbol(")") else { throw unexpected(expected: ["]", ")"], "after the end") }
        let start = from + (includesStart ? 0 : 1)
        let end = to - (close.text == "]" ? 0 : 1)
        let offset = takeKeyword("offset") ? try duration() : 0
        if isDay { return ClockFilter(.day(from: start, to: end), offset: offset) }
        return ClockFilter(.week(from: Int(start), to: Int(end)), offset: offset)
    }

    /// Reads `hh:mm` as nanoseconds after midnight; 24:00 is the last one of the day.
    private mutating func clockTime() throws(QueryError) -> Int64 {
        let token = current
        let text = try value(stops: ",()[]{}|", "a time of the day such as 08:00").description
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }), let hour = Int64(parts[0]),
            let minute = Int64(parts[1]), hour >= 0, hour <= 24, minute >= 0, minute < 60
        else { throw failure("`\(text.prefix(40))` is no time of the day; write one such as 08:00", from: token) }
        return min(hour * 3_600_000_000_000 + minute * 60_000_000_000, 86_399_999_999_999)
    }

    private mutating func weekday() throws(QueryError) -> Int64 {
        let token = current
        let text = try value(stops: ",()[]{}|", "a day of the week such as Mon").description.lowercased()
        let names = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
        guard let day = names.firstIndex(where: { $0 == text || $0.prefix(3) == text }) else {
            throw failure("`\(text.prefix(40))` is no day of the week; write one such as Mon or Monday", from: token)
        }
        return Int64(day)
    }
}
