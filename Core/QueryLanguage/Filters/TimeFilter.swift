package import LogModel

/// Which times: `_time:5m`, `_time:2025-06-15`, `_time:[2025-06,2025-07) offset 1h`.
package struct TimeFilter: Hashable, Sendable {
    /// The range before the offset. Durations are nanoseconds and never negative.
    package enum Range: Hashable, Sendable {
        /// Everything up to now: `_time:offset 1h`.
        case untilNow
        /// The last so many nanoseconds: `_time:5m`, without the moment exactly that long ago.
        case last(nanoseconds: Int64)
        /// Older than a duration: `_time:>5m`, or `>=` to include the moment exactly that long ago.
        case olderThan(nanoseconds: Int64, isInclusive: Bool)
        /// Newer than a duration and not after now: `_time:<5m`, `<=`.
        case newerThan(nanoseconds: Int64, isInclusive: Bool)
        /// A day, month and so on: `_time:2025-06-15`.
        case during(TimePoint)
        /// After the start of a time: `_time:>2025`; `>=` includes the start.
        case after(TimePoint, isInclusive: Bool)
        /// Before the start of a time: `_time:<2025`; `<=` includes all of it.
        case before(TimePoint, isInclusive: Bool)
        /// From the start of one time to another: `_time:[a,b]`, which includes all of `b`. A parenthesis excludes
        /// the start of `a`, or all of `b`.
        case between(TimePoint, includesLower: Bool, TimePoint, includesUpper: Bool)
    }

    /// The range.
    package var range: Range
    /// How far back the range is moved, nanoseconds.
    package var offset: Int64

    /// Makes a time filter.
    package init(_ range: Range, offset: Int64 = 0) {
        self.range = range
        self.offset = offset
    }

    /// The first and the last nanosecond that pass; nil when none does.
    package func bounds(now: Timestamp) -> ClosedRange<Int64>? {
        func ago(_ nanoseconds: Int64) -> Int64 { now.adding(nanoseconds: -nanoseconds).nanoseconds }
        func next(_ time: Int64) -> Int64 { Timestamp(nanoseconds: time).adding(nanoseconds: 1).nanoseconds }
        func previous(_ time: Int64) -> Int64 { Timestamp(nanoseconds: time).adding(nanoseconds: -1).nanoseconds }
        var low = Int64.min
        var high = Int64.max
        switch range {
        case .untilNow: high = now.nanoseconds
        case .last(let nanoseconds), .newerThan(let nanoseconds, isInclusive: false):
            low = next(ago(nanoseconds))
            high = now.nanoseconds
        case .newerThan(let nanoseconds, isInclusive: true):
            low = ago(nanoseconds)
            high = now.nanoseconds
        case .olderThan(let nanoseconds, let isInclusive):
            high = isInclusive ? ago(nanoseconds) : previous(ago(nanoseconds))
        case .during(let point):
            let period = point.bounds(now: now)
            low = period.lowerBound
            high = period.upperBound
        case .after(let point, let isInclusive):
            let start = point.bounds(now: now).lowerBound
            low = isInclusive ? start : next(start)
        case .before(let point, let isInclusive):
            let period = point.bounds(now: now)
            high = isInclusive ? period.upperBound : previous(period.lowerBound)
        case .between(let lower, let includesLower, let upper, let includesUpper):
            let start = lower.bounds(now: now).lowerBound
            let end = upper.bounds(now: now)
            low = includesLower ? start : next(start)
            high = includesUpper ? end.upperBound : previous(end.lowerBound)
        }
        // An open end stays open however far the range is moved.
        if low != .min { low = Timestamp(nanoseconds: low).adding(nanoseconds: -offset).nanoseconds }
        if high != .max { high = Timestamp(nanoseconds: high).adding(nanoseconds: -offset).nanoseconds }
        return low <= high ? low...high : nil
    }
}

