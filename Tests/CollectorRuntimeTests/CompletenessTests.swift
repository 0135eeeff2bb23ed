import CollectorHTTP
import LineFormats
import SystemIO
import TestSupport
import Testing

/// What answers say about what they lack.
@Suite(.timeLimit(.minutes(15)))
struct CompletenessTests {
    private func reasons(_ answer: TestAnswer) -> [JSONValue] {
        answer.json?["completeness"]?["reasons"]?.array ?? []
    }

    @Test func anAgentThatIsBehindIsNamedUntilItIsNot() async throws {
        let server = try await TestServer()
        let behind = #"{"agent":"web-1","epoch":1,"oldest_unacknowledged":"2001-01-01T00:00:00Z"}"#
        #expect(try await server.json("/v1/heartbeat", behind).status == 200)
        for route in ["/v1/search", "/v1/aggregate"] {
            let answer = try await server.json(route, "{}")
            let reason = try #require(reasons(answer).first, "\(answer)")
            #expect(reason["kind"]?.string == "not_arrived" && reason["agent"]?.string == "web-1")
            #expect(reason["from"]?.string == "2001-01-01T00:00:00Z" && reason["to"] == .null)
            #expect(reason["silent"]?.bool == false)
            #expect(answer.json?["complete"]?.bool == false)
            #expect(answer.json?["incomplete"]?.array?.first?.string?.contains("web-1") == true)
            let over = answer.json?["completeness"]?["complete_over"]?.array ?? []
            #expect(over.count == 1 && over[0]["from"] == .null && over[0]["to"]?.string == "2001-01-01T00:00:00Z")
            // What was before has arrived.
            let before = try await server.json(route, #"{"time_range":{"to":"2001-01-01T00:00:00Z"}}"#)
            #expect(before.json?["completeness"]?["complete"]?.bool == true && before.json?["complete"]?.bool == true)
        }
        let rows = try await server.send("GET", "/select/logsql/query?query=*")
        #expect(rows.headers["lodge-completeness"] == "not_arrived=1", "\(rows)")
        let listed = try await server.send("GET", "/v1/agents").json?["agents"]?.array ?? []
        #expect(listed.map { $0["state"]?.string } == ["behind"])
        #expect(try await server.json("/v1/heartbeat", #"{"agent":"web-1","epoch":1}"#).status == 200)
        #expect(reasons(try await server.json("/v1/search", "{}")).isEmpty)
        #expect(
            try await server.send("GET", "/select/logsql/query?query=*").headers["lodge-completeness"] == "complete")
        #expect(try await server.send("DELETE", "/v1/agents/web-1").status == 204)
        #expect(try await server.send("DELETE", "/v1/agents/web-1").status == 404)
        await server.end()
    }

    @Test func whatAnAgentSaysOfItselfIsGivenBack() async throws {
        let server = try await TestServer()
        let said = #"{"agent":"web-1","epoch":1,"status":{"sources":[{"source":"/a.log","read":7}]}}"#
        #expect(try await server.json("/v1/heartbeat", said).status == 200)
        let known = try await server.send("GET", "/v1/agents/web-1").json
        #expect(known?["agent"]?["agent"]?.string == "web-1" && known?["gaps"]?.array?.isEmpty == true)
        #expect(known?["status"]?["sources"]?.array?.first?["read"]?.int == 7)
        // A heartbeat without it leaves what was said before; one that makes no sense is refused.
        #expect(try await server.json("/v1/heartbeat", #"{"agent":"web-1","epoch":1}"#).status == 200)
        #expect(try await server.send("GET", "/v1/agents/web-1").json?["status"]?["sources"] != nil)
        #expect(try await server.json("/v1/heartbeat", #"{"agent":"web-1","epoch":1,"status":7}"#).status == 400)
        #expect(try await server.json("/v1/heartbeat", #"{"agent":"new","epoch":1}"#).status == 200)
        #expect(try await server.send("GET", "/v1/agents/new").json?["status"] == .null)
        #expect(try await server.send("GET", "/v1/agents/nobody").status == 404)
        await server.end()
    }

