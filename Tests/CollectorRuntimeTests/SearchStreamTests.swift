import CollectorHTTP
import CollectorRuntime
import LineFormats
import QueryAdmission
import TestSupport
import Testing

/// Streamed answers of `/v1/search` and `/v1/aggregate`.
@Suite(.timeLimit(.minutes(15)))
struct SearchStreamTests {
    private static let blocks = 6
    private static let blockRows = 500

    /// A server with blocks that follow each other in time; the first slice has one of them.
    private func server(_ change: (inout QueryLimits) -> Void = { _ in }) async throws -> TestServer {
        var limits = QueryLimits()
        limits.sliceRows = 1
        change(&limits)
        let server = try await TestServer(queries: limits)
        for block in 0..<Self.blocks {
            let lines = (0..<Self.blockRows).map { row in
                let word = row % 3 == 0 ? "fizz" : "none"
                let time = 1_750_000_000 + block * 1_000 + row / 2
                return #"{"ts":\#(time),"msg":"\#(word) \#(block)-\#(row)","b":"\#(block)"}"#
            }.joined(separator: "\n")
            let answer = try await server.send(
                "POST", "/insert/jsonline?_time_field=ts&_msg_field=msg", [], Array(lines.utf8))
            try #require(answer.status == 200)
        }
        return server
    }