extension TimeFilter: CustomStringConvertible {
    /// The filter in canonical form.
    package var description: String {
        func form(_ nanoseconds: Int64) -> String { Duration.nanoseconds(nanoseconds).logForm }
        var parts: [String] = []
        switch range {
        case .untilNow: break
        case .last(let nanoseconds): parts.append(form(nanoseconds))
        case .olderThan(let nanoseconds, let isInclusive): parts.append((isInclusive ? ">=" : ">") + form(nanoseconds))
        case .newerThan(let nanoseconds, let isInclusive): parts.append((isInclusive ? "<=" : "<") + form(nanoseconds))
        case .during(let point): parts.append(point.description)
        case .after(let point, let isInclusive): parts.append((isInclusive ? ">=" : ">") + point.description)
        case .before(let point, let isInclusive): parts.append((isInclusive ? "<=" : "<") + point.description)
        case .between(let lower, let includesLower, let upper, let includesUpper):
            parts.append((includesLower ? "[" : "(") + "\(lower),\(upper)" + (includesUpper ? "]" : ")"))
        }
        if offset != 0 || parts.isEmpty { parts.append("offset " + form(offset)) }
        return "_time:" + parts.joined(separator: " ")
    }
}

extension Parser {
    /// Reads what follows `_time:`.
    mutating func timeFilter() throws(QueryError) -> TimeFilter {
        var range = TimeFilter.Range.untilNow
        if !atKeyword("offset") { range = try timeRange() }
        guard takeKeyword("offset") else { return TimeFilter(range) }
        return TimeFilter(range, offset: try duration())
    }

    private mutating func timeRange() throws(QueryError) -> TimeFilter.Range {
        let start = current
        switch (start.kind, start.text) {
        case (.symbol, "["), (.symbol, "("):
            advance()
            return try timeInterval(includesLower: start.text == "[")
        case (.symbol, ">"), (.symbol, ">="), (.symbol, "<"), (.symbol, "<="):
            advance()
            let isInclusive = start.text.hasSuffix("=")
            let point = try timePoint()
            switch (point.agoNanoseconds, start.text.hasPrefix(">")) {
            case (let nanoseconds?, true): return .olderThan(nanoseconds: nanoseconds, isInclusive: isInclusive)
            case (let nanoseconds?, false): return .newerThan(nanoseconds: nanoseconds, isInclusive: isInclusive)
            case (nil, true): return .after(point.point, isInclusive: isInclusive)
            case (nil, false): return .before(point.point, isInclusive: isInclusive)
            }
        default:
            _ = takeSymbol("=")
            let point = try timePoint()
            if let nanoseconds = point.agoNanoseconds { return .last(nanoseconds: nanoseconds) }
            return .during(point.point)
        }
    }

    private mutating func timeInterval(includesLower: Bool) throws(QueryError) -> TimeFilter.Range {
        let lower = try timePoint().point
        try expect(",", "between the two times")
        let upper = try timePoint().point
        let end = current
        guard takeSymbol("]") || takeSymbol(")") else { throw unexpected(expected: ["]", ")"], "after the times") }
        return .between(lower, includesLower: includesLower, upper, includesUpper: end.text == "]")
    }

    /// Reads a time; a plain duration such as `5m` also as the nanoseconds it lies back.
    mutating func timePoint() throws(QueryError) -> (point: TimePoint, agoNanoseconds: Int64?) {
        let start = current
        let text = try value(stops: ",()[]{}|", "a duration such as 5m or a date such as 2025-06-15").description
        guard let point = TimePoint(text) else {
            throw failure(
                "`\(text.prefix(40))` is no time; write a duration such as 5m or 1h30m, or a date such as 2025-06-15 "
                    + "or 2025-06-15T14:00:00Z",
                from: start)
        }
        if case .relative(let nanoseconds) = point, !text.lowercased().hasPrefix("now") {
            return (point, nanoseconds == .min ? .max : abs(nanoseconds))
        }
        return (point, nil)
    }
}
