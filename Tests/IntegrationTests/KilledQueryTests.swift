import CurlTransport
import Glibc
import LineFormats
import TestSupport
import Testing

@Suite("Ending queries, with the real programs")
struct KilledQueryTests {
    private static let endless = "* | join by (v) (*) | join by (v) (*) | join by (v) (*) | stats count() n"

    private func console(_ arguments: [String], _ directory: TemporaryDirectory, _ name: String) throws
        -> (code: Int32, text: String)
    {
        let program = try RunningProgram("lodge", arguments, logPath: "\(directory.path)/\(name).log")
        let code = program.wait()
        return (code, program.log)
    }

    @Test("lodge queries names a query that runs, and lodge kill ends it", .timeLimit(.minutes(15)))
    func kill() throws {
        let directory = try TemporaryDirectory()
        let collector = try CollectorProcess(directory)
        collector.settings = "queries: {timeout: 600s, maximum_timeout: 600s}"
        try collector.start()
        let lines = (0..<300).map { "{\"_msg\":\"\($0)\",\"v\":\"x\"}" }.joined(separator: "\n")
        #expect(try collector.post("/insert/jsonline", Array(lines.utf8)).status == 200)
        let query = try RunningProgram(
            "lodge", ["query", Self.endless, "--url", collector.url, "--timeout", "600s"],
            logPath: "\(directory.path)/query.log")
        var id = ""
        try eventually("the query is listed") {
            let document = try? JSONValue(parsing: collector.get("/v1/queries").body)
            let queries = document?["queries"]?.array ?? []
            id = queries.first { $0["state"]?.string == "running" }?["id"]?.string ?? ""
            return !id.isEmpty
        }
        let listed = try console(["queries", "--url", collector.url], directory, "list")
        #expect(listed.code == 0 && listed.text.contains("\(id)  running") && listed.text.contains("join by"))
        #expect(try console(["kill", "q999999", "--url", collector.url], directory, "unknown").code == 1)
        #expect(try console(["kill", id, "--quarantine", "1h", "--url", collector.url], directory, "kill").code == 0)
        #expect(query.wait() == 5 && query.log.contains("was ended by a person"), "\(query.log)")
        let after = try console(["queries", "--url", collector.url], directory, "after")
        #expect(after.code == 0 && after.text.contains("no query runs") && after.text.contains("quarantined"))
        #expect(try collector.count("*") == 300)
        #expect(collector.stop(SIGTERM) == 0)
    }

    @Test("A client that is killed frees what its query holds", .timeLimit(.minutes(15)))
    func disconnect() throws {
        let directory = try TemporaryDirectory()
        let collector = try CollectorProcess(directory)
        collector.settings = "queries: {running: 1, timeout: 600s, maximum_timeout: 600s}"
        try collector.start()
        let lines = (0..<300).map { "{\"_msg\":\"\($0)\",\"v\":\"x\"}" }.joined(separator: "\n")
        #expect(try collector.post("/insert/jsonline", Array(lines.utf8)).status == 200)
        let query = try RunningProgram(
            "lodge", ["query", Self.endless, "--url", collector.url, "--timeout", "600s"],
            logPath: "\(directory.path)/query.log")
        try eventually("the query runs") {
            try collector.get("/metrics").text.contains("lodge_collector_queries_running 1")
        }
        query.kill(SIGKILL)
        // The only thread of queries is free again.
        #expect(try collector.count("*") == 300)
        #expect(try collector.get("/metrics").text.contains("lodge_collector_query_memory_bytes 0"))
        #expect(collector.stop(SIGTERM) == 0)
    }
}
