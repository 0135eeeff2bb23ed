import LineFormats
import LogModel
import QueryEngine
import QueryLanguage

/// The parts that requests for events have in common.
enum QueryRequests {
    /// Parses LogsQL; a mistake becomes a problem with its place and a caret under it.
    static func parse(_ text: String) throws(Problem) -> Query {
        do throws(QueryError) {
            return try Query(parsing: text)
        } catch {
            throw problem(error, text, field: "query")
        }
    }

    /// Parses LogsQL that is a filter without pipes.
    static func filter(parsing text: String, field: String) throws(Problem) -> Filter {
        do throws(QueryError) {
            return try Filter(parsing: text)
        } catch {
            throw problem(error, text, field: field)
        }
    }

    /// Parses LogsQL that may only select, as search and tail take it; nothing selects everything.
    static func filter(_ text: String?, for use: String) throws(Problem) -> Filter {
        guard let text, text.contains(where: { !$0.isWhitespace }) else { return .all }
        let query = try parse(text)
        var filters = [query.filter]
        for pipe in query.pipes {
            guard case .filter(let filter) = pipe else {
                throw .badValue(
                    "query", "\(use) takes filters only, not `| \(pipe)`: use /select/logsql/query for pipes")
            }
            filters.append(filter.filter)
        }
        return .conjunction(filters)
    }

    private static func problem(_ error: QueryError, _ text: String, field: String) -> Problem {
        var extra: [JSONValue.Member] = [
            .init("line", .integer(error.line)), .init("column", .integer(error.column)),
            .init("offset", .integer(error.offset)), .init("field", .string(field)),
        ]
        if let nearest = error.nearest { extra.append(.init("nearest", .string(nearest))) }
        return Problem(400, "bad-query", "The query cannot be read", error.rendered(in: text), extra: extra)
    }

    /// The first or the last moment of a time such as `2025-06-15`, `now-1h`, `5m` (ago), or an epoch number.
    static func time(_ field: String, _ text: String?, now: Timestamp, isEnd: Bool) throws(Problem) -> Timestamp? {
        guard let text, !text.isEmpty else { return nil }
        guard let point = TimePoint(text) else {
            throw .badValue(
                field,
                "`\(text.prefix(60))` is no time: write RFC 3339 such as 2025-06-15T14:00:00Z, a date, a number of "
                    + "seconds since the epoch, or a duration such as 15m for that long ago")
        }
        let bounds = point.bounds(now: now)
        return Timestamp(nanoseconds: isEnd ? bounds.upperBound : bounds.lowerBound)
    }

    /// Nanoseconds of a duration such as `5m` or of a number of seconds; nil when there is none.
    static func duration(_ field: String, _ text: String?) throws(Problem) -> Int64? {
        guard let text, !text.isEmpty else { return nil }
        if let duration = Duration(logForm: text) { return duration.wholeNanoseconds }
        if let seconds = Double(text), seconds.magnitude < 9e9 { return Int64((seconds * 1e9).rounded()) }
        throw .badValue(
            field, "\(field) must be a duration such as 5m or a number of seconds, not `\(text.prefix(40))`")
    }

    /// A yes or no; nil when there is none.
    static func flag(_ field: String, _ text: String?) throws(Problem) -> Bool? {
        switch text?.lowercased() {
        case nil, "": return nil
        case "1", "t", "true", "y", "yes", "on": return true
        case "0", "f", "false", "n", "no", "off": return false
        case let other?: throw .badValue(field, "\(field) must be true or false, not `\(other.prefix(40))`")
        }
    }

    /// The order of events by time, the newest first when there is none.
    static func order(_ field: String, _ text: String?) throws(Problem) -> RowOrder {
        switch text {
        case nil, "desc": return .newestFirst
        case "asc": return .oldestFirst
        case let other?: throw .badValue(field, "`\(field)` must be asc or desc, not `\(other.prefix(40))`")
        }
    }

    /// A whole number from 0; nil when there is none.
    static func count(_ field: String, _ text: String?, upTo maximum: Int = .max) throws(Problem) -> Int? {
        guard let text, !text.isEmpty else { return nil }
        guard let number = Int(text), number >= 0 else {
            throw .badValue(field, "\(field) must be a whole number, not `\(text.prefix(40))`")
        }
        guard number <= maximum else {
            var problem = Problem.badValue(field, "\(field) is \(number), the limit is \(maximum)")
            problem.extra.append(.init("limit", .integer(maximum)))
            throw problem
        }
        return number
    }

    /// The test that a value of `filters` stands for. A level is meant in any spelling of its letters.
    static func filter(_ name: String, _ values: [String]) -> Filter {
        let field = Filter.fieldName(forResponseName: name)
        if field == FieldName.level {
            return .disjunction(values.map { .field(field, .containing(QueryText($0), ignoringCase: true)) })
        }
        return filter(exactly: field, values)
    }

    /// The test that a field has one of some values, to the letter.
    static func filter(exactly field: String, _ values: [String]) -> Filter {
        if values.count == 1 { return .field(field, values[0].isEmpty ? .empty : .exact(QueryText(values[0]))) }
        return .field(field, .oneOf(values.map { QueryText($0) }))
    }

    /// `filter` without its times: who follows the log wants what comes now.
    static func withoutTimes(_ filter: Filter) -> Filter {
        switch filter {
        case .time: .all
        case .and(let members): .conjunction(members.map { withoutTimes($0) })
        case .or(let members): .disjunction(members.map { withoutTimes($0) })
        case .not(let inner): hasTime(inner) ? .all : .negation(inner)
        case .all, .field, .stream, .clock, .comparison, .subquery: filter
        }
    }

    private static func hasTime(_ filter: Filter) -> Bool {
        switch filter {
        case .time: true
        case .and(let members), .or(let members): members.contains { hasTime($0) }
        case .not(let inner): hasTime(inner)
        case .all, .field, .stream, .clock, .comparison, .subquery: false
        }
    }
}
