import HTTPTypes
import HummingbirdCore
import LineFormats
import LogModel
import QueryEngine
import QueryLanguage

/// `GET` and `POST /select/logsql/*`: LogsQL in, the JSON of VictoriaLogs out.
struct SelectRoutes: Sendable {
    let runner: QueryRunner

    func add(to router: inout Router) {
        add("query", ["limit", "explain"], to: &router, query)
        add("hits", ["step", "offset", "field", "fields_limit"], to: &router, hits)
        add("facets", ["limit", "max_values_per_field", "max_value_len", "keep_const_fields"], to: &router, facets)
        add("stats_query", [], to: &router, stats)
        add("stats_query_range", ["step"], to: &router, statsRange)
        add("field_names", [], to: &router, fieldNames)
        add("field_values", ["field", "limit"], to: &router) { request in
            try await values(request, of: try fieldName(request))
        }
        add("streams", ["limit"], to: &router) { try await values($0, of: FieldName.stream) }
        add("stream_ids", ["limit"], to: &router) { try await values($0, of: FieldName.streamID) }
        add("stream_field_names", [], to: &router) { request in
            try await labels(request) { name, _ in Array(name.utf8) }
        }
        add("stream_field_values", ["field", "limit"], to: &router) { request in
            let wanted = try fieldName(request)
            return try await labels(request) { name, value in name == wanted ? value : nil }
        }
    }

    private func add(
        _ name: String, _ parameters: [String], to router: inout Router,
        _ answer: @escaping @Sendable (SelectRequest) async throws -> Response
    ) {
        let get = Endpoint(.get, "/select/logsql/\(name)", parameters: SelectRequest.parameters + parameters)
        let post = get.by(.post)
        router.add(get) { try await answer(try await SelectRequest($0, get, runner)) }
        router.add(post, bodyLimit: runner.limits.bodyBytes) {
            try await answer(try await SelectRequest($0, post, runner))
        }
    }

    /// A line of JSON for each row, sent as they are found. With a limit the newest come, the newest first.
    private func query(_ request: SelectRequest) async throws -> Response {
        var job = request.job
        job.limit = try request.count("limit")
        job.order = job.limit == nil ? .any : .newestFirst
        if try QueryRequests.flag("explain", request.parameters["explain"]) ?? false {
            return try await runner.explain(job)
        }
        return try await runner.stream(job, type: "application/stream+json") { block, writer in
            block.writeLines(to: &writer)
        }
    }

    private func fieldName(_ request: SelectRequest) throws(Problem) -> String {
        guard let name = request.parameters["field"], !name.isEmpty else {
            throw .badValue("field", "the parameter `field` is missing: name the field whose values are wanted")
        }
        return name
    }
}
