import Glibc
import SystemIO
import TestSupport
import Testing

/// What files may be, with a real agent: a clear message, and all else goes on.
@Suite("Bad input to the real agent", .serialized)
struct BadInputTests {
    /// Nobody, for whom permissions count.
    private static let other = "65534"

    private final class Bench {
        let directory: TemporaryDirectory
        let collector: CollectorProcess
        var logs: String { directory.path + "/logs" }
        var logPath: String { directory.path + "/agent.log" }

        init() throws {
            directory = try TemporaryDirectory()
            collector = try CollectorProcess(directory)
            try FileSystem.createDirectory(logs)
            try collector.start()
        }

        func agent(_ group: String, asOther: Bool = false) throws -> RunningProgram {
            let file = directory.path + "/agent.yaml"
            let text = """
                collector: {url: "\(collector.url)"}
                state: \(directory.path)/state
                host: web1
                timezone: utc
                batch: {interval: 50ms}
                files:
                \(group)
                """
            try FileSystem.writeAtomically(file, Array(text.utf8))
            if asOther {
                chmod(directory.path, 0o777)
                chmod(file, 0o644)
                chmod(logs, 0o755)
            }
            return try RunningProgram(
                "lodge-agent", ["--config", file], logPath: logPath, user: asOther ? BadInputTests.other : nil)
        }

        func append(_ text: String, to name: String) throws {
            try Array(text.utf8).withUnsafeBytes { try OpenFile("\(logs)/\(name)", .append).write($0) }
        }

        var log: String {
            (try? FileSystem.contents(logPath, limit: 16 << 20)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        }

        func awaitCount(_ filter: String, _ count: Int) throws {
            try eventually("\(count) of \(filter); agent: \(log.suffix(2_000))", within: .seconds(120)) {
                try collector.count(filter) == count
            }
        }
    }

    @Test("Pipes, sockets, directories, loops, binary and other text", .timeLimit(.minutes(15)))
    func thingsThatAreNoLogs() throws {
        let bench = try Bench()
        try bench.append("good one\n", to: "a-good.log")
        #expect(mkfifo(bench.logs + "/b-pipe.log", 0o644) == 0)
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        #expect(bindUnix(listener, bench.logs + "/c-socket.log"))
        try FileSystem.createDirectory(bench.logs + "/d-directory.log")
        #expect(symlink("e-loop.log", bench.logs + "/e-loop.log") == 0)
        #expect(symlink("nowhere", bench.logs + "/f-dangling.log") == 0)
        try bench.append("\u{0}\u{1}\u{2}binary\n", to: "g-binary.log")
        try bench.append("\u{FEFF}with a mark\n", to: "h-mark.log")
        try bench.append("good two\n", to: "z-good.log")
        let agent = try bench.agent("  - {include: \(bench.logs)/*.log, skip_binary: true}")
        try bench.awaitCount("good", 2)
        try bench.awaitCount("\"with a mark\"", 1)
        for (name, words) in [
            ("b-pipe", "a pipe, a socket or a device"), ("c-socket", "a pipe, a socket or a device"),
            ("e-loop", "levels of symbolic links"), ("g-binary", "binary data"),
        ] {
            let lines = bench.log.split(separator: "\n").filter { $0.contains(name) && $0.contains(words) }
            #expect(lines.count == 1, "\(name): \(bench.log)")
        }
        try bench.append("good three\n", to: "z-good.log")
        try bench.awaitCount("good", 3)
        #expect(try bench.collector.count("binary") == 0)
        #expect(agent.kill(SIGTERM) == 0)
    }

    @Test("A file that may not be read", .enabled(if: geteuid() == 0), .timeLimit(.minutes(15)))
    func withoutPermission() throws {
        let bench = try Bench()
        try bench.append("secret\n", to: "a.log")
        try bench.append("open\n", to: "b.log")
        #expect(chmod(bench.logs + "/a.log", 0) == 0 && chmod(bench.logs + "/b.log", 0o644) == 0)
        let agent = try bench.agent("  - {include: \(bench.logs)/*.log}", asOther: true)
        try bench.awaitCount("open", 1)
        #expect(bench.log.split(separator: "\n").filter { $0.contains("a.log") && $0.contains("denied") }.count == 1)
        // As soon as it may be, it is.
        #expect(chmod(bench.logs + "/a.log", 0o644) == 0)
        try bench.awaitCount("secret", 1)
        #expect(agent.kill(SIGTERM) == 0)
    }

