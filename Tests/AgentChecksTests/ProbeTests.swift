import CurlTransport
import Glibc
import SystemIO
import TestSupport
import Testing

@testable import AgentChecks

@Suite(.timeLimit(.minutes(15)))
struct ProbeTests {
    private func shell(_ script: String, milliseconds: UInt64 = 20_000) -> Reading {
        ChildProcess(arguments: ["sh", "-c", script]).plugin(timeout: milliseconds * 1_000_000) { false }
    }

    @Test(arguments: [(0, HealthStatus.healthy), (1, .warning), (2, .unhealthy), (3, .unknown), (77, .unknown)])
    func exitCodesAreThoseOfNagios(code: Int, status: HealthStatus) {
        let reading = shell(
            "echo 'all is said|load1=0.5;1;2;0 '\\''free space'\\''=12GB use=7%;; broken=x =3'; exit \(code)")
        #expect(reading.status == status && reading.reason == "all is said")
        #expect(reading.figures == [.init("load1", 0.5), .init("free space_GB", 12), .init("use_percent", 7)])
    }

    @Test func whatTakesTooLongIsKilledWithAllThatItStarted() throws {
        let directory = try TemporaryDirectory()
        let reading = shell("sleep 600 & echo $! > \(directory.path)/pid; echo waiting; wait", milliseconds: 300)
        #expect(reading.status == .unhealthy && reading.reason == "no answer in time: waiting")
        let text = String(decoding: try FileSystem.contents("\(directory.path)/pid", limit: 100), as: UTF8.self)
        let child = try #require(pid_t(text.prefix { $0.isNumber }))
        try eventually("the child is gone") { kill(child, 0) == -1 || isZombie(child) }
    }

    /// In a container nobody may be there who takes note of the end of orphans.
    private func isZombie(_ process: pid_t) -> Bool {
        guard let status = try? FileSystem.contents("/proc/\(process)/stat", limit: 4_096) else { return true }
        return String(decoding: status, as: UTF8.self).contains(") Z ")
    }

    @Test func whatLeavesSomethingBehindThatHoldsItsOutputHasEnded() {
        #expect(shell("sleep 600 & echo done").reason == "done")
    }

    @Test func whatGoesOnWithoutItsOutputIsKilledInTime() {
        let reading = shell("exec >/dev/null 2>&1; sleep 600", milliseconds: 300)
        #expect(reading.status == .unhealthy && reading.reason == "no answer in time")
        #expect(shell("exec >/dev/null 2>&1; sleep 0.1; exit 1").status == .warning)
    }

    @Test func muchOutputNeitherHangsNorIsKept() throws {
        let child = ChildProcess(arguments: ["sh", "-c", "head -c 3000000 /dev/zero; exit 1"])
        let (ending, output) = try child.run(timeout: 20_000_000_000) { false }
        #expect(ending == .exited(1) && output.count == ChildProcess.maximumOutput)
    }

    @Test func whatIsNotThereOrIsStoppedSaysSo() {
        let missing = ChildProcess(arguments: ["/nowhere/check_nothing"]).plugin(timeout: 1_000_000_000) { false }
        #expect(missing.status == .unknown && missing.reason.hasPrefix("/nowhere/check_nothing cannot be started"))
        #expect(shell("kill -9 $$").reason == "ended by signal 9")
        #expect(shell("exit 2").reason == "exit code 2")
        // The key of the collector may be in the environment.
        setenv("LODGE_TEST_SECRET", "x", 1)
        #expect(shell("echo [$LODGE_TEST_SECRET]").reason == "[]")
        let start = SystemClock.monotonicNanos()
        _ = ChildProcess(arguments: ["sleep", "600"]).plugin(timeout: 600_000_000_000) {
            SystemClock.monotonicNanos() > start + 100_000_000
        }
    }

    @Test func unitsAreReadAsSystemdTellsThem() {
        func unit(_ load: String, _ active: String, _ sub: String, _ result: String = "success") -> Reading {
            ChildProcess.unit(
                properties: "Result=\(result)\nNRestarts=2\nLoadState=\(load)\nActiveState=\(active)\nSubState=\(sub)\n"
            )
        }
        let running = unit("loaded", "active", "running")
        #expect(running == Reading(.healthy, "active (running)", figures: [.init("restarts", 2)]))
        #expect(unit("loaded", "activating", "auto-restart").status == .warning)
        #expect(unit("loaded", "failed", "failed", "exit-code").reason == "failed (failed, result exit-code)")
        #expect(unit("loaded", "inactive", "dead").status == .unhealthy)
        #expect(unit("not-found", "inactive", "dead").reason == "there is no such unit")
        #expect(unit("masked", "inactive", "dead").status == .unhealthy)
        #expect(ChildProcess.unit(properties: "").status == .unknown)
    }

