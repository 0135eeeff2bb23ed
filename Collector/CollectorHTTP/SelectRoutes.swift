import QueryEngine
import LineFormats
import HTTPTypes
import HummingbirdCore
import LogModel
import SystemIO

/// `GET` and `POST /select/logsql/query`: LogsQL in, a line of JSON for each row out, as it is found.
struct SelectRoutes: Sendable {
    let runner: QueryRunner

    func add(to router: inout Router) {
        router.add(.get, "/select/logsql/query") { try await select($0.query) }
        router.add(.post, "/select/logsql/query", bodyLimit: runner.limits.bodyBytes) { exchange in
            var parameters = exchange.query
            switch exchange.mediaType {
            case "application/x-www-form-urlencoded":
                parameters.append(FormParameters(try await exchange.bytes(limit: runner.limits.bodyBytes)))
            case "" where !exchange.hasBody: break
            default:
                throw Problem(
                    415, "unsupported-media-type", "The body is of a type that is not taken",
                    "the parameters of a query come as application/x-www-form-urlencoded or in the query string",
                    extra: [.init("field", .string("Content-Type"))])
            }
            return try await select(parameters)
        }
    }

    private func select(_ parameters: FormParameters) async throws -> Response {
        guard let text = parameters["query"] else {
            throw Problem.badValue(
                "query", "the parameter `query` is missing: give a query in LogsQL, `*` for everything")
        }
        let now = Timestamp(nanoseconds: SystemClock.wallNanos())
        let query = try QueryRequests.parse(text)
        let end = try QueryRequests.time("end", parameters["end"], now: now, isEnd: true)
        // VictoriaLogs takes 0 for no limit.
        let limit = try QueryRequests.count("limit", parameters["limit"]).flatMap { $0 == 0 ? nil : $0 }
        let job = QueryRunner.Job(
            query: query, from: try QueryRequests.time("start", parameters["start"], now: now, isEnd: false),
            to: end?.adding(nanoseconds: 1), limit: limit, order: limit == nil ? .any : .newestFirst,
            timeout: try runner.timeout(parameters["timeout"]), now: now)
        return try await runner.stream(job, type: "application/stream+json") { block, writer in
            block.writeLines(to: &writer)
        }
    }
}