    @Test("A line of 100 MB in bounded memory", .timeLimit(.minutes(15)))
    func aVeryLongLine() throws {
        let bench = try Bench()
        let piece = [UInt8](repeating: 0x78, count: 1 << 20)
        let file = try OpenFile("\(bench.logs)/long.log", .append)
        for _ in 0..<100 { try piece.withUnsafeBytes { try file.write($0) } }
        try Array("\nafter\n".utf8).withUnsafeBytes { try file.write($0) }
        let agent = try bench.agent("  - {include: \(bench.logs)/*.log}")
        try bench.awaitCount("after", 1)
        // 1 MiB less 16 KiB each, the last one what is left.
        let parts = (100 << 20) / ((1 << 20) - (16 << 10)) + 1
        try bench.awaitCount("_part:*", parts)
        try bench.awaitCount("_part:\(parts)", 1)
        let status = String(
            decoding: try OpenFile("/proc/\(agent.id)/status", .read).bytes(at: 0, count: 4_096), as: UTF8.self)
        let peak = status.split(separator: "\n").first { $0.hasPrefix("VmHWM") }?.split(separator: " ").dropLast().last
        #expect(Int(peak ?? "").map { $0 < 150 << 10 } ?? false, "\(status)")
        #expect(agent.kill(SIGTERM) == 0)
    }

    @Test("Certificates that are none", .timeLimit(.minutes(15)))
    func brokenCertificates() throws {
        let bench = try Bench()
        try bench.append("a line\n", to: "a.log")
        let file = bench.directory.path + "/tls.yaml"
        let good = "files: [{include: \(bench.logs)/*.log}]\nstate: \(bench.directory.path)/tls-state\n"
        let broken = bench.directory.path + "/ca.pem"
        try FileSystem.writeAtomically(broken, Array("no certificate".utf8))
        for (path, reason) in [(broken + ".none", "No such file"), (broken, "is no PEM file")] {
            let text = good + "collector: {url: \"https://127.0.0.1:1\", tls: {ca: \(path)}}\n"
            try FileSystem.writeAtomically(file, Array(text.utf8))
            let output = bench.directory.path + "/validate.log"
            let validate = try RunningProgram("lodge-agent", ["validate", "--config", file], logPath: output)
            #expect(validate.wait() == 2)
            #expect(validate.log.contains(path) && validate.log.contains(reason), "\(validate.log)")
            unlink(output)
        }
        // An agent that runs holds everything and says why, and reads on; with a good configuration all is delivered.
        let agent = try RunningProgram("lodge-agent", ["--config", file], logPath: bench.logPath)
        try eventually("it says why: \(agent.log)") { agent.log.contains("not reached") }
        try bench.append("another line\n", to: "a.log")
        try FileSystem.writeAtomically(file, Array((good + "collector: {url: \"\(bench.collector.url)\"}\n").utf8))
        kill(agent.id, SIGHUP)
        try bench.awaitCount("line", 2)
        #expect(agent.kill(SIGTERM) == 0)
    }

    @Test("50,000 files in a directory", .timeLimit(.minutes(15)))
    func manyFiles() throws {
        let bench = try Bench()
        for number in 0..<50_000 { try bench.append("line of \(number)\n", to: "f\(number).log") }
        let agent = try bench.agent("  - {include: \(bench.logs)/*.log, service: many}")
        try bench.awaitCount("service:many line", 50_000)
        try bench.append("another\n", to: "f49999.log")
        try bench.append("another\n", to: "new.log")
        try bench.awaitCount("another", 2)
        let open = try FileSystem.list("/proc/\(agent.id)/fd").count
        #expect(open < 1_100)
        #expect(agent.kill(SIGTERM) == 0)
    }

    @Test("A file that shrinks while it is read, again and again", .timeLimit(.minutes(15)))
    func aShrinkingFile() throws {
        let bench = try Bench()
        let agent = try bench.agent("  - {include: \(bench.logs)/*.log}")
        let text = (0..<20_000).map { "filler \($0)\n" }.joined()
        for round in 0..<40 {
            try bench.append(text, to: "shrinking.log")
            try OpenFile("\(bench.logs)/shrinking.log", .readWrite).truncate(to: round % 2 == 0 ? 0 : 1_000)
            try bench.append("beside \(round)\n", to: "other.log")
        }
        try OpenFile("\(bench.logs)/shrinking.log", .readWrite).truncate(to: 0)
        try bench.awaitCount("beside", 40)
        try bench.append("the last one\n", to: "shrinking.log")
        try bench.awaitCount("\"the last one\"", 1)
        #expect(agent.kill(SIGTERM) == 0)
    }

    @Test("A log on a full disk", .enabled(if: SmallDisk.isAllowed), .timeLimit(.minutes(15)))
    func aFullDisk() throws {
        let bench = try Bench()
        let disk = try SmallDisk(bytes: 1 << 20)
        let path = disk.path + "/app.log"
        func write(_ text: String) throws {
            try Array(text.utf8).withUnsafeBytes { try OpenFile(path, .append).write($0) }
        }
        try write("before\nhalf of ")
        try disk.fill()
        let agent = try bench.agent("  - {include: \(path)}")
        try bench.awaitCount("before", 1)
        try disk.removeFiller()
        try write("a line\n")
        try bench.awaitCount("\"half of a line\"", 1)
        #expect(agent.kill(SIGTERM) == 0)
    }

    private func bindUnix(_ descriptor: Int32, _ path: String) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(100)) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }
}
