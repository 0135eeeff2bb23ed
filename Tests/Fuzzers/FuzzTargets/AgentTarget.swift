import AgentPipeline
import AgentStreams
import LogModel
import RegularExpressions

/// Reads a file as the agent does; the first byte chooses how. Every byte must be dealt with, whatever it is.
func feedAgent(_ input: UnsafeRawBufferPointer) {
    guard let choice = input.first, let rules = try? agentRules() else { return }
    let profile = agentProfiles[Int(choice) % agentProfiles.count]
    let assembler = BatchAssembler(
        host: "h", cutter: LineCutter(maxLineBytes: 400), limits: BatchLimits(bytes: .max, events: .max),
        rules: RuleProgram(rules))
    var state = SourceState(id: 1, path: "/a.log", device: 1, inode: 1)
    let arrival = Timestamp(nanoseconds: 1_750_000_000_000_000_000)
    let text = UnsafeRawBufferPointer(rebasing: input.dropFirst())
    if profile.format == .journal {
        // Its records have line feeds in them.
        let record = UnsafeRawBufferPointer(rebasing: text.prefix(400))
        precondition(
            assembler.take(
                record: record, part: 0, of: state, profile: profile, arrival: arrival,
                sharing: SharedField("sender", [0xFF])), "a record is refused")
    }
    let taken = assembler.take(text, of: &state, profile: profile, ending: .final, arrival: arrival)
    precondition(taken == text.count, "bytes of a file that has ended are left")
    assembler.addSummaries(now: arrival, all: true)
    if let batch = assembler.finish() { checkIntegrity(of: batch.events) }
}

private let agentProfiles: [SourceProfile] =
    SourceProfile.Format.allCases.map { format in
        let pattern = try? RegularExpression(Array(#"(?P<time>\S+) (?P<level>\w+) (?P<message>.*)"#.utf8))
        return SourceProfile(format: format, pattern: format == .regex ? pattern : nil, addsErrorKey: true)
    }
    + TraceDialect.allCases.map { SourceProfile(multiline: Multiline(.trace($0), maxBytes: 100)) }
    + [TextEncoding.utf16, .utf16BigEndian, .windows1252].map { SourceProfile(encoding: $0) }
    + [
        SourceProfile(container: .auto), SourceProfile(container: .docker),
        SourceProfile(container: .cri),
        SourceProfile(container: .cri, multiline: Multiline(.trace(.java), maxBytes: 100)),
    ]

/// Reads a connection of syslog. However its bytes are cut on the way, the messages are the same.
func feedSyslog(_ input: UnsafeRawBufferPointer) {
    func messages(_ cuts: (Int) -> Int) -> [[UInt8]] {
        var framer = SyslogFramer(maxMessageBytes: 100)
        var messages: [[UInt8]] = []
        func take(_ message: UnsafeRawBufferPointer, _ part: Int) {
            precondition(message.count <= 100, "a message is longer than allowed")
            messages.append(Array(message) + [UInt8(truncatingIfNeeded: part)])
        }
        var start = 0
        while start < input.count {
            let end = min(input.count, start + max(1, cuts(start)))
            framer.feed(UnsafeRawBufferPointer(rebasing: input[start..<end]), take)
            precondition(framer.pendingBytes <= 200, "more is kept than a message may have")
            start = end
        }
        framer.finish(take)
        return messages
    }
    let whole = messages { _ in input.count }
    precondition(messages { _ in 1 } == whole, "the way that bytes arrive changes the messages")
    precondition(messages { Int(input[$0] % 17) } == whole, "the way that bytes arrive changes the messages")
}

let syslogSeeds: [[UInt8]] = [
    "11 <34>1 - - -5 <1>ab\n<13>plain\n\n", "<34>Jun 15 14:00:00 h app: text\r\n<35>more", "999 short", "0 \n1 a2 bc",
    "5 " + String(repeating: "x", count: 300) + "\n120 " + String(repeating: "y", count: 130),
].map { Array($0.utf8) }

private func agentRules() throws -> [Rule] {
    var health = RuleCondition()
    health.presets = RuleCondition.Preset.allCases
    return [
        Rule("a", when: health, .drop), Rule("b", .redact([.emails, .cards, try .secrets()])),
        Rule("c", .limit(events: 2, intervalNanos: 60_000_000_000)), Rule("d", .rename(from: "a", to: "service")),
        Rule("e", .add([("x", "y")])),
    ]
}

let agentSeeds: [[UInt8]] = [
    "\u{0}{\"ts\":\"2025-06-15T14:00:00Z\",\"path\":\"/health\",\"a\":\"x@y.de\"}\nplain 4111 1111 1111 1111\n",
    "\u{3}level=warn msg=\"a \\\"b\\\"\" took=5ms flag\npassword=abcdef\n",
    "\u{4}1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] \"GET /a HTTP/1.1\" 200 17 \"-\" \"curl\"\n",
    "\u{5}<34>1 2025-06-15T14:00:00Z h app 1 id [a@1 b=\"c\"] text\nJun 15 14:00:00 h app[1]: text\n",
    "\u{6}2025-06-15 ERROR text\n", "\u{7}PRIORITY=3\n__REALTIME_TIMESTAMP=1750000000000000\nMESSAGE={\"a\":1}\n",
    "\u{8}ERROR x\njava.lang.Error: y\n\tat z\nnext",
    "\u{9}Traceback (most recent call last):\n  File\nValueError: x\n\nnext\n",
    "\u{D}2025-06-15T14:00:00Z stdout P a\n2025-06-15T14:00:00Z stderr F b\n2025-06-15T14:00:01Z stdout F c\n",
    "\u{E}2025-06-15T14:00:00Z stdout F a\n2025-06-15T14:00:00Z stderr F b\n2025-06-15T14:00:00Z stdout F \tat c\n",
].map { Array($0.utf8) }
