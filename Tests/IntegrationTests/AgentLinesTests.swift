import Glibc
import LineFormats
import SystemIO
import TestSupport
import Testing

/// What the agent makes of lines, seen from the collector.
@Suite("Lines through the real agent and collector", .serialized)
struct AgentLinesTests {
    private func configuration(_ collector: CollectorProcess, _ directory: String) -> String {
        #"""
        collector: {url: "\#(collector.url)"}
        state: \#(directory)/state
        host: web1
        timezone: utc
        batch: {interval: 50ms}
        files:
          - include: \#(directory)/logs/shop.log
            format: regex
            pattern: '^(?P<time>\S+ \S+) (?P<level>\w+) (?P<message>.*)'
            multiline: {trace: java, timeout: 2s}
          - {include: \#(directory)/logs/access.log, format: combined}
          - {include: \#(directory)/logs/pod.log, container: cri}
          - {include: \#(directory)/logs/pay.log, format: logfmt}
        rules:
          - drop: [health_checks]
          - {drop: all, when: {level: DEBUG}}
          - redact: {known: [emails, cards]}
          - rate_limit: {events: 5, interval: 60s}
            when: {service: pay}
          - add: {cluster: test}
        """#
    }

    private func append(_ text: String, to path: String) throws {
        try Array(text.utf8).withUnsafeBytes { try OpenFile(path, .append).write($0) }
    }

    @Test("Formats, events of several lines and rules, over a kill in the middle of an event", .timeLimit(.minutes(15)))
    func linesBecomeEvents() throws {
        let directory = try TemporaryDirectory()
        let logs = directory.path + "/logs"
        try FileSystem.createDirectory(logs)
        let collector = try CollectorProcess(directory)
        try collector.start()
        let file = directory.path + "/agent.yaml"
        try FileSystem.writeAtomically(file, Array(configuration(collector, directory.path).utf8))
        func startAgent() throws -> RunningProgram {
            try RunningProgram("lodge-agent", ["--config", file], logPath: directory.path + "/agent.log")
        }
        let shop = logs + "/shop.log"
        try append(
            "2026-01-02 03:04:05 INFO before\n2026-01-02 03:04:06 ERROR failed for a@b.de\n\tat x.Y(Y.java:1)\n",
            to: shop)
        var agent = try startAgent()
        try eventually("the first event; agent: \(agent.log.suffix(2_000))") {
            try collector.count("_msg:before") == 1
        }
        // The second one may or may not have been taken for whole by now: it is, as nothing came for long enough.
        try eventually("the quiet event; agent: \(agent.log.suffix(2_000))") {
            try collector.count("_msg:failed") == 1
        }
        try append("2026-01-02 03:04:07 ERROR broken\n\tat one\n", to: shop)
        agent.kill(SIGKILL)
        try append("\tat two\n2026-01-02 03:04:08 DEBUG hidden\n2026-01-02 03:04:09 INFO after\n", to: shop)
        try append(
            """
            1.2.3.4 - - [02/Jan/2026:03:04:05 +0000] "GET /healthz HTTP/1.1" 200 2 "-" "kube-probe"
            1.2.3.4 - - [02/Jan/2026:03:04:05 +0000] "GET /healthz HTTP/1.1" 503 2 "-" "kube-probe"

            """, to: logs + "/access.log")
        try append(
            """
            2026-01-02T03:04:05Z stdout P {"msg":"in two
            2026-01-02T03:04:05Z stdout F  parts","n":1}

            """, to: logs + "/pod.log")
        let line = "ts=2026-01-02T03:04:05Z level=info msg=\"paid with 4111 1111 1111 1111\"\n"
        try append(String(repeating: line, count: 100), to: logs + "/pay.log")
        agent = try startAgent()
        try eventually("all of the rest; agent: \(agent.log.suffix(2_000))") {
            try collector.count("_msg:after") == 1 && collector.count("service:=access") == 1
                && collector.count("service:=pod") == 1 && collector.count("service:=pay") >= 6
        }
        // What rate limits hold back is told of in the end.
        #expect(agent.kill(SIGTERM) == 0)
        try eventually("the summary") { try collector.count("repeats:*") == 1 }

        let broken = try collector.query("service:=shop _msg:broken")
        #expect(broken.map { $0["_msg"]?.string } == ["broken\n\tat one\n\tat two"])
        #expect(broken.first?["cluster"]?.string == "test" && broken.first?["level"]?.string == "ERROR")
        let failed = try collector.query("service:=shop _msg:failed")
        #expect(failed.map { $0["_msg"]?.string } == ["failed for [EMAIL]\n\tat x.Y(Y.java:1)"])
        #expect(failed.first?["_time"]?.string?.hasPrefix("2026-01-02T03:04:06") == true)
        #expect(try collector.count("hidden") == 0)
        #expect(try collector.query("service:=access").map { $0["status"]?.string } == ["503"])
        let pod = try collector.query("service:=pod")
        #expect(pod.map { $0["_msg"]?.string } == ["in two parts"])
        #expect(pod.first?["n"]?.string == "1" && pod.first?["stream"]?.string == "stdout")
        let paid = try collector.query("service:=pay")
        #expect(paid.count == 7)
        #expect(paid.allSatisfy { $0["_msg"]?.string?.hasPrefix("paid with [CARD]") == true })
        #expect(paid.compactMap { $0["repeats"]?.string } == ["94"])
        #expect(try collector.count("*") == 3 + 1 + 1 + 1 + 7)
    }

    @Test("A file of which rules drop everything is done with as well", .timeLimit(.minutes(15)))
    func nothingIsLeftOfAFile() throws {
        let directory = try TemporaryDirectory()
        let collector = try CollectorProcess(directory)
        try collector.start()
        let file = directory.path + "/agent.yaml"
        let lines = directory.path + "/quiet.log"
        let text = """
            collector: {url: "\(collector.url)"}
            state: \(directory.path)/state
            files: [{include: \(lines)}]
            rules: [{drop: all, when: {level: DEBUG}}]
            """
        try FileSystem.writeAtomically(file, Array(text.utf8))
        try append(String(repeating: "2026-01-02 03:04:05 DEBUG nothing\n", count: 1_000), to: lines)
        for count in 0..<2 {
            let agent = try RunningProgram(
                "lodge-agent", ["--config", file, "--once"], logPath: directory.path + "/agent.log")
            #expect(agent.wait() == 0, "\(agent.log.suffix(2_000))")
            #expect(try collector.count("*") == count)
            try append("2026-01-02 03:04:05 INFO something\n", to: lines)
        }
    }

    @Test("validate and test say what a configuration does") func checkCommands() throws {
        let directory = try TemporaryDirectory()
        let file = directory.path + "/agent.yaml"
        let log = directory.path + "/out.log"
        try FileSystem.writeAtomically(file, Array("files:\n  - include: /x\n    formt: json\n".utf8))
        let bad = try RunningProgram("lodge-agent", ["validate", "--config", file], logPath: log)
        #expect(bad.wait() == 2)
        #expect(bad.log.contains("\(file):3:5: unknown key `files[0].formt`, did you mean `format`?"))
        try FileSystem.writeAtomically(file, Array("files:\n  - include: /x\nrules:\n  - add: {a: b}\n".utf8))
        let good = try RunningProgram("lodge-agent", ["validate", "--config", file], logPath: log)
        #expect(good.wait() == 0)
        #expect(good.log.contains("\(file): good; 1 groups of files, 1 rules"))
        let shown = try RunningProgram("lodge-agent", ["test", "--config", file], logPath: log)
        #expect(shown.wait() == 0)
    }
}