    @Test func disksAreFullByBytesOrByFiles() {
        func disk(_ available: Int, _ used: Int, inodes: Int = 0, usedInodes: Int = 0) -> Reading {
            HostProbes.disk(
                FreeSpace(available: available, total: 0, used: used, inodes: inodes, usedInodes: usedInodes),
                Check.DiskBounds())
        }
        #expect(disk(21 << 20, 79 << 20).status == .healthy)
        #expect(disk(20 << 20, 80 << 20).reason == "80 % used, 20 MiB free")
        #expect(disk(10 << 20, 90 << 20).status == .unhealthy)
        #expect(disk(90 << 20, 10 << 20, inodes: 100, usedInodes: 95).reason == "95 % of the inodes used, 90 MiB free")
        #expect(disk(0, 0).status == .healthy)
        #expect(HostProbes.disk("/nowhere", .init()).status == .unhealthy)
        #expect(HostProbes.disk("/", .init()).figures.count == 3)
    }

    @Test func processesAreCountedByName() throws {
        let proc = try TemporaryDirectory()
        for (number, name) in ["nginx", "nginx", "a-very-long-pro", "bash"].enumerated() {
            try FileSystem.createDirectory("\(proc.path)/\(number + 1)")
            try FileSystem.writeAtomically("\(proc.path)/\(number + 1)/comm", Array("\(name)\n".utf8))
        }
        try FileSystem.createDirectory("\(proc.path)/99")
        func count(_ name: String, _ least: Int) -> Reading {
            HostProbes.process(name, atLeast: least, proc: proc.path)
        }
        #expect(count("nginx", 2) == Reading(.healthy, "", figures: [.init("processes", 2)]))
        #expect(count("nginx", 3).reason == "2 of 3 processes run")
        #expect(count("a-very-long-program", 1).status == .healthy)
        #expect(count("cron", 1).reason == "no process of that name runs")
        #expect(HostProbes.process("x", atLeast: 1, proc: "/nowhere").status == .unknown)
    }

    @Test func connectionsAreAcceptedOrNot() {
        let server = ScriptedServer { _, _ in false }
        let port = Int(server.port)
        func tcp(_ host: String, _ port: Int) -> Reading {
            NetworkProbes.tcp(host, port, timeout: 5_000_000_000) { false }
        }
        #expect(tcp("127.0.0.1", port).status == .healthy)
        server.stop()
        #expect(tcp("127.0.0.1", port).reason == "Connection refused")
        #expect(tcp("not a host", port).reason.hasPrefix("not a host has no address"))
    }

    @Test func answersAreComparedWithWhatIsExpected() throws {
        let server = ScriptedServer { request, connection in
            switch request.head.split(separator: " ")[1] {
            case "/ok": write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine", to: connection)
            case "/long":
                write("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n", to: connection)
                write(String(repeating: "x", count: 300_000), to: connection)
            case "/silent": return true
            default: write("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy", to: connection)
            }
            return true
        }
        defer { server.stop() }
        let client = try HTTPClient(userAgent: "test")
        func ask(_ path: String, _ change: (inout Check.HTTPExpectation) -> Void = { _ in }) -> Reading {
            var expectation = Check.HTTPExpectation(url: "http://127.0.0.1:\(server.port)\(path)")
            change(&expectation)
            return NetworkProbes.http(expectation, timeout: .milliseconds(500), client) { false }
        }
        #expect(ask("/ok") == Reading(.healthy, "", figures: [.init("http_status", 200)]))
        #expect(ask("/ok") { $0.text = "fin" }.status == .healthy)
        #expect(ask("/ok") { $0.text = "well" }.reason == "the answer does not contain `well`")
        #expect(ask("/long").status == .healthy)
        #expect(ask("/busy").reason == "HTTP status 503")
        #expect(ask("/busy") { ($0.statuses, $0.text) = ([503...503], "usy") }.status == .healthy)
        #expect(ask("/silent").status == .unhealthy)
    }
}
