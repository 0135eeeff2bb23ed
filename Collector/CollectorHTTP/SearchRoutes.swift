import ByteCoding
import HTTPTypes
import HummingbirdCore
import LineFormats
import LogModel
import QueryEngine
import QueryLanguage
import SystemIO

/// `POST /v1/search`, pages of events, and `POST /v1/aggregate`, numbers by fields and intervals.
struct SearchRoutes: Sendable {
    private static let common = ["query", "filters", "time_range", "timeout"]
    static let search = Endpoint(.post, "/v1/search", members: common + ["sort", "limit", "cursor", "stream"])

    let runner: QueryRunner

    func add(to router: inout Router) {
        let search = Self.search
        let aggregate = Endpoint(
            .post, "/v1/aggregate",
            members: Self.common + ["group_by", "interval", "metric", "empty_buckets", "stream"])
        let limit = runner.limits.bodyBytes
        router.add(search, bodyLimit: limit) { exchange in
            try await self.search(try await SearchRequest(exchange, search, limit: limit))
        }
        router.add(aggregate, bodyLimit: limit) { exchange in
            try await self.aggregate(try await SearchRequest(exchange, aggregate, limit: limit))
        }
    }

    private func search(_ request: SearchRequest) async throws -> Response {
        let start = SystemClock.monotonicNanos()
        var terms = try request.terms(for: "/v1/search")
        try terms.take(cursor: try request.text("cursor"))
        if try request.flag("stream") {
            return try await SearchStream(runner: runner).answer(
                terms, limit: try request.limit(upTo: SearchStream.mostRows) ?? 100,
                timeout: try request.timeout(runner), since: start)
        }
        let page = try await SearchPages(runner: runner).page(
            terms, limit: try request.limit(upTo: runner.limits.searchRows) ?? 100,
            timeout: try request.timeout(runner),
            form: "log"
        ) { $0.writeLog($1, to: &$2) }
        return .json(200, page.document(hits: "hits", since: start))
    }

    private func aggregate(_ request: SearchRequest) async throws -> Response {
        let start = SystemClock.monotonicNanos()
        let terms = try request.terms(for: "/v1/aggregate")
        let answer = AggregateAnswer(request: try AggregateRequest(request))
        let now = Timestamp(nanoseconds: SystemClock.wallNanos())
        let job = try terms.job([answer.pipe], timeout: try request.timeout(runner), now: now)
        if try request.flag("stream") {
            return try await AggregateStream(runner: runner).answer(answer, job, since: start)
        }
        let (table, summary) = try await runner.table(job)
        var writer = ByteWriter(capacity: 1 << 12)
        try answer.write(table, summary, job, runner, since: start, to: &writer)
        return .json(200, writer.array())
    }
}
