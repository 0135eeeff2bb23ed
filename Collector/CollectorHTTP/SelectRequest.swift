import HTTPTypes
import LineFormats
import LogModel
import QueryLanguage
import SystemIO

/// A request to one of `/select/logsql/*`: its parameters, from the query string or a form, and what they have in common.
struct SelectRequest: Sendable {
    /// Parameters that each of the routes takes.
    static let parameters = ["query", "start", "end", "time", "timeout", "extra_filters", "extra_stream_filters"]
    /// Filters that a request may bring beside its query.
    private static let maximumExtraFilters = 100
    private static let tenantHeaders = ["AccountID", "ProjectID"].compactMap { HTTPField.Name($0) }

    let parameters: FormParameters
    /// The time that the answer is about, where it is about one: `time`, else `end`, else now.
    let time: Timestamp
    /// The query, its times and the filters beside it.
    let job: QueryRunner.Job

    /// Reads a request. Of a parameter that comes in form and query string, the form's counts.
    ///
    /// - Throws: ``Problem`` for parameters that there are not, or that are not what they must be.
    init(_ exchange: Exchange, _ endpoint: Endpoint, _ runner: QueryRunner) async throws {
        var parameters = FormParameters()
        if endpoint.method == .post { parameters = try await Self.form(exchange, runner.limits.bodyBytes) }
        try endpoint.check(parameters)
        parameters.append(exchange.query)
        self.parameters = parameters
        // There is one tenant so far. Events of another must not look like this one's.
        for name in Self.tenantHeaders {
            guard let value = exchange.headers[name], !["", "0"].contains(value) else { continue }
            throw Problem.badValue(
                "\(name)", "there is one tenant, \(name) 0, and none of the number \(value.prefix(20))")
        }
        guard let text = parameters["query"], !text.isEmpty else {
            throw Problem.badValue(
                "query", "the parameter `query` is missing: give a query in LogsQL, `*` for everything")
        }
        let wall = Timestamp(nanoseconds: SystemClock.wallNanos())
        func moment(_ name: String) throws(Problem) -> Timestamp? {
            try QueryRequests.time(name, parameters[name], now: wall, isEnd: false)
        }
        let end = try moment("end")
        let asked = try moment("time") ?? end
        time = asked ?? wall
        let restriction = Filter.conjunction(
            try Self.extraFilters("extra_filters", parameters) { QueryRequests.filter(exactly: $0, $1) }
                + Self.extraFilters("extra_stream_filters", parameters) { name, values in
                    .stream(StreamSelector(alternatives: [[.init(name, .oneOf(values.map { QueryText($0) }))]]))
                })
        job = QueryRunner.Job(
            query: try QueryRequests.parse(text).restricted(to: restriction), from: try moment("start"),
            to: end.map { Self.end(of: $0).adding(nanoseconds: 1) }, timeout: try runner.timeout(parameters["timeout"]),
            // The first nanosecond of the next day is no part of the day that ends there.
            now: asked?.adding(nanoseconds: -1) ?? wall)
    }

    /// The job without pipes: which events it is about. Pipes that do not filter are left out, because the routes that
    /// count look at events as they are stored.
    var selection: QueryRunner.Job {
        var job = job
        job.query = Query(filter: job.query.selection)
        return job
    }

    func count(_ name: String, upTo maximum: Int = .max) throws(Problem) -> Int? {
        // 0 stands for none, as it does in VictoriaLogs.
        guard let count = try QueryRequests.count(name, parameters[name], upTo: maximum), count > 0 else { return nil }
        return count
    }

    /// The length of intervals, nanoseconds: a day when the request does not say.
    func step() throws(Problem) -> Int64 {
        let step = try QueryRequests.duration("step", parameters["step"]) ?? 86_400_000_000_000
        guard step > 0 else { throw .badValue("step", "step must be longer than zero") }
        return step
    }

    private static func form(_ exchange: Exchange, _ limit: Int) async throws -> FormParameters {
        switch exchange.mediaType {
        case "application/x-www-form-urlencoded": return FormParameters(try await exchange.bytes(limit: limit))
        case "" where !exchange.hasBody: return FormParameters()
        default:
            throw Problem(
                415, "unsupported-media-type", "The body is of a type that is not taken",
                "the parameters of a query come as application/x-www-form-urlencoded or in the query string",
                extra: [.init("field", .string("Content-Type"))])
        }
    }

    /// The last nanosecond of the second that a time names, or of its part when it has a fraction.
    private static func end(of time: Timestamp) -> Timestamp {
        for unit: Int64 in [1_000_000_000, 1_000_000, 1_000] where time.nanoseconds % unit == 0 {
            return time.adding(nanoseconds: unit - 1)
        }
        return time
    }

    /// Filters beside the query: LogsQL, or `{"field":"value","other":["one","of"]}`.
    private static func extraFilters(
        _ name: String, _ parameters: FormParameters, _ make: (String, [String]) -> Filter
    ) throws(Problem) -> [Filter] {
        let texts = parameters.all(name).filter { !$0.isEmpty }
        guard texts.count <= maximumExtraFilters else {
            throw .badValue(name, "\(name) is given \(texts.count) times, the limit is \(maximumExtraFilters)")
        }
        var filters: [Filter] = []
        for text in texts {
            guard text.hasPrefix("{\"") else {
                filters.append(try QueryRequests.filter(parsing: text, field: name))
                continue
            }
            guard let members = (try? JSONValue(parsing: text))?.members else {
                throw .badValue(name, "\(name) must be a filter in LogsQL, or an object such as {\"service\":\"cart\"}")
            }
            for member in members {
                guard !member.key.isEmpty else { throw .badValue(name, "\(name) has a member that names no field") }
                let values = member.value.string.map { [$0] } ?? member.value.array?.compactMap(\.string) ?? []
                guard !values.isEmpty, member.value.array.map({ $0.count == values.count }) ?? true else {
                    throw .badValue(
                        name, "`\(member.key.prefix(60))` in \(name) must be text, or a list of texts that is not empty"
                    )
                }
                filters.append(make(member.key, values))
            }
        }
        return filters
    }
}
