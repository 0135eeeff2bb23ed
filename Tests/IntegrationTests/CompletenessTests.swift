import CurlTransport
import Glibc
import LineFormats
import SystemIO
import TestSupport
import Testing

@Suite("Completeness of answers, with the real programs")
struct CompletenessTests {
    private let directory: TemporaryDirectory
    private let collector: CollectorProcess

    init() throws {
        directory = try TemporaryDirectory()
        collector = try CollectorProcess(directory)
    }

    private func settings(_ queries: String) -> String {
        """
        head: {flush_interval: 1s}
        storage:
          interval: 100ms
          tiers: {hot: 1s, warm: 2s}
          cold: {directory: \(directory.path)/objects}
        agents: {silent_after: 5s}
        queries: {\(queries)}
        """
    }

    private func agentState(_ name: String) throws -> JSONValue? {
        let document = try JSONValue(parsing: collector.get("/v1/agents").body)
        return document["agents"]?.array?.first { $0["agent"]?.string == name }
    }

    private func search(_ body: String) throws -> JSONValue {
        let answer = try collector.post("/v1/search", Array(body.utf8))
        #expect(answer.status == 200, "\(answer.text)")
        return try JSONValue(parsing: answer.body)
    }

    private func objects() throws -> [String] {
        (try? FileSystem.list("\(directory.path)/objects/segments")) ?? []
    }

    private func startAgent() throws -> RunningProgram {
        let settings = """
            collector: {url: \(collector.url), heartbeat: 1s}
            state: \(directory.path)/agent
            files: [{include: [\(directory.path)/app.log]}]
            """
        try FileSystem.writeAtomically(directory.path + "/agent.yaml", Array(settings.utf8))
        return try RunningProgram(
            "lodge-agent", ["--config", directory.path + "/agent.yaml"], logPath: directory.path + "/agent.log")
    }

    @Test(
        "A stopped agent, drops, dead letters, a missing object and an exhausted budget are named in one answer",
        .timeLimit(.minutes(15)))
    func allAtOnce() throws {
        collector.settings = settings("timeout: 30s")
        try collector.start()
        // An event that is cold before any other comes.
        let old = #"{"_time":"2010-01-01T00:00:00Z","_msg":"old"}"#
        #expect(try collector.post("/insert/jsonline", Array(old.utf8)).status == 200)
        try eventually("the old event is in the object store") {
            let storage = try JSONValue(parsing: collector.get("/v1/storage").body)
            return storage["tiers"]?["cold"]?["segments"]?.int == 1
                && storage["tiers"]?["hot"]?["segments"]?.int == 0 && storage["tiers"]?["warm"]?["segments"]?.int == 0
        }
        let object = try #require(try objects().first)

        // All is well.
        try FileSystem.writeAtomically(directory.path + "/app.log", Array("a line\n".utf8))
        let agent = try startAgent()
        var name = ""
        try eventually("the agent has sent its line; it says: \(agent.log)") {
            let document = try JSONValue(parsing: collector.get("/v1/agents").body)
            let known = document["agents"]?.array?.first
            name = known?["agent"]?.string ?? ""
            // The version comes with a heartbeat.
            return known?["version"]?.string?.isEmpty == false && known?["newest_event"] != .null
                && known?["oldest_unacknowledged"] == .null
        }
        let whole = #"{"sort":"asc","time_range":{"from":"2005-01-01T00:00:00Z"}}"#
        try eventually("the answer is complete") {
            let answer = try search(whole)
            return answer["hits"]?.int == 2 && answer["completeness"]?["complete"]?.bool == true
        }

        // The agent stops, and somebody has dropped events.
        #expect(Glibc.kill(agent.id, SIGSTOP) == 0)
        let drops = #"""
            {"agent":"edge","epoch":1,"leaving":true,"drops":[{"number":1,"events":7,"level":"ERROR",
            "reason":"rejected","from":"2001-01-01T00:00:00Z","to":"2001-01-01T00:00:01Z"}]}
            """#
        #expect(try collector.post("/v1/heartbeat", Array(drops.utf8)).status == 200)
        // Nor is this an event.
        _ = try collector.post("/insert/jsonline", Array(#"{"_msg":"cut of"#.utf8))
        try eventually("the agent is missed") {
            try agentState(name)?["state"]?.string == "silent"
        }
        let console = try RunningProgram(
            "lodge", ["query", "line", "--url", collector.url], logPath: "\(directory.path)/console.log")
        #expect(console.wait() == 0)
        #expect(console.log.contains("not complete: 1 agent is behind or silent"), "\(console.log)")

        // The object goes, and a query may read one row.
        #expect(collector.stop(SIGTERM) == 0)
        try FileSystem.rename("\(directory.path)/objects/segments/\(object)", to: "\(directory.path)/taken-away")
        collector.settings = settings("rows: 1")
        try collector.start()
        let answer = try search(#"{"sort":"asc"}"#)
        let completeness = try #require(answer["completeness"])
        #expect(answer["complete"]?.bool == false && completeness["complete"]?.bool == false)
        let reasons = completeness["reasons"]?.array ?? []
        func reason(_ kind: String) -> JSONValue? { reasons.first { $0["kind"]?.string == kind } }
        #expect(reason("not_arrived")?["agent"]?.string == name, "\(answer)")
        #expect(reason("not_arrived")?["from"]?.string == (try agentState(name))?["last_seen"]?.string)
        #expect((reason("not_arrived")?["behind_ms"]?.int ?? 0) >= 5_000)
        #expect(reason("unavailable")?["tier"]?.string == "cold", "\(answer)")
        #expect(reason("unavailable")?["segment"]?.string == object, "\(answer)")
        #expect(reason("unavailable")?["from"]?.string == "2010-01-01T00:00:00Z")
        #expect(reason("skipped")?["limit"]?.string == "rows", "\(answer)")
        #expect(reason("dropped")?["events"]?.int == 7 && reason("dropped")?["gap"]?.string == "g1", "\(answer)")
        let letter = try #require(reasons.first { $0["of"]?.string == "dead_letters" }, "\(answer)")
        #expect(letter["kind"]?.string == "dropped" && letter["gap"]?.string == "d1")
        #expect(letter["events"]?.int == 1 && letter["source"]?.string == "/insert/jsonline")
        #expect(reasons.count == 5)
        // It goes on where it ended.
        let cursor = try #require(answer["next_cursor"]?.string, "\(answer)")
        let next = try search(#"{"sort":"asc","cursor":"\#(cursor)"}"#)
        #expect(next["logs"]?.array?.first?["msg"]?.string == "a line", "\(next)")

        // All is well again.
        #expect(collector.stop(SIGTERM) == 0)
        try FileSystem.rename("\(directory.path)/taken-away", to: "\(directory.path)/objects/segments/\(object)")
        try FileSystem.remove("\(collector.data)/gaps.json")
        collector.settings = settings("timeout: 30s")
        try collector.start()
        #expect(Glibc.kill(agent.id, SIGCONT) == 0)
        try eventually("the answer is complete again") {
            let answer = try search(whole)
            return answer["hits"]?.int == 2 && answer["completeness"]?["complete"]?.bool == true
                && answer["complete"]?.bool == true
        }
        #expect(agent.kill(SIGTERM) == 0)
        #expect(collector.stop(SIGTERM) == 0)
    }
}
