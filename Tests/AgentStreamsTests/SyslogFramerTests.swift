import AgentStreams
import TestSupport
import Testing

@Suite("Frames of syslog") struct SyslogFramerTests {
    private struct Message: Equatable {
        var text: String
        var part = 0
    }

    private func messages(_ chunks: [[UInt8]], limit: Int = 100) -> [Message] {
        var framer = SyslogFramer(maxMessageBytes: limit)
        var found: [Message] = []
        func add(_ bytes: UnsafeRawBufferPointer, _ part: Int) {
            found.append(Message(text: String(decoding: bytes, as: UTF8.self), part: part))
        }
        for chunk in chunks { chunk.withUnsafeBytes { framer.feed($0, add) } }
        framer.finish(add)
        #expect(framer.pendingBytes == 0)
        return found
    }

    private func messages(_ text: String, limit: Int = 100) -> [Message] { messages([Array(text.utf8)], limit: limit) }

    @Test("Lengths and line feeds, each message by itself") func both() {
        #expect(
            messages("<1>a\n7 <2>b\nc\n9 <3>\n\n\nxyz<4>d\n").map(\.text) == [
                "<1>a", "<2>b\nc", "<3>\n\n\nxyz", "<4>d",
            ])
        #expect(
            messages("12 monkeys\n2026-01-01 x\n1234567890 <x\n").map(\.text) == [
                "12 monkeys", "2026-01-01 x", "1234567890 <x",
            ])
        #expect(messages("<1>a\r\n\n\0<2>b\0\n").map(\.text) == ["<1>a", "<2>b"])
        #expect(messages("") == [])
    }

    @Test("The end of a connection ends a line, and marks what is shorter than its length") func ends() {
        #expect(messages("<1>a\n<2>b") == [Message(text: "<1>a"), Message(text: "<2>b")])
        #expect(messages("9 <1>a") == [Message(text: "<1>a", part: 1)])
        #expect(messages("12") == [Message(text: "12")])
    }

    @Test("What is too long comes in parts") func parts() {
        let line = String(repeating: "x", count: 250)
        #expect(messages(line + "\nb\n").map(\.part) == [1, 2, 3, 0])
        #expect(messages(line + "\nb\n").map(\.text.utf8.count) == [100, 100, 50, 1])
        #expect(messages("253 <1>" + line + "<2>b\n").map(\.part) == [1, 2, 3, 0])
        #expect(messages(String(repeating: "x", count: 200) + "\nb\n").map(\.part) == [1, 2, 0])
        #expect(messages("200 <1>" + String(repeating: "x", count: 197) + "<2>b\n").map(\.part) == [1, 2, 0])
    }

    @Test("However the bytes come, the messages are the same, and none is lost") func chunks() {
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            var expected: [String] = []
            var bytes: [UInt8] = []
            for number in 0..<random.below(12) {
                let isCounted = random.chance(50)
                var text = "<\(random.below(192))>\(number) " + String(repeating: "y", count: random.below(150))
                if isCounted, random.chance(50) { text += "\nmore\n\(number) <1>x" }
                bytes += (isCounted ? "\(text.utf8.count) \(text)" : text + "\n").utf8
                if isCounted, random.chance(20) { bytes.append(0x0A) }
                expected.append(text)
            }
            var chunks: [[UInt8]] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = min(rest.count, 1 + random.below(40))
                chunks.append(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            let whole = messages([bytes], limit: 100)
            #expect(messages(chunks, limit: 100) == whole, "seed \(seed)")
            var joined: [String] = []
            for message in whole {
                if message.part > 1 { joined[joined.count - 1] += message.text } else { joined.append(message.text) }
            }
            #expect(joined == expected, "seed \(seed)")
        }
    }

    @Test("Any bytes are taken") func anything() {
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let chunks = (0..<random.below(6)).map { _ -> [UInt8] in
                random.chance(50)
                    ? random.bytes(random.below(300))
                    : (0..<random.below(60)).map { _ in random.pick(Array("0123456789 <\n\0a".utf8)) }
            }
            let found = messages(chunks, limit: 20)
            #expect(found.allSatisfy { $0.text.utf8.count <= 60 && !$0.text.isEmpty }, "seed \(seed)")
        }
    }

    @Test("Why an address cannot be had is said of the kind that it is") func reasons() {
        let path = SyslogAddress.unix(path: "/run/lodge/log")
        #expect(path.reason(13).hasSuffix("the agent's user may not make a socket in /run/lodge"))
        #expect(path.reason(98).hasSuffix("another program takes messages there, or a file has the name"))
        let port = SyslogAddress.udp(host: "0.0.0.0", port: 514)
        #expect(port.reason(13).hasSuffix("CAP_NET_BIND_SERVICE") && port.reason(98).hasSuffix("listens there"))
    }

    @Test("Addresses to listen at") func addresses() {
        #expect(SyslogAddress("udp://0.0.0.0:514") == .udp(host: "0.0.0.0", port: 514))
        #expect(SyslogAddress("tcp://[::1]:601") == .tcp(host: "::1", port: 601))
        #expect(SyslogAddress("tls://10.0.0.1:6514")?.path == "syslog:tls:10.0.0.1:6514")
        #expect(SyslogAddress("unix:///run/lodge/log") == .unix(path: "/run/lodge/log"))
        for text in [
            "", "udp", "udp://", "udp://host:514", "udp://1.2.3.4", "udp://1.2.3.4:0", "udp://1.2.3.4:70000",
            "http://1.2.3.4:80", "unix://run/log", "tcp://::1:601", "unix:///" + String(repeating: "a", count: 200),
        ] {
            #expect(SyslogAddress(text) == nil, "\(text)")
        }
    }
}