    private func records(_ server: TestServer, _ route: String, _ members: String) async throws -> [JSONValue] {
        let answer = try await server.json(route, #"{"stream":true,\#(members)}"#)
        try #require(answer.status == 200, "\(answer)")
        #expect(answer.headers["content-type"] == "application/x-ndjson")
        return try answer.text.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    }

    private func messages(_ records: some Sequence<JSONValue>) -> [String] {
        records.compactMap { $0["log"]?["msg"]?.string }
    }

    private func plain(_ server: TestServer, _ members: String) async throws -> JSONValue {
        try #require(try await server.json("/v1/search", "{\(members)}").json)
    }

    @Test(arguments: ["desc", "asc"])
    func aStreamHasTheRowsAndTheNumbersOfThePlainAnswer(sort: String) async throws {
        let server = try await server()
        for limit in [0, 10, 10_000] {
            let members = #""query":"fizz","sort":"\#(sort)","limit":\#(limit)"#
            let whole = try await plain(server, members)
            let found = try await records(server, "/v1/search", members)
            #expect(messages(found) == (whole["logs"]?.array ?? []).compactMap { $0["msg"]?.string })
            let end = try #require(found.last?["end"], "\(found.last ?? .null)")
            #expect(end["hits"] == whole["hits"] && end["completeness"] == whole["completeness"])
            #expect(end["complete"]?.bool == true && end["resume"] == .null)
            #expect((end["next_cursor"] == .null) == (whole["next_cursor"] == .null), "limit \(limit)")
            let progress = found.compactMap { $0["progress"] }
            let shares = progress.compactMap { record -> Double? in
                if case .number(let text)? = record["share"] { Double(text) } else { nil }
            }
            #expect(shares.count == progress.count && shares == shares.sorted() && shares.last == 1)
            #expect(progress.count > 3 && progress.first?["complete_over"] == .array([]))
            #expect(progress.last?["complete_over"] == whole["completeness"]?["complete_over"])
            #expect(progress.last?["hits"] == whole["hits"])
        }
        await server.end()
    }

    @Test(arguments: ["desc", "asc"])
    func whoGoesOnBehindAnyProgressGetsTheRest(sort: String) async throws {
        let server = try await server()
        // Rows of one moment stand together, and the limit ends in the middle of a block.
        let members = #""query":"fizz","sort":"\#(sort)","limit":700"#
        let whole = try await records(server, "/v1/search", members)
        let expected = messages(whole)
        #expect(expected.count == 700)
        let places = whole.indices.filter { whole[$0]["progress"] != nil }
        // What arrives later is not part of it.
        let later = #"{"ts":1750002000,"msg":"fizz later"}"#
        let answer = try await server.send(
            "POST", "/insert/jsonline?_time_field=ts&_msg_field=msg", [], Array(later.utf8))
        #expect(answer.status == 200)
        for place in places {
            let cursor = try #require(whole[place]["progress"]?["resume"]?.string)
            let rest = try await records(server, "/v1/search", #"\#(members),"cursor":"\#(cursor)""#)
            #expect(messages(whole[..<place]) + messages(rest) == expected, "behind record \(place)")
            #expect(rest.last?["end"]?["rows"]?.int == 700)
            #expect(rest.last?["end"]?["hits"] == whole.last?["end"]?["hits"], "behind record \(place)")
        }
        // The same cursor is that of a page, and the cursor of a page is one of a stream.
        let cursor = try #require(whole[places[2]]["progress"]?["resume"]?.string)
        let before = messages(whole[..<places[2]])
        let page = try await plain(
            server, #""query":"fizz","sort":"\#(sort)","limit":\#(700 - before.count),"cursor":"\#(cursor)""#)
        #expect(before + (page["logs"]?.array ?? []).compactMap { $0["msg"]?.string } == expected)
        #expect(page["hits"] == whole.last?["end"]?["hits"])
        let next = try #require(whole.last?["end"]?["next_cursor"]?.string)
        let last = try await records(server, "/v1/search", #"\#(members),"cursor":"\#(next)""#)
        let all = try await plain(server, #""query":"fizz -later","sort":"\#(sort)","limit":10000"#)
        #expect(expected + messages(last) == (all["logs"]?.array ?? []).compactMap { $0["msg"]?.string })
        await server.end()
    }

    @Test(arguments: ["desc", "asc"])
    func aBudgetEndsItWithATokenThatGoesOn(sort: String) async throws {
        let server = try await server { $0.rows = Self.blockRows * 2 }
        var found: [String] = []
        var cursor: String?
        var rounds = 0
        repeat {
            let more = cursor.map { #","cursor":"\#($0)""# } ?? ""
            let part = try await records(
                server, "/v1/search", #""query":"fizz","sort":"\#(sort)","limit":10000,"timeout":"20s"\#(more)"#)
            found += messages(part)
            let end = try #require(part.last?["end"])
            cursor = end["resume"]?.string
            let reason = end["completeness"]?["reasons"]?.array?.first
            if cursor != nil {
                #expect(reason?["kind"]?.string == "skipped" && end["complete"]?.bool == false)
                #expect(reason?["advice"]?.string?.contains("resume") == true)
            } else {
                #expect(end["complete"]?.bool == true, "\(end)")
                #expect(end["hits"]?.int == found.count)
            }
            rounds += 1
        } while cursor != nil && rounds < 20
        #expect(found.count == Self.blocks * ((Self.blockRows + 2) / 3) && rounds > 1)
        #expect(Set(found).count == found.count)
        await server.end()
    }

    @Test func anAggregateThatRanOutOfBudgetSaysHowToNarrowIt() async throws {
        let server = try await server { $0.rows = Self.blockRows * 2 }
        let answer = try await server.json("/v1/aggregate", #"{"query":"fizz","group_by":["b"],"timeout":"20s"}"#)
        let reason = try #require(answer.json?["completeness"]?["reasons"]?.array?.first, "\(answer)")
        #expect(reason["kind"]?.string == "skipped" && answer.json?["complete"]?.bool == false)
        let advice = try #require(reason["advice"]?.string)
        #expect(advice.contains("narrow") && !advice.contains("cursor") && !advice.contains("resume"))
        let over = answer.json?["completeness"]?["complete_over"]?.array ?? []
        #expect(!over.isEmpty)
        await server.end()
    }

    @Test func aStreamedAggregateEndsWithThePlainAnswer() async throws {
        let server = try await server()
        for members in [#""query":"fizz","group_by":["b"],"metric":"count""#, #""interval":"5m","empty_buckets":true"#]
        {
            let whole = try await server.json("/v1/aggregate", "{\(members)}").json
            let found = try await records(server, "/v1/aggregate", members)
            #expect(found.first?["progress"] != nil)
            #expect(found.last?["end"]?["buckets"] == whole?["buckets"])
            #expect(found.last?["end"]?["completeness"] == whole?["completeness"])
        }
        // With the length of an interval there would be too many: said at the end, for the query has run.
        let many = try await records(server, "/v1/aggregate", #""interval":"1ms","empty_buckets":true"#)
        #expect(many.last?["error"]?["status"]?.int == 400, "\(many.last ?? .null)")
        await server.end()
    }

    @Test func eachRecordIsWhatTheSchemaSays() async throws {
        let server = try await server()
        let tree = try OpenAPITree(try await server.send("GET", "/openapi.yaml").body)
        for (route, schema) in [("search", "SearchRecord"), ("aggregate", "AggregateRecord")] {
            for record in try await records(server, "/v1/\(route)", #""query":"fizz""#) {
                // Numbers with digits behind the point are numbers.
                #expect(try tree.mismatches(record, ["$ref": .string("#/components/schemas/\(schema)")]) == [])
            }
        }
        await server.end()
    }

    @Test func whatIsRefusedHasItsStatus() async throws {
        let server = try await server { $0.memoryBytes = 1_000 }
        for (members, status) in [
            (#""query":"a:""#, 400), (#""limit":1000001"#, 400), (#""cursor":"00""#, 400), (#""stream":1"#, 400),
        ] {
            let answer = try await server.json("/v1/search", #"{"stream":true,\#(members)}"#)
            #expect(answer.status == status && answer.json?["detail"] != nil, "\(members): \(answer)")
        }
        // What fails when the answer has begun is its last record.
        let failed = try await records(server, "/v1/search", #""limit":10000"#)
        #expect(failed.last?["error"]?["status"]?.int == 400, "\(failed.last ?? .null)")
        await server.end()
    }

    /// A client that reads nothing holds up the query, not memory; when it goes, the query ends.
    @Test func aClientThatDoesNotReadHoldsUpItsQueryAndEndsItByGoing() async throws {
        let server = try await server { $0.admission.running = 1 }
        let text = String(repeating: "x", count: 4_000)
        for part in 0..<8 {
            let lines = (0..<1_000).map { #"{"_msg":"long \#(part)-\#($0) \#(text)"}"# }.joined(separator: "\n")
            #expect(try await server.send("POST", "/insert/jsonline", [], Array(lines.utf8)).status == 200)
        }
        func queries() async throws -> Int {
            try await server.send("GET", "/v1/queries").json?["queries"]?.array?.count ?? -1
        }
        do {
            let client = try await offPool { [port = server.port] in
                let client = try TestClient(port: port, receiveBuffer: 4_096)
                let body = #"{"stream":true,"query":"long","limit":100000,"timeout":"600s"}"#
                try client.send("POST", "/v1/search", ["Content-Type: application/json"], Array(body.utf8))
                #expect(try client.head().status == 200)
                return client
            }
            #expect(try await queries() == 1)
            withExtendedLifetime(client) {}
        }
        try await eventually("the query has ended") { try await queries() == 0 }
        #expect(try await server.query("long | count() n").first?["n"]?.string == "8000")
        await server.end()
    }
}
