import CollectorRuntime
import LineFormats
import Testing

@Suite(.timeLimit(.minutes(15)))
struct CollectorRefusalTests {
    struct Refusal: Sendable, CustomTestStringConvertible {
        var method = "POST"
        var target: String
        var headers: [String] = []
        var body = ""
        var status: Int
        var slug: String
        var members: [String: JSONValue] = [:]
        var testDescription: String { "\(method) \(target) \(body)" }
    }

    static let json = ["Content-Type: application/json"]

    @Test(arguments: [
        Refusal(method: "GET", target: "/v2/nothing", status: 404, slug: "unknown-route"),
        Refusal(
            method: "GET", target: "/v1/Health", status: 404, slug: "unknown-route", members: ["nearest": "/health"]),
        Refusal(
            method: "GET", target: "/v1/serch", status: 404, slug: "unknown-route", members: ["nearest": "/v1/search"]),
        Refusal(method: "GET", target: "/", status: 404, slug: "unknown-route"),
        Refusal(method: "GET", target: "/v1/ingest", status: 405, slug: "method-not-allowed"),
        Refusal(method: "DELETE", target: "/v1/search", status: 405, slug: "method-not-allowed"),
        Refusal(
            target: "/v1/ingest", body: "{}", status: 415, slug: "unsupported-media-type",
            members: ["field": "Content-Type"]),
        Refusal(
            target: "/v1/ingest", headers: json + ["Content-Encoding: gzip"], body: "{}", status: 415,
            slug: "unsupported-media-type", members: ["field": "Content-Encoding"]),
        Refusal(
            target: "/v1/ingest", headers: json, body: "{\n\"logs\":[}", status: 400, slug: "malformed-body",
            members: ["line": 2, "column": 9, "offset": 10]),
        Refusal(
            target: "/v1/ingest", headers: json + ["Content-Encoding: zstd"], body: "nope", status: 400,
            slug: "malformed-body"),
        Refusal(
            target: "/v1/ingest", headers: ["Content-Type: application/vnd.lodge.batch"], body: "nope", status: 400,
            slug: "malformed-body"),
        Refusal(
            target: "/v1/ingest", headers: json + ["Lodge-Agent: a"], body: "{}", status: 400, slug: "malformed-body",
            members: ["field": "Lodge-Epoch"]),
        Refusal(
            target: "/v1/search", headers: json, body: #"{"query":"a and"}"#, status: 400, slug: "bad-query",
            members: ["line": 1, "field": "query"]),
        Refusal(
            target: "/v1/search", headers: json, body: #"{"query":"a | limit 5"}"#, status: 400, slug: "bad-value",
            members: ["field": "query"]),
        Refusal(
            target: "/v1/search", headers: json, body: #"{"querry":"a"}"#, status: 400, slug: "bad-value",
            members: ["nearest": "query"]),
        Refusal(
            target: "/v1/search", headers: json, body: #"{"limit":1000000}"#, status: 400, slug: "bad-value",
            members: ["limit": 10_000]),
        Refusal(target: "/v1/search", headers: json, body: #"{"limit":-1}"#, status: 400, slug: "bad-value"),
        Refusal(
            target: "/v1/search", headers: json, body: #"{"cursor":"x"}"#, status: 400, slug: "bad-value",
            members: ["field": "cursor"]),
        Refusal(target: "/v1/search", headers: json, body: #"{"sort":"up"}"#, status: 400, slug: "bad-value"),
        Refusal(
            target: "/v1/search", headers: json, body: #"{"filters":{"a":{}}}"#, status: 400, slug: "bad-value",
            members: ["field": "filters.a"]),
        Refusal(
            target: "/v1/search", headers: json, body: #"{"filters":{"meta.":1}}"#, status: 400, slug: "bad-value",
            members: ["field": "filters.meta."]),
        Refusal(
            target: "/v1/search", headers: json, body: #"{"time_range":{"from":"noon"}}"#, status: 400,
            slug: "bad-value", members: ["field": "time_range.from"]),
        Refusal(target: "/v1/search", headers: json, body: "[1", status: 400, slug: "malformed-body"),
        Refusal(
            target: "/v1/search", headers: ["Content-Type: text/csv"], body: "{}", status: 415,
            slug: "unsupported-media-type"),
        Refusal(
            target: "/v1/aggregate", headers: json, body: #"{"metric":"summ(a)"}"#, status: 400, slug: "bad-value",
            members: ["nearest": "sum"]),
        Refusal(target: "/v1/aggregate", headers: json, body: #"{"metric":"sum"}"#, status: 400, slug: "bad-value"),
        Refusal(target: "/v1/aggregate", headers: json, body: #"{"metric":"sum(a"}"#, status: 400, slug: "bad-value"),
        Refusal(
            target: "/v1/aggregate", headers: json, body: #"{"metric":"quantile(2, a)"}"#, status: 400,
            slug: "bad-value", members: ["field": "metric"]),
        Refusal(
            target: "/v1/aggregate", headers: json, body: #"{"metric":["count","count"]}"#, status: 400,
            slug: "bad-value", members: ["field": "metric"]),
        Refusal(
            target: "/v1/aggregate", headers: json, body: #"{"empty_buckets":true}"#, status: 400,
            slug: "bad-value", members: ["field": "empty_buckets"]),
        Refusal(
            target: "/v1/aggregate", headers: json,
            body: #"{"empty_buckets":true,"interval":"1ns","time_range":{"from":"1678","to":"2261"}}"#, status: 400,
            slug: "bad-value", members: ["field": "empty_buckets", "limit": 100_000]),
        Refusal(target: "/v1/aggregate", headers: json, body: #"{"interval":"soon"}"#, status: 400, slug: "bad-value"),
        Refusal(
            target: "/v1/aggregate", headers: json, body: #"{"group_by":["a","a"]}"#, status: 400, slug: "bad-value"),
        Refusal(
            method: "GET", target: "/select/logsql/query", status: 400, slug: "bad-value", members: ["field": "query"]),
        Refusal(method: "GET", target: "/select/logsql/query?query=*&limit=x", status: 400, slug: "bad-value"),
        Refusal(method: "GET", target: "/select/logsql/query?query=*&start=noon", status: 400, slug: "bad-value"),
        Refusal(
            method: "GET", target: "/select/logsql/query?query=*%7Cstast", status: 400, slug: "bad-query",
            members: ["nearest": "stats"]),
        Refusal(
            method: "GET", target: "/select/logsql/query?query=*&limti=1", status: 400, slug: "bad-value",
            members: ["field": "limti", "nearest": "limit"]),
        Refusal(
            method: "GET", target: "/select/logsql/hits?query=*&allow_partial_response=1", status: 400,
            slug: "bad-value", members: ["field": "allow_partial_response"]),
        Refusal(
            target: "/select/logsql/hits", headers: ["Content-Type: application/x-www-form-urlencoded"],
            body: "query=*&hidden_fields_filters=a", status: 400, slug: "bad-value",
            members: ["field": "hidden_fields_filters"]),
        Refusal(
            method: "GET", target: "/select/logsql/streams?query=*", headers: ["AccountID: 12"], status: 400,
            slug: "bad-value", members: ["field": "AccountID"]),
        Refusal(
            method: "GET", target: "/select/logsql/hits?query=*&step=0s", status: 400, slug: "bad-value",
            members: ["field": "step"]),
        Refusal(
            method: "GET", target: "/select/logsql/hits?query=*&field=a&field=a", status: 400, slug: "bad-value",
            members: ["field": "field"]),
        Refusal(
            method: "GET", target: "/select/logsql/field_values?query=*", status: 400, slug: "bad-value",
            members: ["field": "field"]),
        Refusal(
            method: "GET", target: "/select/logsql/stats_query?query=*", status: 400, slug: "bad-value",
            members: ["field": "query"]),
        Refusal(
            method: "GET", target: "/select/logsql/stats_query_range?query=*%7Ccount()%20n%7Climit%201", status: 400,
            slug: "bad-value", members: ["field": "query"]),
        Refusal(
            method: "GET", target: "/select/logsql/query?query=*&extra_filters=a:(", status: 400, slug: "bad-query",
            members: ["field": "extra_filters"]),
        Refusal(
            method: "GET", target: "/select/logsql/query?query=*&extra_filters=%7B%22a%22:%5B%5D%7D", status: 400,
            slug: "bad-value", members: ["field": "extra_filters"]),
        Refusal(
            method: "GET", target: "/select/logsql/query?query=*&extra_filters=%7B%22%22:%22a%22%7D", status: 400,
            slug: "bad-value", members: ["field": "extra_filters"]),
        Refusal(
            target: "/api/v1/logs", headers: json, body: "{\n\"level\":\"INFO\"}", status: 400, slug: "malformed-body",
            members: ["line": 1]),
        Refusal(target: "/api/v1/logs", headers: json, body: "[]", status: 400, slug: "malformed-body"),
        Refusal(target: "/api/v1/logs/batch", headers: json, body: "{}", status: 400, slug: "malformed-body"),
        Refusal(
            target: "/api/v1/logs", headers: json, body: #"{"message":"a","timestamp":"noon"}"#, status: 400,
            slug: "bad-value"),
        Refusal(
            method: "GET", target: "/api/v1/logs?page=2", status: 400, slug: "bad-value", members: ["field": "page"]),
        Refusal(
            method: "GET", target: "/api/v1/logs?size=1000000", status: 400, slug: "bad-value",
            members: ["field": "size", "limit": 10_000]),
        Refusal(
            target: "/select/logsql/query", headers: ["Content-Type: text/plain"], body: "query=*", status: 415,
            slug: "unsupported-media-type"),
        Refusal(method: "GET", target: "/v1/tail?query=a%7Ccount()", status: 400, slug: "bad-value"),
        Refusal(method: "GET", target: "/v1/tail?max_rate=x", status: 400, slug: "bad-value"),
        Refusal(method: "GET", target: "/v1/tail", headers: ["Last-Event-ID: x"], status: 400, slug: "bad-value"),
    ])
    func whatIsRefusedSaysWhy(_ refusal: Refusal) async throws {
        let server = try await TestServer()
        let answer = try await server.send(
            refusal.method, refusal.target, refusal.headers, Array(refusal.body.utf8))
        #expect(answer.status == refusal.status, "\(answer)")
        #expect(answer.headers["content-type"] == "application/problem+json")
        #expect(answer.json?["type"]?.string == "/problems/\(refusal.slug)")
        #expect(answer.json?["status"]?.int == refusal.status)
        #expect(answer.json?["title"]?.string?.isEmpty == false)
        #expect(answer.json?["detail"]?.string?.isEmpty == false)
        for (name, value) in refusal.members { #expect(answer.json?[name] == value, "\(name): \(answer)") }
        if refusal.status == 405 { #expect(answer.headers["allow"]?.isEmpty == false) }
        await server.end()
    }
}
