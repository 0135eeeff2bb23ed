import CollectorHTTP
import CollectorIngest
import CollectorRuntime
import LineFormats
import QueryAdmission
import SystemIO
import Testing

@Suite(.timeLimit(.minutes(15)))
struct CollectorBoundsTests {
    /// Fills a server with more text than the buffers between it and a client can hold.
    private func fill(_ server: TestServer, megabytes: Int) async throws {
        let text = String(repeating: "text ", count: 400)
        let lines = (0..<500).map { #"{"_msg":"\#(text)\#($0)"}"# }.joined(separator: "\n")
        for _ in 0..<megabytes {
            let answer = try await server.send("POST", "/insert/jsonline", [], Array(lines.utf8))
            guard answer.status == 200 else { throw TestFailure("\(answer)") }
        }
    }

    private func metric(_ name: String, _ server: TestServer) async throws -> Int {
        let text = try await server.send("GET", "/metrics").text
        let line = text.split(separator: "\n").first { $0.hasPrefix("lodge_collector_\(name) ") }
        return line.flatMap { $0.split(separator: " ").last }.flatMap { Int($0) } ?? 0
    }

    @Test func aQueryThatTakesTooLongIsNoCompleteAnswer() async throws {
        let server = try await TestServer()
        _ = try await server.send("POST", "/insert/jsonline", [], Array(#"{"_msg":"a"}"#.utf8))
        let rows = try await server.send("GET", "/select/logsql/query?query=*&timeout=1ns")
        #expect(rows.status == 503)
        #expect(rows.json?["type"]?.string == "/problems/incomplete")
        #expect(rows.json?["limit"]?.string == "1ns")
        let page = try await server.json("/v1/search", #"{"timeout":"1ns"}"#)
        #expect(page.status == 200)
        #expect(page.json?["complete"]?.bool == false)
        #expect(page.json?["incomplete"]?.array?.isEmpty == false)
        #expect(page.json?["next_cursor"] == .null)
        #expect(try await server.send("GET", "/select/logsql/query?query=*&timeout=x").status == 400)
        await server.end()
    }

    @Test func onlySoManyQueriesRunAndWait() async throws {
        var limits = QueryLimits()
        limits.admission.running = 1
        limits.admission.waiting = 1
        let server = try await TestServer(queries: limits)
        try await fill(server, megabytes: 24)
        // The first query holds the only thread, because its client does not read.
        let stuck = try await offPool { [port = server.port] in
            let client = try TestClient(port: port, receiveBuffer: 4_096)
            try client.send("GET", "/select/logsql/query?query=*")
            _ = try client.head()
            return client
        }
        // Of three more, whichever comes first waits, and the others are refused.
        let others = try await offPool {
            try (0..<3).map { _ in
                let client = try server.client()
                try client.send("GET", "/select/logsql/query?query=*%7Ccount()")
                return client
            }
        }
        let deadline = SystemClock.monotonicNanos() + 20_000_000_000
        while try await metric("queries_total{outcome=\"refused\"}", server) < 2 {
            guard SystemClock.monotonicNanos() < deadline else { throw TestFailure("two queries should be refused") }
        }
        // Once the stuck client reads, the one that waits gets its turn.
        let (rows, answers) = try await offPool {
            var rows = 0
            while case let bytes = try stuck.chunk(), !bytes.isEmpty { rows += bytes.count { $0 == 0x0A } }
            return (rows, try others.map { try $0.answer() }.sorted { $0.status < $1.status })
        }
        #expect(rows == 24 * 500)
        #expect(answers.map(\.status) == [200, 429, 429])
        #expect(answers[0].text == "{\"count()\":\"12000\"}\n")
        #expect(answers[1].headers["retry-after"] == "1")
        #expect(answers[1].json?["type"]?.string == "/problems/too-many-queries")
        await server.end()
    }

    @Test func aClientThatGoesAwayEndsItsQuery() async throws {
        var limits = QueryLimits()
        limits.admission.running = 1
        let server = try await TestServer(queries: limits)
        try await fill(server, megabytes: 24)
        do {
            let port = server.port
            _ = try await offPool {
                let client = try TestClient(port: port, receiveBuffer: 4_096)
                try client.send("GET", "/select/logsql/query?query=*")
                return try client.head().status
            }
        }
        #expect(try await server.query("* | count() n").first?["n"]?.string == "12000")
        #expect(try await metric("queries_total{outcome=\"cancelled\"}", server) == 1)
        await server.end()
    }

    @Test func moreThanTheBytesInFlightIsRefusedAndGivenBack() async throws {
        let server = try await TestServer { $0.limits.bytesInFlight = 100_000 }
        let large = [UInt8](repeating: 0x20, count: 80_000)
        let refused = try await server.send("POST", "/insert/jsonline", [], large)
        #expect(refused.status == 429)
        #expect(refused.json?["limit"]?.int == 100_000)
        #expect(try await metric("ingest_in_flight_bytes", server) == 0)
        #expect(try await server.send("POST", "/insert/jsonline", [], Array(large.prefix(40_000))).status == 200)
        #expect(try await metric("ingest_in_flight_bytes", server) == 0)
        await server.end()
    }
}
