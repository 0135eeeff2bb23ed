import AgentPipeline
import AgentStreams
import Glibc
import LogModel
import ServerTLS
import SystemIO
import TestSupport
import Testing

@Suite("Syslog over real sockets") struct SyslogSourceTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        signal(SIGPIPE, SIG_IGN)
    }

    @Test("Each datagram is an event, with its sender") func udp() throws {
        let port = try Sender.freePort(isStream: false)
        let run = try SourceRun(SyslogOptions(.udp(host: "127.0.0.1", port: port)).source)
        let sender = try Sender(port, isStream: false)
        try eventually("somebody listens") {
            sender.send("<34>1 2026-01-02T03:04:05Z web shop 7 - - hello")
            run.poll()
            return run.consumer.events.count > 0
        }
        sender.send("<14>Jan  2 03:04:05 db7 cron[12]: two\nlines\n")
        sender.send("no syslog at all\0")
        sender.send("\n")
        try eventually("the others: \(run.consumer.messages)") {
            run.poll()
            return run.consumer.messages.contains("no syslog at all")
        }
        run.finish()
        let event = try #require(run.consumer.events.first)
        #expect(event.text == "hello" && event.labels == ["host": "web", "service": "shop"])
        #expect(event.level == .fatal)
        #expect(event.fields["sender"] == "127.0.0.1" && event.fields["source"] == "syslog:udp:127.0.0.1:\(port)")
        let cron = try #require(run.consumer.events.first { $0.labels["service"] == "cron" })
        #expect(cron.text == "two\nlines" && cron.fields["pid"] == "12" && cron.labels["host"] == "db7")
        let plain = try #require(run.consumer.events.last)
        #expect(plain.labels["service"] == "syslog" && plain.labels["host"] == "web1")
        #expect(run.consumer.losses.isEmpty)
    }

    @Test("What the kernel drops while there is no room is counted, to the datagram") func drops() throws {
        let port = try Sender.freePort(isStream: false)
        var options = SyslogOptions(.udp(host: "127.0.0.1", port: port))
        options.receiveBuffer = 32 << 10
        let consumer = CollectingConsumer()
        let run = try SourceRun(options.source, consumer: consumer, inboxBytes: 20_000)
        let sender = try Sender(port, isStream: false)
        try eventually("somebody listens") {
            sender.send("<34>start")
            run.poll()
            return consumer.events.count > 0
        }
        consumer.room = 0
        let sent = 2_000
        for number in 0..<sent { sender.send("<34>\(number) " + String(repeating: "x", count: 500)) }
        consumer.room = .max
        var seen = 0
        try eventually("all are there or counted: \(seen) of \(sent)") {
            run.poll()
            // The first ones may have been sent more than once.
            seen = consumer.messages.count { !$0.hasSuffix("start") }
            seen += consumer.losses.reduce(0) { $0 + $1.loss.events }
            return seen >= sent
        }
        run.finish()
        #expect(seen == sent)
        #expect(consumer.losses.allSatisfy { $0.loss.reason == .dropped && $0.loss.times != nil })
        #expect(!consumer.losses.isEmpty)
    }

    @Test("What has come when the agent stops without room is counted, what the kernel drops as well")
    func stoppedWithoutRoom() throws {
        let port = try Sender.freePort(isStream: false)
        var options = SyslogOptions(.udp(host: "127.0.0.1", port: port))
        options.receiveBuffer = 64 << 10
        let run = try SourceRun(options.source, inboxBytes: 20_000)
        let sender = try Sender(port, isStream: false)
        try eventually("somebody listens") {
            sender.send("<34>start")
            run.poll()
            return run.consumer.events.count > 0
        }
        run.consumer.room = 0
        let sent = 2_000
        for number in 0..<sent { sender.send("<34>\(number) " + String(repeating: "x", count: 300)) }
        run.running.join()
        run.poll()
        run.abandon()
        let started = run.consumer.messages.count
        let lost = run.consumer.losses.reduce(0) { $0 + $1.loss.events }
        // The first ones may have been sent more than once.
        #expect(lost >= sent && lost <= sent + 100 && started > 0, "\(lost)")
        #expect(Set(run.consumer.losses.map(\.loss.reason)) == [.dropped, .stopped])
    }

    @Test("What connections have brought when the agent stops without room is counted") func connectionsWithoutRoom()
        throws
    {
        let port = try Sender.freePort(isStream: true)
        let consumer = CollectingConsumer()
        consumer.room = 0
        let run = try SourceRun(
            SyslogOptions(.tcp(host: "127.0.0.1", port: port)).source, consumer: consumer, inboxBytes: 10_000)
        let senders = try (0..<8).map { _ in try Sender.patiently(port) }
        for (index, sender) in senders.enumerated() {
            sender.send((0..<1_000).map { "<34>Jan  2 03:04:05 a x: \(index) \($0)\n" }.joined() + "<34>rest")
        }
        run.running.join()
        run.poll()
        run.abandon()
        #expect(consumer.losses.reduce(0) { $0 + $1.loss.events } == 8 * 1_001)
        #expect(consumer.losses.allSatisfy { $0.loss.reason == .stopped })
    }

    @Test("Messages over connections, framed both ways; the rest counts at the end") func tcp() throws {
        let port = try Sender.freePort(isStream: true)
        let run = try SourceRun(SyslogOptions(.tcp(host: "127.0.0.1", port: port)).source)
        let first = try Sender.patiently(port)
        let second = try Sender.patiently(port)
        first.send("<34>Jan  2 03:04:05 a x: one\n<34>Jan  2 03:04:05 a x: tw")
        second.send("36 <34>Jan  2 03:04:05 b y: three\nlines")
        first.send("o\n<34>Jan  2 03:04:05 a x: last")
        try eventually("three: \(run.consumer.messages)") {
            run.poll()
            return Set(run.consumer.messages) == ["one", "two", "three\nlines"]
        }
        run.finish()
        #expect(Set(run.consumer.messages) == ["one", "two", "three\nlines", "last"])
        #expect(run.consumer.events.allSatisfy { $0.fields["sender"] == "127.0.0.1" })
    }

    @Test("A sender is held back while there is no room, and nothing is lost") func heldBack() throws {
        let port = try Sender.freePort(isStream: true)
        let consumer = CollectingConsumer()
        consumer.room = 0
        let run = try SourceRun(
            SyslogOptions(.tcp(host: "127.0.0.1", port: port)).source, consumer: consumer, inboxBytes: 10_000)
        let sender = try Sender.patiently(port)
        var stream: [UInt8] = []
        let count = 200_000
        for number in 0..<count { stream += "<34>Jan  2 03:04:05 a x: \(number)\n".utf8 }
        var sent = 0
        // Until the kernel has taken all that it has room for.
        var refused = 0
        try eventually("the sender is held back") {
            let now = sender.sendSome(Array(stream[sent..<min(stream.count, sent + 100_000)]))
            sent += now
            refused = now == 0 ? refused + 1 : 0
            run.poll()
            return refused == 20
        }
        #expect(sent < stream.count)
        #expect(consumer.events.isEmpty)
        consumer.room = .max
        while sent < stream.count {
            sent += sender.sendSome(Array(stream[sent..<min(stream.count, sent + 100_000)]))
            run.poll()
        }
        try eventually("all of them: \(consumer.events.count)") {
            run.poll()
            return consumer.events.count == count
        }
        #expect(consumer.messages == (0..<count).map(String.init))
        #expect(consumer.losses.isEmpty)
        run.finish()
    }

    @Test("What cannot be kept when the agent stops is counted") func stopped() throws {
        let port = try Sender.freePort(isStream: true)
        let consumer = CollectingConsumer()
        consumer.room = 3
        let run = try SourceRun(
            SyslogOptions(.tcp(host: "127.0.0.1", port: port)).source, consumer: consumer, inboxBytes: 2_000)
        let sender = try Sender.patiently(port)
        for number in 0..<10 { sender.send("<34>Jan  2 03:04:05 a x: \(number)\n") }
        try eventually("three are taken") {
            run.poll()
            return consumer.events.count == 3
        }
        run.running.join()
        run.abandon()
        #expect(consumer.events.count + consumer.losses.reduce(0) { $0 + $1.loss.events } == 10)
        #expect(consumer.losses.allSatisfy { $0.loss.reason == .stopped })
    }

    @Test("A connection that is quiet gives way when there are too many") func tooMany() throws {
        let port = try Sender.freePort(isStream: true)
        var options = SyslogOptions(.tcp(host: "127.0.0.1", port: port))
        options.connections = 2
        options.idleNanos = 0
        let run = try SourceRun(options.source)
        let senders = try (0..<5).map { _ in try Sender.patiently(port) }
        for (index, sender) in senders.enumerated() { sender.send("<34>Jan  2 03:04:05 a x: \(index)\n") }
        try eventually("the newest is served: \(run.consumer.messages)") {
            run.poll()
            return run.consumer.messages.contains("4")
        }
        run.finish()
    }

    /// What the system says when a datagram socket is bound to a path, or connected to it; 0 when it is.
    private func withAddress(
        _ path: String, _ call: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    @Test("A socket in the file system takes datagrams, and replaces one that is left over") func unix() throws {
        let path = directory.path + "/log"
        let options = SyslogOptions(.unix(path: path))
        for round in 0..<2 {
            let run = try SourceRun(options.source)
            try eventually("somebody reads from it") { withAddress(path) { connect($0, $1, $2) } == 0 }
            try runTool([
                "/usr/bin/logger", "--socket", path, "--tag", "job", "--priority", "user.err", "round \(round)",
            ])
            try eventually("the message: \(run.consumer.messages)") {
                run.poll()
                return run.consumer.messages == ["round \(round)"]
            }
            let event = try #require(run.consumer.events.first)
            #expect(event.level == .error && event.labels["service"] == "job" && event.fields["sender"] == nil)
            run.finish()
            #expect(!FileSystem.exists(path))
            // What is left when the agent is killed.
            #expect(withAddress(path) { bind($0, $1, $2) } == 0)
        }
    }

    @Test("TLS with certificates of both sides, which may change while it runs") func tls() throws {
        let files = try Certificates(directory.path)
        let port = try Sender.freePort(isStream: true)
        var options = SyslogOptions(.tls(host: "127.0.0.1", port: port))
        options.tls = ServerTLSFiles(
            certificate: files.server.certificate, key: files.server.key, clientAuthority: files.authority)
        let run = try SourceRun(options.source)
        func send(_ text: String, as client: Certificates.Pair?, trusting authority: String) throws {
            var words = ["/usr/bin/openssl", "s_client", "-connect", "127.0.0.1:\(port)", "-CAfile", authority]
            words += ["-verify_return_error", "-quiet", "-no_ign_eof"]
            if let client { words += ["-cert", client.certificate, "-key", client.key] }
            try runTool(words, input: Array(text.utf8))
        }
        _ = try Sender.patiently(port)
        try send("<34>Jan  2 03:04:05 a x: secret\n", as: files.client, trusting: files.authority)
        try eventually("the message: \(run.consumer.messages)") {
            run.poll()
            return run.consumer.messages == ["secret"]
        }
        // Without a certificate, or with another authority's, nothing is taken. The client may hear of it too late to say so.
        try? send("<34>Jan  2 03:04:05 a x: nobody\n", as: nil, trusting: files.authority)
        let others = try Certificates(directory.path + "/others")
        try? send("<34>Jan  2 03:04:05 a x: stranger\n", as: others.client, trusting: files.authority)
        // Other files in their places: the next connections get them.
        for (from, to) in [
            (others.server.certificate, files.server.certificate), (others.server.key, files.server.key),
            (others.authority, files.authority),
        ] {
            try FileSystem.writeAtomically(to, try FileSystem.contents(from, limit: 1 << 20))
        }
        try eventually("the new certificate") {
            (try? send("<34>Jan  2 03:04:05 a x: renewed\n", as: others.client, trusting: others.authority)) != nil
        }
        try eventually("the message under it: \(run.consumer.messages)") {
            run.poll()
            return run.consumer.messages.contains("renewed")
        }
        run.finish()
        #expect(Set(run.consumer.messages) == ["secret", "renewed"])
    }
}
