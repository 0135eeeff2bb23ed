import CollectorRuntime
import LineFormats
import Testing

@Suite(.timeLimit(.minutes(15)))
struct CollectorTailTests {
    /// Reads pieces of a stream of events until `isEnough`.
    private func read(_ client: TestClient, until isEnough: @escaping @Sendable (String) -> Bool) async throws -> String
    {
        try await offPool {
            var text = ""
            while !isEnough(text) {
                let bytes = try client.chunk()
                if bytes.isEmpty { break }
                text += String(decoding: bytes, as: UTF8.self)
            }
            return text
        }
    }

    private func follow(_ server: TestServer, _ target: String, _ headers: [String] = []) async throws -> TestClient {
        try await offPool {
            let client = try server.client()
            try client.send("GET", target, headers)
            let head = try client.head()
            guard head.status == 200, head.headers["content-type"] == "text/event-stream" else {
                throw TestFailure("\(head)")
            }
            _ = try client.chunk()
            return client
        }
    }

    private func post(_ server: TestServer, _ messages: [String], service: String = "s") async throws {
        let text = messages.map { #"{"_msg":"\#($0)","service":"\#(service)","level":"info"}"# }.joined(separator: "\n")
        let answer = try await server.send("POST", "/insert/jsonline", [], Array(text.utf8))
        guard answer.status == 200 else { throw TestFailure("\(answer)") }
    }

    @Test func committedEventsArriveThatTheClientAskedFor() async throws {
        let server = try await TestServer()
        let client = try await follow(server, "/v1/tail?query=wanted&service=a,b&level=INFO")
        try await post(server, ["wanted 1", "other"], service: "a")
        try await post(server, ["wanted 2"], service: "c")
        try await post(server, ["wanted 3"], service: "b")
        let text = try await read(client) { $0.contains("wanted 3") }
        #expect(!text.contains("other"))
        #expect(!text.contains("wanted 2"))
        // On a slow machine heartbeats come between them.
        let events = text.split(separator: "\n\n").filter { !$0.hasPrefix(":") }
        #expect(events.count == 2)
        let lines = try #require(events.first?.split(separator: "\n"))
        #expect(lines[0].hasPrefix("id: "))
        let data = try JSONValue(parsing: String(lines[1].dropFirst("data: ".count)))
        #expect(data["msg"]?.string == "wanted 1")
        #expect(data["service"]?.string == "a")
        #expect(data["ts"]?.string != nil)
        await server.end()
    }

    @Test func aClientThatComesBackGetsWhatItMissed() async throws {
        let server = try await TestServer()
        let first = try await follow(server, "/v1/tail")
        try await post(server, ["1", "2"])
        let seen = try await read(first) { $0.contains("\"msg\":\"2\"") }
        let id = try #require(seen.split(separator: "\n").first { $0.hasPrefix("id: ") }?.dropFirst(4))
        try await post(server, ["3"])
        let second = try await follow(server, "/v1/tail", ["Last-Event-ID: \(id)"])
        try await post(server, ["4"])
        let text = try await read(second) { $0.contains("\"msg\":\"4\"") }
        let messages = try text.split(separator: "\n").filter { $0.hasPrefix("data: ") }
            .map { try JSONValue(parsing: String($0.dropFirst(6)))["msg"]?.string }
        #expect(messages == ["2", "3", "4"])
        await server.end()
    }

    @Test func eventsOverTheRateOfAClientAreReportedAsDropped() async throws {
        let server = try await TestServer()
        let client = try await follow(server, "/v1/tail?max_rate=5")
        try await post(server, (0..<50).map { "\($0)" })
        let text = try await read(client) { $0.contains("event: dropped") && $0.hasSuffix("\n\n") }
        #expect(text.contains("event: dropped\ndata: {\"count\":45}\n\n"))
        #expect(text.split(separator: "\n").count { $0.hasPrefix("id: ") } == 5)
        await server.end()
    }

    @Test func stoppingEndsTheStreamsAndRefusesNothingThatWasTaken() async throws {
        let server = try await TestServer()
        let client = try await follow(server, "/v1/tail")
        try await post(server, ["last"])
        async let text = read(client) { _ in false }
        await server.end()
        #expect(try await text.contains("last"))
    }
}
