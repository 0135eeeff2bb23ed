import CurlTransport
import Glibc
import LineFormats
import SystemIO
import TestSupport
import Testing

/// Settings that change while the agent runs, and what it says of itself.
@Suite("Reload and status of the real agent", .serialized)
struct AgentReloadTests {
    private struct Agent {
        let directory: String
        let collector: CollectorProcess
        var file: String { directory + "/agent.yaml" }

        func write(files: String, more: String = "") throws {
            let text = """
                collector: {url: "\(collector.url)", heartbeat: 1s}
                state: \(directory)/state
                batch: {interval: 20ms}
                files:
                  - include: \(files)
                \(more)

                """
            try FileSystem.writeAtomically(file, Array(text.utf8))
        }

        func start(_ environment: [String] = []) throws -> RunningProgram {
            try RunningProgram(
                "lodge-agent", ["--config", file], logPath: directory + "/agent.log", environment: environment)
        }

        func status() throws -> JSONValue? {
            let path = directory + "/status.json"
            unlink(path)
            let arguments = ["status", "--state", directory + "/state", "--json"]
            let program = try RunningProgram("lodge-agent", arguments, logPath: path)
            guard program.wait() == 0 else { return Optional.none }
            return try JSONValue(parsing: Array(program.log.utf8))
        }
    }

    private func append(_ text: String, to path: String) throws {
        try Array(text.utf8).withUnsafeBytes { try OpenFile(path, .append).write($0) }
    }

