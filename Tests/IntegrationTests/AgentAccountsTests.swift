import AgentDelivery
import Glibc
import LineFormats
import SystemIO
import TestSupport
import Testing

/// What the real agent says of losses, and what it takes of the machine.
@Suite("Accounts of the real agent", .serialized)
struct AgentAccountsTests {
    private func start(_ directory: String, _ url: String, more: String = "") throws -> RunningProgram {
        let text = """
            collector: {url: "\(url)", heartbeat: 1s}
            state: \(directory)/state
            batch: {interval: 20ms}
            files: [{include: \(directory)/logs/*.log}]
            \(more)

            """
        try FileSystem.writeAtomically(directory + "/agent.yaml", Array(text.utf8))
        return try RunningProgram(
            "lodge-agent", ["--config", directory + "/agent.yaml"], logPath: directory + "/agent.log")
    }

    private func sources(_ directory: String) throws -> [JSONValue] {
        let path = directory + "/status.json"
        unlink(path)
        let program = try RunningProgram(
            "lodge-agent", ["status", "--state", directory + "/state", "--json"], logPath: path)
        guard program.wait() == 0 else { return [] }
        return try JSONValue(parsing: Array(program.log.utf8))["sources"]?.array ?? []
    }

    /// Pods that end while the collector is away, and an agent that is started again meanwhile.
    @Test("A deleted file that was read to its end is missed by nobody", .timeLimit(.minutes(15)))
    func deletedFilesThatWereReadAreNoLoss() throws {
        let directory = try TemporaryDirectory()
        let logs = directory.path + "/logs"
        try FileSystem.createDirectory(logs)
        let collector = try CollectorProcess(directory)
        let path = "\(logs)/pod.log"
        let first = try start(directory.path, collector.url)
        let text = (0..<500).map { "line \($0)\n" }.joined()
        try FileSystem.writeAtomically(path, Array(text.utf8))
        try eventually("the file is read: \(first.log)") {
            try sources(directory.path).contains {
                $0["source"]?.string == path && $0["spooled"]?.int == text.utf8.count
            }
        }
        unlink(path)
        // Somebody may still write into it: it is kept for a minute.
        try eventually("it is written down that the file is gone: \(first.log)") {
            guard case .content(let content, _, _) = try Registry.load("\(directory.path)/state") else { return false }
            return !content.forgotten.isEmpty
        }
        first.kill(SIGKILL)
        try collector.start()
        let agent = try start(directory.path, collector.url)
        try eventually("all is there: \(agent.log)") { try collector.count("line") >= 500 }
        #expect(agent.kill(SIGTERM) == 0)
        #expect(!agent.log.contains("file_gone") && !agent.log.contains("lines of it are lost"), "\(agent.log)")
        #expect(try collector.count("line") == 500)
    }

    /// Processor time is what counts, so a machine that is busy otherwise makes this no harder to keep.
    @Test("The agent keeps to its share of the processor", .timeLimit(.minutes(15)))
    func theShareOfTheProcessorIsKept() throws {
        let directory = try TemporaryDirectory()
        try FileSystem.createDirectory(directory.path + "/logs")
        let line = #"{"level":"INFO","msg":"a request was served in a number of milliseconds","status":200}"# + "\n"
        let text = String(repeating: line, count: 400_000)
        try FileSystem.writeAtomically(directory.path + "/logs/much.log", Array(text.utf8))
        let collector = try CollectorProcess(directory)
        let begin = SystemClock.monotonicNanos()
        let agent = try start(directory.path, collector.url, more: "limits: {cpu_percent: 10}")
        var used = 0.0
        try eventually("ten seconds have passed") {
            used = try processorSeconds(agent.id)
            return SystemClock.monotonicNanos() - begin > 10_000_000_000
        }
        let passed = Double(SystemClock.monotonicNanos() - begin) / 1e9
        let read = try sources(directory.path).first?["read"]?.int ?? 0
        agent.kill(SIGKILL)
        // Starting takes some as well. It has not come to the end: it could have taken all of the time.
        #expect(used < passed * 0.1 + 1.5, "\(used) of \(passed) s")
        #expect(read > 0 && read < text.utf8.count)
    }

    private func processorSeconds(_ process: pid_t) throws -> Double {
        let stat = String(decoding: try FileSystem.contents("/proc/\(process)/stat", limit: 4_096), as: UTF8.self)
        let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
