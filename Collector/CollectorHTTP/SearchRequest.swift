import LineFormats
import LogModel
import QueryEngine
import QueryLanguage
import SystemIO

/// The body of a search or an aggregation: one JSON object. What it does not know is refused with the nearest it knows.
struct SearchRequest: Sendable {
    private static let common = ["query", "filters", "time_range", "timeout"]
    private static let known: [String: [String]] = [
        "/v1/search": common + ["sort", "limit", "cursor"],
        "/v1/aggregate": common + ["group_by", "interval", "metric"],
    ]

    private let body: JSONValue

    init(_ exchange: Exchange, limit: Int) async throws {
        // What curl -d says of any body counts too: who types a query at night does not type headers.
        guard ["application/json", "", "application/x-www-form-urlencoded"].contains(exchange.mediaType) else {
            throw Problem(
                415, "unsupported-media-type", "The body is of a type that is not taken",
                "Content-Type must be application/json, not \(exchange.mediaType.prefix(80))",
                extra: [.init("field", .string("Content-Type"))])
        }
        let bytes = try await exchange.bytes(limit: limit)
        do {
            body = try JSONValue(parsing: bytes)
        } catch {
            throw Problem.badJSON(error, in: bytes)
        }
        guard let members = body.members else {
            throw Problem.badJSON(JSONError(offset: 0, message: "an object is needed"), in: bytes)
        }
        let names = Self.known[exchange.path] ?? []
        for member in members where !names.contains(member.key) {
            let nearest = KnownNames.nearest(to: member.key, among: names)
            throw Problem.badValue(
                member.key,
                "there is no `\(member.key.prefix(60))` here" + (nearest.map { ": did you mean `\($0)`?" } ?? ""),
                nearest: nearest)
        }
    }

    /// A member that is there and not null.
    private func member(_ name: String) -> JSONValue? {
        guard let value = body[name], value != .null else { return nil }
        return value
    }

    private func text(_ name: String) throws(Problem) -> String? {
        guard let value = member(name) else { return nil }
        guard let text = value.string else { throw .badValue(name, "`\(name)` must be text") }
        return text
    }

    /// Query, filters and times.
    func job(_ runner: QueryRunner, use: String) throws(Problem) -> QueryRunner.Job {
        let now = Timestamp(nanoseconds: SystemClock.wallNanos())
        // In search and in the counts beside it, so that they agree.
        var filters = [try QueryRequests.filter(try text("query"), for: use).caseInsensitiveWords()]
        if let value = member("filters") {
            guard let members = value.members else {
                throw .badValue("filters", "`filters` must be an object such as {\"service\":\"cart\"}")
            }
            for member in members { filters.append(try self.filter(member)) }
        }
        let range = member("time_range")
        if range != nil, range?.members == nil {
            throw .badValue("time_range", "`time_range` must be an object with `from` and `to`")
        }
        for member in range?.members ?? [] where member.key != "from" && member.key != "to" {
            throw .badValue("time_range.\(member.key)", "`time_range` has only `from` and `to`")
        }
        return QueryRunner.Job(
            query: Query(filter: .conjunction(filters)), from: try time("from", range, now),
            to: try time("to", range, now),
            timeout: try runner.timeout(try text("timeout")), now: now)
    }

    private func time(_ name: String, _ range: JSONValue?, _ now: Timestamp) throws(Problem) -> Timestamp? {
        switch range?[name] {
        case nil, .null: return nil
        case .string(let text), .number(let text):
            return try QueryRequests.time("time_range.\(name)", text, now: now, isEnd: false)
        default: throw .badValue("time_range.\(name)", "`time_range.\(name)` must be a time")
        }
    }

    private func filter(_ member: JSONValue.Member) throws(Problem) -> Filter {
        let name = "filters.\(member.key)"
        func scalar(_ value: JSONValue) throws(Problem) -> String {
            switch value {
            case .string(let text), .number(let text): return text
            case .bool(let value): return value ? "true" : "false"
            default: throw .badValue(name, "`\(name)` must be text, a number, or a list of these")
            }
        }
        guard let list = member.value.array else {
            return QueryRequests.filter(member.key, [try scalar(member.value)])
        }
        guard !list.isEmpty else { throw .badValue(name, "`\(name)` is an empty list: leave it out, or name a value") }
        var values: [String] = []
        for value in list { values.append(try scalar(value)) }
        return QueryRequests.filter(member.key, values)
    }

    func limit(upTo maximum: Int) throws(Problem) -> Int? {
        guard let value = member("limit") else { return nil }
        guard case .number(let text) = value else { throw .badValue("limit", "`limit` must be a whole number") }
        return try QueryRequests.count("limit", text, upTo: maximum)
    }

    func order() throws(Problem) -> RowOrder {
        switch try text("sort") {
        case nil, "desc": return .newestFirst
        case "asc": return .oldestFirst
        case let other?: throw .badValue("sort", "`sort` must be asc or desc, not `\(other.prefix(40))`")
        }
    }

    func cursor() throws(Problem) -> RowCursor? {
        guard let text = try text("cursor") else { return nil }
        guard let cursor = RowCursor(text: text) else {
            throw .badValue("cursor", "`cursor` is none that this collector has handed out: begin without one")
        }
        return cursor
    }

    func groupBy() throws(Problem) -> [String] {
        guard let value = member("group_by") else { return [] }
        guard let list = value.array else {
            throw .badValue("group_by", "`group_by` must be a list of names of fields")
        }
        var names: [String] = []
        for element in list {
            guard let name = element.string, !name.isEmpty else {
                throw .badValue("group_by", "`group_by` must be a list of names of fields")
            }
            if names.contains(name) { throw .badValue("group_by", "`group_by` names `\(name)` twice") }
            names.append(name)
        }
        guard names.count <= 16 else {
            throw .badValue("group_by", "`group_by` may have 16 fields, not \(names.count)")
        }
        return names
    }

    /// Nanoseconds, or nil for no intervals.
    func interval() throws(Problem) -> Int64? {
        guard let text = try text("interval") else { return nil }
        guard let duration = Duration(logForm: text), duration.wholeNanoseconds > 0 else {
            throw .badValue("interval", "`interval` must be a duration such as 5m, not `\(text.prefix(40))`")
        }
        return duration.wholeNanoseconds
    }

    func checkMetric() throws(Problem) {
        guard let metric = try text("metric"), metric != "count" else { return }
        throw .badValue("metric", "`metric` can only be count, not `\(metric.prefix(40))`", nearest: "count")
    }
}
