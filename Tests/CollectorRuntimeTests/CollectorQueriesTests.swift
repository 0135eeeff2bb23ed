import CollectorHTTP
import CollectorRuntime
import LineFormats
import QueryAdmission
import Settings
import TestSupport
import Testing

/// Queries that would not end for hours: what ends them, and what is left behind.
@Suite(.timeLimit(.minutes(15)))
struct CollectorQueriesTests {
    /// Billions of rows of few events.
    private static let endless = "* | join by (v) (*) | join by (v) (*) | join by (v) (*) | stats count() n"

    private func server(_ change: (inout QueryLimits) -> Void = { _ in }) async throws -> TestServer {
        var limits = QueryLimits()
        limits.admission.running = 1
        limits.timeout = .seconds(600)
        change(&limits)
        let server = try await TestServer(queries: limits)
        let lines = (0..<300).map { #"{"_msg":"\#($0)","v":"x"}"# }.joined(separator: "\n")
        guard try await server.send("POST", "/insert/jsonline", [], Array(lines.utf8)).status == 200 else {
            throw TestFailure("events are taken")
        }
        return server
    }

    private static func form(_ query: String) -> String {
        "/select/logsql/query?query="
            + query.utf8.map { byte in
                let text = String(byte, radix: 16)
                return "%" + (text.count == 1 ? "0" : "") + text
            }.joined()
    }

    private func list(_ server: TestServer) async throws -> [JSONValue] {
        try await server.send("GET", "/v1/queries").json?["queries"]?.array ?? []
    }

    /// Sends a request whose answer does not come for long, and waits until its query runs.
    private func begin(_ server: TestServer, _ send: @escaping @Sendable (TestClient) throws -> Void) async throws
        -> TestClient
    {
        let client = try await offPool { [port = server.port] in
            let client = try TestClient(port: port)
            try send(client)
            return client
        }
        try await eventually("the query runs") { try await list(server).contains { $0["state"]?.string == "running" } }
        return client
    }

    private func selecting(_ client: TestClient) throws { try client.send("GET", Self.form(Self.endless)) }

    /// A search by the native API takes no pipes: its subquery is what does not end.
    private func searching(_ client: TestClient) throws {
        let body = #"{"query":"v:in(\#(Self.endless) | fields n)","timeout":"600s"}"#
        try client.send("POST", "/v1/search", ["Content-Type: application/json"], Array(body.utf8))
    }

    private func counting(_ client: TestClient) throws {
        let body = #"{"query":"v:in(\#(Self.endless) | fields n)","timeout":"600s","group_by":["v"]}"#
        try client.send("POST", "/v1/aggregate", ["Content-Type: application/json"], Array(body.utf8))
    }

    @Test(arguments: 0..<3)
    func aClientThatGoesAwayFreesItsThread(route: Int) async throws {
        let server = try await server()
        do {
            _ = try await begin(server) { client in
                try [selecting, searching, counting][route](client)
            }
        }
        // The only thread is free for the next one, long before the query would have ended.
        #expect(try await server.query("* | count() n").first?["n"]?.string == "300")
        #expect(try await list(server).isEmpty)
        let metrics = try await server.send("GET", "/metrics").text
        #expect(metrics.contains("lodge_collector_queries_total{outcome=\"cancelled\"} 1"))
        #expect(metrics.contains("lodge_collector_query_memory_bytes 0"))
        await server.end()
    }

    @Test func aClientThatWaitsInVainIsForgotten() async throws {
        let server = try await server()
        let first = try await begin(server, selecting)
        do {
            let second = try await offPool { [port = server.port] in
                let client = try TestClient(port: port)
                try selecting(client)
                return client
            }
            try await eventually("the second one waits") {
                try await list(server).contains { $0["state"]?.string == "waiting" }
            }
            withExtendedLifetime(second) {}
        }
        try await eventually("the second one is forgotten") { try await list(server).count == 1 }
        withExtendedLifetime(first) {}
        await server.end()
    }

    @Test func aKilledQueryAnswersThatItWasAndItsShapeMayBeHeldBack() async throws {
        let server = try await server()
        let client = try await begin(server, selecting)
        let query = try #require(try await list(server).first)
        #expect(query["user"]?.string == "127.0.0.1" && query["route"]?.string == "/select/logsql/query")
        #expect(query["query"]?.string?.contains("join by") == true && query["memory_bytes"]?.int ?? 0 > 0)
        let id = try #require(query["id"]?.string)
        #expect(try await server.send("DELETE", "/v1/queries/q999").status == 404)
        #expect(try await server.send("DELETE", "/v1/queries/\(id)?quarantine=x").status == 400)
        #expect(
            try await server.send("DELETE", "/v1/queries/\(id)?quarantin=1h").json?["nearest"]?.string == "quarantine")
        #expect(try await server.send("GET", "/v1/queries/\(id)").headers["allow"] == "DELETE")
        let listed = try await server.send("GET", "/v1/queries")
        let killed = try await server.send("DELETE", "/v1/queries/\(id)?quarantine=1h")
        #expect(killed.status == 200)
        let tree = try OpenAPITree(try await server.send("GET", "/openapi.yaml").body)
        for (answer, schema) in [(listed, "Queries"), (killed, "KilledQuery")] {
            let value = try #require(answer.json)
            #expect(try tree.mismatches(value, ["$ref": .string("#/components/schemas/\(schema)")]) == [])
        }
        let answer = try await offPool { try client.answer() }
        #expect(answer.status == 503 && answer.json?["type"]?.string == "/problems/query-killed")
        // Another literal, the same shape.
        let refused = try await server.send("GET", Self.form(Self.endless) + "&limit=5")
        #expect(refused.status == 429 && refused.json?["reason"]?.string == "quarantine")
        #expect(refused.headers["retry-after"] != nil)
        #expect(try await server.query("* | count() n").first?["n"]?.string == "300")
        let held = try #require(try await server.send("GET", "/v1/queries").json)
        #expect(try tree.mismatches(held, ["$ref": "#/components/schemas/Queries"]) == [])
        let shape = try #require(held["shapes"]?.array?.first?["id"]?.string)
        #expect(try await server.send("DELETE", "/v1/queries/shapes/\(shape)").status == 204)
        #expect(try await server.send("DELETE", "/v1/queries/shapes/\(shape)").status == 404)
        let again = try await begin(server, selecting)
        withExtendedLifetime(again) {}
        await server.end()
    }

