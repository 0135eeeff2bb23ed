import CollectorAPI
import CollectorHTTP
import ConsoleClient
import LogModel
import TestSupport
import Testing

/// What the console asks is what the collector's routes take: they refuse what they do not know.
@Suite(.timeLimit(.minutes(15)))
struct ConsoleRequestsTests {
    private static let begin = Timestamp(nanoseconds: 1_750_000_000_000_000_000)

    private func server() async throws -> TestServer {
        let server = try await TestServer()
        let lines = (0..<10).map { #"{"ts":\#(1_750_000_000 + $0),"msg":"m\#($0)","service":"cart","level":"INFO"}"# }
        let target = "/insert/jsonline?_time_field=ts&_msg_field=msg&_stream_fields=service"
        let answer = try await server.send("POST", target, [], Array(lines.joined(separator: "\n").utf8))
        try #require(answer.status == 200, "\(answer)")
        return server
    }

    /// Works with a client on a thread of its own.
    private func asking<T: Sendable>(
        _ server: TestServer, _ body: @escaping @Sendable (CollectorClient) throws -> T
    ) async throws -> T {
        try await offPool { [port = server.port] in
            guard let address = CollectorAddress("127.0.0.1:\(port)") else { throw TestFailure("no address") }
            return try body(try CollectorClient(address, timeout: .seconds(30), version: "test"))
        }
    }

    @Test func searchesAndCountsOfTheConsoleAreTaken() async throws {
        let server = try await server()
        let range = TimeRange(from: Self.begin, to: Self.begin.adding(nanoseconds: 9_000_000_000))
        let (first, second, counts) = try await asking(server) { client in
            let first = try client.search(SearchRequest(query: "m*", range: range, limit: 5))
            let second = try client.search(SearchRequest(query: "m*", range: range, limit: 5, cursor: first.nextCursor))
            let counts = try client.count(LevelCountRequest(query: "m*", range: range, interval: 1_000_000_000))
            return (first, second, counts)
        }
        // The event at the end of the range is no part of it.
        #expect(first.hits == 9 && first.isComplete && first.rows.count == 5 && first.nextCursor != nil)
        #expect(second.hits == 9 && second.rows.count == 4 && second.nextCursor == nil)
        #expect(counts.entries.map(\.count).reduce(0, +) == 9)
        await server.end()
    }

    @Test(arguments: [nil, 3] as [Int?], [false, true])
    func queriesOfTheConsoleAreTaken(limit: Int?, hasRange: Bool) async throws {
        let server = try await server()
        let range = TimeRange(from: Self.begin, to: Self.begin.adding(nanoseconds: 9_000_000_000))
        let text = try await asking(server) { client in
            var bytes: [UInt8] = []
            try client.query("m* | fields _msg", range: hasRange ? range : nil, limit: limit) { piece in
                bytes += piece
                return true
            }
            return String(decoding: bytes, as: UTF8.self)
        }
        let rows = text.split(separator: "\n")
        #expect(rows.count == limit ?? (hasRange ? 9 : 10))
        if limit != nil { #expect(rows.first == (hasRange ? #"{"_msg":"m8"}"# : #"{"_msg":"m9"}"#)) }
        await server.end()
    }

    @Test func theOtherRequestsOfTheConsoleAreTaken() async throws {
        let server = try await server()
        let (health, storage, queries) = try await asking(server) { client in
            (try client.health().health, try client.storage(), try client.queries().list.queries)
        }
        #expect(health.uptimeSeconds >= 0 && !storage.stage.isEmpty && queries.isEmpty)
        // There is nothing to end, which only the right routes can tell.
        let orders: [@Sendable (CollectorClient) throws -> Void] = [
            { try $0.killQuery("q999", quarantine: nil) }, { try $0.killQuery("q999", quarantine: .seconds(60)) },
            { try $0.releaseShape("5f0c9a") },
        ]
        for (order, detail) in zip(orders, ["no query `q999`", "no query `q999`", "no shape `5f0c9a`"]) {
            let failure = await #expect(throws: RequestFailure.self) { try await asking(server, order) }
            guard case .problem(let problem)? = failure else { continue }
            #expect(problem.status == 404 && problem.detail.contains(detail))
        }
        let tailed = try await asking(server) { client in
            var text = ""
            // Behind an id from before the first event, so that what there is comes at once.
            try client.tail("m*", lastID: "1", maxRate: 1_000, shouldContinue: { true }, onOpen: {}) { piece in
                text += String(decoding: piece, as: UTF8.self)
                return !text.contains("\"m9\"")
            }
            return text
        }
        #expect(tailed.contains("\"m0\"") && tailed.contains("\"m9\""), "\(tailed)")
        await server.end()
    }
}