    @Test("Lines are read once whatever is reloaded meanwhile", .timeLimit(.minutes(15)))
    func reloadsLoseAndRepeatNothing() throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        let directory = try TemporaryDirectory()
        let logs = directory.path + "/logs"
        try FileSystem.createDirectory(logs)
        let collector = try CollectorProcess(directory)
        try collector.start()
        let agent = Agent(directory: directory.path, collector: collector)
        let all = "[\(logs)/a.log, \(logs)/b.log, \(logs)/c.log]"
        let choices = [all, "\(logs)/a.log", "[\(logs)/b.log, \(logs)/c.log]", "\(logs)/*.log"]
        try agent.write(files: all)
        let program = try agent.start()
        try eventually("it answers: \(program.log)") { try agent.status() != nil }
        var number = 0
        for round in 0..<40 {
            for _ in 0..<generator.below(50) {
                number += 1
                try append("line \(number)\n", to: logs + "/" + ["a", "b", "c"][generator.below(3)] + ".log")
            }
            if generator.chance(20) {
                // A rotation while the file may be left out.
                let name = ["a", "b", "c"][generator.below(3)]
                rename("\(logs)/\(name).log", "\(logs)/\(name).log.\(round)")
            }
            let rule = generator.chance(50) ? "rules: [{add: {round: \"\(round)\"}}]" : ""
            try agent.write(
                files: choices[generator.below(choices.count)], more: generator.chance(15) ? "nonsense: 1" : rule)
            kill(program.id, SIGHUP)
        }
        try agent.write(files: "\(logs)/*.log*")
        kill(program.id, SIGHUP)
        try eventually("all lines are there, seed \(seed); agent: \(program.log.suffix(2_000))") {
            try collector.count("_msg:line") >= number
        }
        let rows = try collector.query("_msg:line | uniq by (_msg) | count() n")
        #expect(Int(rows.first?["n"]?.string ?? "") == number, "seed \(seed)")
        let twice = try collector.query(
            "_msg:line | stats by (_msg) count() n, values(file) files | filter n:>1 | limit 3")
        #expect(twice.isEmpty, "seed \(seed); agent: \(program.log)")
        #expect(program.kill(SIGTERM) == 0)
    }

    @Test("A configuration that is wrong changes nothing and is named", .timeLimit(.minutes(15)))
    func wrongSettingsAreRefused() throws {
        let directory = try TemporaryDirectory()
        let logs = directory.path + "/logs"
        try FileSystem.createDirectory(logs)
        let collector = try CollectorProcess(directory)
        try collector.start()
        let agent = Agent(directory: directory.path, collector: collector)
        try agent.write(files: "\(logs)/*.log", more: "rules: [{drop: all, when: {level: DEBUG}}]")
        let program = try agent.start()
        try append("2026-01-02T03:04:05Z DEBUG hidden\n2026-01-02T03:04:05Z INFO shown\n", to: logs + "/a.log")
        try eventually("it is read: \(program.log)") { try collector.count("_msg:shown") == 1 }
        let before = try #require(try agent.status())
        #expect(before["configuration"]?["generation"]?.int == 1)
        #expect(before["rules"]?.array?.first?["dropped"]?.int == 1)
        let source = try #require(before["sources"]?.array?.first)
        #expect(source["source"]?.string == logs + "/a.log" && source["events"]?.int == 2)
        #expect(source["drops"]?.array?.first?["reason"]?.string == "rules")

        try agent.write(files: "\(logs)/*.log", more: "rules: [{dorp: all}]")
        kill(program.id, SIGHUP)
        try eventually("it is refused: \(program.log)") {
            try agent.status()?["configuration"]?["refused"]?.string?.contains("agent.yaml:6:") == true
        }
        try agent.write(files: "\(logs)/*.log", more: "state: /elsewhere")
        kill(program.id, SIGHUP)
        try eventually("it is refused: \(program.log)") {
            try agent.status()?["configuration"]?["refused"]?.string?.contains("given twice") == true
        }
        try append("2026-01-02T03:04:06Z DEBUG hidden\n2026-01-02T03:04:06Z INFO again\n", to: logs + "/a.log")
        try eventually("it goes on as before") { try collector.count("_msg:again") == 1 }

        try agent.write(files: "\(logs)/*.log")
        kill(program.id, SIGHUP)
        try eventually("it is taken: \(program.log)") {
            try agent.status()?["configuration"]?["generation"]?.int == 2
        }
        #expect(try agent.status()?["configuration"]?["refused"] == .null)
        try append("2026-01-02T03:04:07Z DEBUG hidden\n", to: logs + "/a.log")
        try eventually("the rule is gone") { try collector.count("_msg:hidden") == 1 }
        try eventually("the collector knows of the agent's sources") {
            let name = try agent.status()?["agent"]?.string ?? ""
            let said = try JSONValue(parsing: collector.get("/v1/agents/" + name).body)
            return said["status"]?["sources"]?.array?.first?["source"]?.string == logs + "/a.log"
        }
        #expect(program.kill(SIGTERM) == 0)
        let after = try agent.status()
        #expect(after == nil, "\(after.map { "\($0)" } ?? "")")
    }

    @Test("Checks become events and change with a reload, other sources with them", .timeLimit(.minutes(15)))
    func checksAreEvents() throws {
        let directory = try TemporaryDirectory()
        let collector = try CollectorProcess(directory)
        try collector.start()
        let agent = Agent(directory: directory.path, collector: collector)
        let up = directory.path + "/up"
        func checks(_ interval: Int) -> String {
            "checks: [{service: shop, cluster: eu, command: [sh, -c, 'test -e \(up) || exit 2'], interval: \(interval)s, dependencies: [db]}]"
        }
        try agent.write(files: "\(directory.path)/none.log", more: checks(1))
        let program = try agent.start()
        try eventually("the shop is down: \(program.log)") {
            try collector.count("service:shop cluster:eu health.status:unhealthy level:ERROR") >= 2
        }
        let rows = try collector.query(
            "service:shop | limit 1 | fields health.check, health.dependencies, health.reason")
        #expect(rows.first?["health.check"]?.string == "command")
        #expect(rows.first?["health.reason"]?.string == "exit code 2")
        #expect(rows.first?["health.dependencies"]?.string?.contains("\"db\"") == true)
        #expect(try agent.status()?["checks"]?.array?.first?["status"]?.string == "unhealthy")
        try append("", to: up)
        try eventually("the shop is up: \(program.log)") {
            try collector.count("service:shop health.status:healthy level:INFO") >= 1
        }
        #expect(try agent.status()?["checks"]?.array?.first?["status"]?.string == "healthy")
        // Another configuration of the sources that are no files: they are begun anew, and files go on.
        let more = checks(2) + "\nexec: [{name: words, command: [echo, from a program], every: 1h}]"
        try agent.write(files: "\(directory.path)/none.log", more: more)
        kill(program.id, SIGHUP)
        try eventually("the program has been run: \(program.log)") { try collector.count("\"from a program\"") == 1 }
        try agent.write(files: "\(directory.path)/*.txt", more: more)
        kill(program.id, SIGHUP)
        try append("a line of text\n", to: directory.path + "/a.txt")
        try eventually("the file is read: \(program.log)") { try collector.count("\"line of text\"") == 1 }
        // What has not changed goes on: the program is not run again.
        #expect(try collector.count("\"from a program\"") == 1)
        #expect(program.kill(SIGTERM) == 0)
    }

    @Test("The service manager hears of start, reload, life and end", .timeLimit(.minutes(15)))
    func theServiceManagerIsTold() throws {
        let directory = try TemporaryDirectory()
        let collector = try CollectorProcess(directory)
        let agent = Agent(directory: directory.path, collector: collector)
        try agent.write(files: "\(directory.path)/*.log")
        let path = directory.path + "/notify"
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let bound = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
        var heard = ""
        func hears(_ text: String) -> Bool {
            var buffer = [UInt8](repeating: 0, count: 4_096)
            while case let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT)), count > 0 {
                heard += String(decoding: buffer[..<count], as: UTF8.self) + "\n"
            }
            return heard.contains(text)
        }
        let program = try agent.start(["NOTIFY_SOCKET=\(path)", "WATCHDOG_USEC=400000"])
        try eventually("it is ready: \(program.log)") { hears("READY=1") }
        try eventually("it lives: \(program.log)") { hears("WATCHDOG=1") }
        kill(program.id, SIGHUP)
        try eventually("it reloads: \(program.log)") { hears("RELOADING=1") }
        #expect(program.kill(SIGTERM) == 0)
        #expect(hears("STOPPING=1"))
    }
}
