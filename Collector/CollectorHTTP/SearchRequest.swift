import LineFormats
import LogModel
import QueryEngine
import QueryLanguage
import SystemIO

/// The body of a search or an aggregation: one JSON object. What it does not know is refused with the nearest it knows.
struct SearchRequest: Sendable {
    let body: JSONValue

    init(_ exchange: Exchange, _ endpoint: Endpoint, limit: Int) async throws {
        try Self.checkType(exchange)
        try self.init(body: try await exchange.bytes(limit: limit), endpoint)
    }

    init(body bytes: [UInt8], _ endpoint: Endpoint) throws(Problem) {
        body = try Self.object(bytes)
        try endpoint.check(members: (body.members ?? []).map(\.key))
    }

    /// Takes what says that it is JSON, and what says nothing.
    static func checkType(_ exchange: Exchange) throws(Problem) {
        // What curl -d says of any body counts too: who types a query at night does not type headers.
        guard ["application/json", "", "application/x-www-form-urlencoded"].contains(exchange.mediaType) else {
            throw Problem(
                415, "unsupported-media-type", "The body is of a type that is not taken",
                "Content-Type must be application/json, not \(exchange.mediaType.prefix(80))",
                extra: [.init("field", .string("Content-Type"))])
        }
    }

    private static func object(_ bytes: [UInt8]) throws(Problem) -> JSONValue {
        do throws(JSONError) {
            let value = try JSONValue(parsing: bytes)
            if value.members != nil { return value }
            throw JSONError(offset: 0, message: "an object is needed")
        } catch {
            throw .badJSON(error, in: bytes)
        }
    }

    /// A member that is there and not null.
    func member(_ name: String) -> JSONValue? {
        guard let value = body[name], value != .null else { return nil }
        return value
    }

    func text(_ name: String) throws(Problem) -> String? {
        guard let value = member(name) else { return nil }
        guard let text = value.string else { throw .badValue(name, "`\(name)` must be text") }
        return text
    }

    /// A member that is true or false; false when it is not there.
    func flag(_ name: String) throws(Problem) -> Bool {
        guard let value = member(name) else { return false }
        guard let flag = value.bool else { throw .badValue(name, "`\(name)` must be true or false") }
        return flag
    }

    /// What is searched for; `use` is the route, for problems.
    func terms(for use: String) throws(Problem) -> SearchTerms {
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
        return SearchTerms(
            filter: .conjunction(filters), from: try time("from", range), to: try time("to", range),
            order: try QueryRequests.order("sort", try text("sort")))
    }

    /// How long it may take.
    func timeout(_ runner: QueryRunner) throws(Problem) -> Duration { try runner.timeout(try text("timeout")) }

    private func time(_ name: String, _ range: JSONValue?) throws(Problem) -> String? {
        switch range?[name] {
        case nil, .null: return nil
        case .string(let text), .number(let text): return text
        default: throw .badValue("time_range.\(name)", "`time_range.\(name)` must be a time")
        }
    }

    private func filter(_ member: JSONValue.Member) throws(Problem) -> Filter {
        let name = "filters.\(member.key)"
        guard !Filter.fieldName(forResponseName: member.key).isEmpty else {
            throw .badValue(name, "`filters` has a member that names no field")
        }
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
}