    @Test func batchesSayThatTheirAgentIsThere() async throws {
        let server = try await TestServer()
        let headers = ["Content-Type: application/json", "Lodge-Agent: db-1", "Lodge-Epoch: 3", "Lodge-Sequence: 1"]
        let body = #"{"logs":[{"ts":"2020-01-01T00:00:00Z","msg":"a"},{"ts":"2020-01-02T00:00:00Z","msg":"b"}]}"#
        #expect(try await server.send("POST", "/v1/ingest", headers, Array(body.utf8)).status == 202)
        let agents = try await server.send("GET", "/v1/agents").json?["agents"]?.array ?? []
        #expect(agents.count == 1 && agents.first?["agent"]?.string == "db-1")
        #expect(agents.first?["newest_event"]?.string == "2020-01-02T00:00:00Z")
        #expect(agents.first?["state"]?.string == "well" && agents.first?["epoch"]?.int == 3)
        await server.end()
    }

    @Test func whatAgentsDroppedIsNamedAlsoAfterARestart() async throws {
        let directory = try TemporaryDirectory()
        let drops = #"""
            {"agent":"web-1","epoch":1,"drops":[{"number":7,"events":5,"level":"WARN","reason":"rejected",
            "from":"2001-01-01T00:00:00Z","to":"2001-01-01T00:00:10Z"}]}
            """#
        do {
            let first = try await TestServer(in: directory)
            #expect(try await first.json("/v1/heartbeat", drops).json?["drops_acknowledged"]?.int == 7)
            await first.end()
        }
        let second = try await TestServer(in: directory)
        try await second.waitUntilReady()
        #expect(try await second.json("/v1/heartbeat", drops).json?["drops_acknowledged"]?.int == 7)
        let found = reasons(
            try await second.json("/v1/search", #"{"time_range":{"from":"2001-01-01T00:00:05Z","to":"2002-01-01"}}"#))
        #expect(found.count == 1 && found[0]["kind"]?.string == "dropped" && found[0]["gap"]?.string == "g1")
        #expect(found[0]["events"]?.int == 5 && found[0]["level"]?.string == "WARN")
        #expect(found[0]["from"]?.string == "2001-01-01T00:00:05Z")
        #expect(reasons(try await second.json("/v1/search", #"{"time_range":{"to":"2001-01-01"}}"#)).isEmpty)
        await second.end()
    }

    @Test func deadLettersAreNamedAlsoAfterARestart() async throws {
        let directory = try TemporaryDirectory()
        let body = #"""
            {"_time":"2001-01-01T00:00:00Z","_msg":"a"}
            {"_time":"2001-01-01T00:00:00Z","_msg":
            ["no event"]
            {"_time":"2001-01-01T00:00:09Z","_msg":"b"}
            """#
        do {
            let first = try await TestServer(in: directory)
            #expect(try await first.send("POST", "/insert/jsonline", [], Array(body.utf8)).status == 200)
            #expect(reasons(try await first.json("/v1/search", "{}")).count == 2)
            await first.end()
        }
        let second = try await TestServer(in: directory)
        try await second.waitUntilReady()
        let answer = try await second.json("/v1/search", #"{"time_range":{"from":"2001-01-01T00:00:05Z"}}"#)
        let found = reasons(answer)
        #expect(found.allSatisfy { $0["kind"]?.string == "dropped" && $0["of"]?.string == "dead_letters" }, "\(answer)")
        #expect(Set(found.compactMap { $0["cause"]?.string }) == ["malformed", "unusable"], "\(answer)")
        #expect(found.allSatisfy { $0["events"]?.int == 1 && $0["source"]?.string == "/insert/jsonline" })
        #expect(found.allSatisfy { $0["to"]?.string == "2001-01-01T00:00:09.000000001Z" }, "\(answer)")
        #expect(answer.json?["incomplete"]?.array?.first?.string?.contains("gap d1") == true, "\(answer)")
        #expect(reasons(try await second.json("/v1/search", #"{"time_range":{"to":"2001-01-01"}}"#)).isEmpty)
        let listed = try await second.send("GET", "/v1/agents")
        #expect(listed.json?["collector_gaps"]?.array?.count == 2)
        let tree = try OpenAPITree(try await second.send("GET", "/openapi.yaml").body)
        #expect(
            try tree.mismatches(try #require(listed.json), ["$ref": "#/components/schemas/Agents"]) == [], "\(listed)")
        #expect(
            try tree.mismatches(try #require(answer.json), ["$ref": "#/components/schemas/SearchAnswer"]) == [])
        await second.end()
    }

    @Test func recordsThatTheJournalHasLostAreNamedAsLongAsTheyAre() async throws {
        let directory = try TemporaryDirectory()
        let journal = directory.path + "/data/journal"
        func add(_ server: TestServer, _ word: String) async throws {
            let lines = (0..<50).map { #"{"_msg":"\#(word) \#($0)"}"# }.joined(separator: "\n")
            #expect(try await server.send("POST", "/insert/jsonline", [], Array(lines.utf8)).status == 200)
        }
        var offset = 0
        do {
            let first = try await TestServer(in: directory)
            try await add(first, "one")
            let name = try #require(try FileSystem.list(journal).first { $0.hasSuffix(".journal") })
            offset = try #require(try FileSystem.status("\(journal)/\(name)")?.size)
            for word in ["two", "three"] { try await add(first, word) }
            await first.end()
        }
        let name = try #require(try FileSystem.list(journal).first { $0.hasSuffix(".journal") })
        var bytes = try FileSystem.contents("\(journal)/\(name)", limit: 1 << 24)
        // In the content of the second record.
        bytes[offset + (bytes.count - offset) / 4] ^= 0x40
        try FileSystem.writeAtomically("\(journal)/\(name)", bytes)
        for round in 0..<2 {
            let server = try await TestServer(in: directory)
            try await server.waitUntilReady()
            let answer = try await server.json("/v1/search", "{}")
            #expect(answer.json?["hits"]?.int == 100, "\(answer)")
            let found = reasons(answer)
            #expect(found.count == 1 && found.first?["of"]?.string == "journal", "round \(round): \(answer)")
            #expect(found.first?["gap"]?.string == "j1" && found.first?["records"]?.int == 1)
            #expect(found.first?["from"]?.string != nil && found.first?["to"]?.string != nil)
            await server.end()
        }
    }

    @Test(arguments: ["desc", "asc"])
    func aSearchThatFindsNothingWithinItsLimitGoesOn(sort: String) async throws {
        var limits = QueryLimits()
        limits.rows = 800
        let server = try await TestServer(queries: limits)
        // Blocks of their own, one after the other.
        for block in 0..<4 {
            let lines = (0..<800).map {
                #"{"ts":\#(1_750_000_000 + block * 1_000 + $0),"msg":"word\#(block)"}"#
            }.joined(separator: "\n")
            let answer = try await server.send(
                "POST", "/insert/jsonline?_time_field=ts&_msg_field=msg", [], Array(lines.utf8))
            #expect(answer.status == 200)
        }
        let wanted = sort == "asc" ? "word3" : "word0"
        var cursor: String?
        var (found, pages) = (0, 0)
        repeat {
            let more = cursor.map { #","cursor":"\#($0)""# } ?? ""
            let answer = try await server.json(
                "/v1/search", #"{"query":"\#(wanted)","sort":"\#(sort)","limit":1000,"timeout":"20s"\#(more)}"#)
            #expect(answer.status == 200)
            found += answer.json?["logs"]?.array?.count ?? 0
            cursor = answer.json?["next_cursor"]?.string
            #expect(reasons(answer).isEmpty == (cursor == nil), "\(answer)")
            if cursor != nil { #expect(reasons(answer).first?["limit"]?.string == "rows") }
            pages += 1
        } while cursor != nil && pages < 10
        #expect(found == 800 && pages > 1)
        await server.end()
    }
}
