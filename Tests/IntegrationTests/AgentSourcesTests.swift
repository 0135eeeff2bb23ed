import CurlTransport
import Glibc
import LineFormats
import LogModel
import SystemIO
import TestSupport
import Testing

/// Sources that are no files, through the real agent and collector.
@Suite("Journal, syslog, standard input and programs through the real agent and collector", .serialized)
struct AgentSourcesTests {
    private let directory: TemporaryDirectory
    private let collector: CollectorProcess
    private var log: String { directory.path + "/agent.log" }

    init() throws {
        directory = try TemporaryDirectory()
        collector = try CollectorProcess(directory)
    }

    /// The path of a file with the settings.
    private func configuration(_ sources: String, spool: String = "{}") throws -> String {
        let file = directory.path + "/agent.yaml"
        let text = """
            collector: {url: "\(collector.url)", heartbeat: 1s}
            state: \(directory.path)/state
            host: web1
            timezone: utc
            batch: {interval: 50ms}
            spool: \(spool)
            \(sources)

            """
        try FileSystem.writeAtomically(file, Array(text.utf8))
        return file
    }

    private func startAgent(_ file: String, _ more: [String] = []) throws -> RunningProgram {
        try RunningProgram("lodge-agent", ["--config", file] + more, logPath: log)
    }

    @Test("Each entry of the journal comes once, over kills of the agent and rotated files", .timeLimit(.minutes(15)))
    func journal() throws {
        try collector.start()
        let files = try JournalFiles(directory.path + "/journal")
        let file = try configuration("journal: {directory: \(files.path), since: all, units: [shop]}")
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        var written = 0
        var agent = try startAgent(file)
        for round in 0..<12 {
            let name = "system@\(round / 3).journal"
            let count = 50 + random.below(200)
            try files.append(messages: (written..<(written + count)).map { "entry \($0)" }, to: name)
            try files.append(messages: ["other"], [("_SYSTEMD_UNIT", "db.service")], to: name)
            written += count
            if random.chance(60) {
                // Somewhere on the way.
                let seen = random.below(written)
                _ = try? eventually("some came", within: .milliseconds(300)) { try collector.count("entry") >= seen }
                agent.kill(SIGKILL)
                agent = try startAgent(file)
            }
        }
        try eventually("all entries, seed \(seed); agent: \(agent.log.suffix(2_000))") {
            try collector.count("entry") >= written
        }
        #expect(agent.kill(SIGTERM) == 0)
        #expect(try collector.count("*") == written, "seed \(seed)")
        #expect(try collector.query("* | count_uniq(_msg) n").first?["n"]?.string == "\(written)", "seed \(seed)")
        let last = try #require(try collector.query("_msg:=\"entry \(written - 1)\"").first)
        #expect(last["service"]?.string == "shop" && last["level"]?.string == "INFO")

        // What journald removes while the agent is down is reported: a hole in the answers.
        try files.append(messages: (0..<40).map { "gone \($0)" }, to: "system@4.journal")
        try files.append(messages: ["after"], to: "system@5.journal")
        for number in 3..<5 { try FileSystem.remove("\(files.path)/system@\(number).journal") }
        let again = try startAgent(file)
        try eventually("the entry after; agent: \(again.log.suffix(2_000))") {
            try collector.count("after") == 1
        }
        try eventually("the gap; agent: \(again.log.suffix(2_000))") {
            try gaps().contains { $0["cause"]?.string == "journal_vacuumed" }
        }
        #expect(again.kill(SIGTERM) == 0)
    }

    /// What the agents have told of losses.
    private func gaps() throws -> [JSONValue] {
        try JSONValue(parsing: collector.get("/v1/agents").body)["gaps"]?.array ?? []
    }