    @Test func queriesThatNeedTooMuchMemoryAreRefusedAfterAWhile() async throws {
        let server = try await server {
            $0.memoryBytes = 20_000
            $0.shapes.deaths = 2
        }
        for limit in 1...2 {
            let answer = try await server.send("GET", Self.form("* | sort by (_msg, v) | offset \(limit)"))
            #expect(answer.status == 400 && answer.json?["limit"]?.int == 20_000)
            #expect(answer.json?["figure"]?.int ?? 0 > 20_000)
        }
        let refused = try await server.send("GET", Self.form("* | sort by (_msg, v) | offset 3"))
        #expect(refused.status == 429 && refused.json?["reason"]?.string == "breaker")
        #expect(refused.json?["limit"]?.int == 2)
        let metrics = try await server.send("GET", "/metrics").text
        #expect(metrics.contains("lodge_collector_queries_refused_total{reason=\"breaker\"} 1"))
        // Others go on.
        #expect(try await server.query("* | count() n").first?["n"]?.string == "300")
        await server.end()
    }

    @Test func limitsAreSettings() throws {
        func limits(_ text: String) throws -> QueryLimits {
            try readSettings(text: Array(text.utf8), file: "c.yaml") { root throws(SettingsError) in
                try CollectorSettings(&root)
            }.queries
        }
        let some = try limits("queries: {timeout: 20m, memory: 1GiB, rows: 5, running: 2, deaths: 9, cooldown: 2s}")
        #expect(some.timeout == .seconds(1_200) && some.maximumTimeout == .seconds(1_200))
        // All queries together may hold what one may.
        #expect(some.memoryBytes == 1 << 30 && some.totalMemoryBytes == 1 << 30)
        #expect(some.rows == 5 && some.admission.running == 2)
        #expect(some.shapes.deaths == 9 && some.shapes.cooldownNanos == 2_000_000_000)
        #expect(try limits("") == QueryLimits())
        #expect(throws: SettingsError.self) { try limits("queries: {running: 0}") }
        #expect(throws: SettingsError.self) { try limits("queries: {memory_limit: 1GiB}") }
    }

    @Test func aQueryThatWouldReadTooMuchIsNotBegun() async throws {
        let server = try await server { $0.admission.estimatedRows = 299 }
        let refused = try await server.send("GET", Self.form("*"))
        #expect(refused.status == 422 && refused.json?["limit"]?.int == 299)
        #expect(refused.json?["figure"]?.int == 300)
        #expect(refused.json?["detail"]?.string?.contains("narrow the time range") == true)
        await server.end()
    }

    @Test func pagesEndAtTheirBytesAndNoRowIsLost() async throws {
        let server = try await server { $0.pageBytes = 1_024 }
        var (cursor, pages, seen) = (String?.none, 0, Set<String>())
        repeat {
            let more = cursor.map { #","cursor":"\#($0)""# } ?? ""
            let page = try await server.json("/v1/search", #"{"limit":1000\#(more)}"#)
            let logs = page.json?["logs"]?.array ?? []
            #expect(page.body.count < 3_000)
            for log in logs {
                let isNew = seen.insert(log["msg"]?.string ?? "?").inserted
                #expect(isNew)
            }
            cursor = page.json?["next_cursor"]?.string
            pages += 1
        } while cursor != nil && pages < 400
        #expect(seen.count == 300 && pages > 5)
        await server.end()
    }
}