    @Test("A sender over TCP is held back while the spool is full, and nothing is lost", .timeLimit(.minutes(15)))
    func fullSpool() throws {
        let port = try Sender.freePort(isStream: true)
        let file = try configuration(
            "syslog: [{listen: \"tcp://127.0.0.1:\(port)\"}]", spool: "{bytes: 8MiB, when_full: wait}")
        let agent = try startAgent(file)
        let sender = try Sender.patiently(port)
        var random = SeededGenerator(seed: 1)
        var stream: [UInt8] = []
        let count = 25_000
        for number in 0..<count {
            // Nothing that could be compressed to much less than half.
            let text = (0..<80).map { _ in String(random.next(), radix: 16) }.joined()
            stream += "<14>Jan  2 03:04:05 db7 shop: number \(number) \(text)\n".utf8
        }
        var sent = 0
        func send() -> Int {
            let piece = Array(stream[sent..<min(stream.count, sent + 200_000)])
            let count = sender.sendSome(piece)
            sent += count
            return count
        }
        try eventually("the spool is full: \(sent) sent; agent: \(agent.log.suffix(2_000))", within: .seconds(90)) {
            while send() > 0 {}
            return agent.log.contains("reading stops until the spool takes more")
        }
        // What is between sender and spool fills up, and then nothing is taken any more.
        var refusals = 0
        try eventually("the sender is held back", within: .seconds(90)) {
            refusals = send() > 0 ? 0 : refusals + 1
            return refusals == 40
        }
        #expect(sent < stream.count)
        try collector.start()
        try eventually("all is sent; agent: \(agent.log.suffix(2_000))", within: .seconds(90)) {
            while send() > 0 {}
            return sent == stream.count
        }
        try eventually("all has come; agent: \(agent.log.suffix(2_000))", within: .seconds(90)) {
            try collector.count("*") >= count
        }
        #expect(
            try collector.query("* | count() n, count_uniq(_msg) u").first.map { [$0["n"]?.string, $0["u"]?.string] }
                == ["\(count)", "\(count)"])
        #expect(agent.kill(SIGTERM) == 0)
        #expect(!agent.log.contains("events of a source are lost"))
    }

    @Test("What the kernel drops of UDP is told to the collector, to the datagram", .timeLimit(.minutes(15)))
    func drops() throws {
        try collector.start()
        let port = try Sender.freePort(isStream: false)
        let file = try configuration("syslog: [{listen: \"udp://127.0.0.1:\(port)\", receive_buffer: 4KiB}]")
        let agent = try startAgent(file)
        let sender = try Sender(port, isStream: false)
        try eventually("somebody listens; agent: \(agent.log.suffix(2_000))") {
            agent.log.contains("listening for syslog")
        }
        // A reader that is stopped reads nothing: what does not fit is dropped for certain.
        #expect(Glibc.kill(agent.id, SIGSTOP) == 0)
        let sent = 3_000
        for number in 0..<sent { sender.send("<14>Jan  2 03:04:05 db7 shop: number \(number)") }
        #expect(Glibc.kill(agent.id, SIGCONT) == 0)
        var (stored, dropped) = (0, 0)
        try eventually(
            "\(stored) are stored and \(dropped) reported of \(sent); agent: \(agent.log.suffix(2_000))",
            within: .seconds(60)
        ) {
            stored = try collector.count("*")
            dropped = try gaps().filter { $0["cause"]?.string == "syslog_dropped" }
                .reduce(0) { $0 + ($1["events"]?.int ?? 0) }
            return stored + dropped >= sent
        }
        #expect(stored + dropped == sent && dropped > 0)
        #expect(agent.kill(SIGTERM) == 0)
    }

    @Test("rsyslog sends over TLS", .enabled(if: FileSystem.exists("/usr/sbin/rsyslogd")), .timeLimit(.minutes(15)))
    func rsyslog() throws {
        try collector.start()
        let certificates = try Certificates(directory.path + "/certificates")
        let port = try Sender.freePort(isStream: true)
        let file = try configuration(
            """
            syslog:
              - listen: tls://127.0.0.1:\(port)
                certificate: \(certificates.server.certificate)
                key: \(certificates.server.key)
                client_ca: \(certificates.authority)
            """)
        let agent = try startAgent(file)
        let settings = """
            global(
              workDirectory="\(directory.path)"
              defaultNetstreamDriver="ossl"
              defaultNetstreamDriverCAFile="\(certificates.authority)"
              defaultNetstreamDriverCertFile="\(certificates.client.certificate)"
              defaultNetstreamDriverKeyFile="\(certificates.client.key)")
            module(load="imuxsock" sysSock.use="off")
            input(type="imuxsock" socket="\(directory.path)/log")
            *.* action(type="omfwd" target="127.0.0.1" port="\(port)" protocol="tcp" template="RSYSLOG_SyslogProtocol23Format"
              TCP_Framing="octet-counted" StreamDriver="ossl" StreamDriverMode="1" StreamDriverAuthMode="x509/certvalid"
              action.resumeRetryCount="-1" action.resumeInterval="1")

            """
        let path = directory.path + "/rsyslog.conf"
        try FileSystem.writeAtomically(path, Array(settings.utf8))
        let rsyslog = try RunningProgram(
            at: "/usr/sbin/rsyslogd", ["-n", "-f", path, "-i", directory.path + "/rsyslog.pid"],
            logPath: directory.path + "/rsyslog.log")
        try eventually("rsyslog is there: \(rsyslog.log)") { FileSystem.exists(directory.path + "/log") }
        for number in 0..<20 {
            try runTool([
                "/usr/bin/logger", "--socket", directory.path + "/log", "--tag", "shop", "--id=77", "--priority",
                "local0.err", "failed \(number)",
            ])
        }
        try eventually("the messages; agent: \(agent.log); rsyslog: \(rsyslog.log)") {
            try collector.count("failed") == 20
        }
        let event = try #require(try collector.query("\"failed 7\"").first)
        #expect(event["service"]?.string == "shop" && event["level"]?.string == "ERROR")
        #expect(event["facility"]?.string == "local0" && event["sender"]?.string == "127.0.0.1")
        #expect(event["pid"]?.string == "77")
        rsyslog.kill(SIGKILL)
        #expect(agent.kill(SIGTERM) == 0)
    }

    @Test("Lines of standard input are delivered, and then the agent ends", .timeLimit(.minutes(15)))
    func standardInput() throws {
        try collector.start()
        let path = try RunningProgram.path(of: "lodge-agent")
        let lines = (0..<10_000).map { "line \($0)\n" }.joined() + "{\"level\":\"error\",\"msg\":\"the last\"}"
        try runTool(
            [
                path, "--stdin", "--to", collector.url, "--state", directory.path + "/input", "--service", "pipe",
            ], input: Array(lines.utf8))
        #expect(try collector.count("service:=pipe") == 10_001)
        let last = try #require(try collector.query("\"the last\"").first)
        #expect(last["level"]?.string == "error" && last["source"]?.string == "stdin")
        // Again: what was read is not kept, and other lines come.
        try runTool(
            [path, "--stdin", "--to", collector.url, "--state", directory.path + "/input", "--service", "pipe"],
            input: Array("once more\n".utf8))
        #expect(try collector.count("service:=pipe") == 10_002)
    }

    @Test("Programs are run, and what they say of themselves is delivered", .timeLimit(.minutes(15)))
    func programs() throws {
        try collector.start()
        let file = try configuration(
            """
            exec:
              - {name: disk, command: [/bin/sh, -c, "echo used=93 level=warn; echo oh >&2"], every: 1h, format: logfmt}
              - {name: gone, command: [/no/such/program], every: 1h}
            """)
        let checked = try RunningProgram("lodge-agent", ["validate", "--config", file], logPath: log)
        #expect(checked.wait() == 0)
        #expect(checked.log.contains("also read: exec:disk\nalso read: exec:gone"))
        let agent = try startAgent(file, ["--once"])
        #expect(agent.wait() == 0, "\(agent.log)")
        let events = try collector.query("service:=disk | sort by (stream)")
        #expect(events.map { $0["stream"]?.string } == ["stderr", "stdout"], "\(agent.log)")
        #expect(events.last?["used"]?.string == "93" && events.last?["level"]?.string == "warn")
        #expect(agent.log.contains("/no/such/program cannot be started: No such file or directory"))
    }
}
