import AgentPipeline
import LogModel
import Testing

struct BatchAssemblerTests {
    /// Whatever wrote the file, as rsyslog does what the journal gets from us.
    @Test(arguments: [
        ("Jun  4 15:16:02 web1 lodge-agent[812]: agent started", true),
        ("2026-01-02T03:04:05.123456+00:00 web1 lodge-agent[812]: agent started", true),
        ("<30>Jun  4 15:16:02 web1 lodge-agent[812]: agent started", true),
        ("<30>1 2026-01-02T03:04:05Z web1 lodge-agent 812 - - agent started", true),
        ("Jun  4 15:16:02 web1 lodge-agent[8120]: another", false),
        ("Jun  4 15:16:02 web1 lodge-agent[81]: another", false),
        ("Jun  4 15:16:02 web1 my-lodge-agent[812]: another", false),
        ("Jun  4 15:16:02 web1 systemd[1]: lodge-agent.service: Main process", false),
        ("<30>1 2026-01-02T03:04:05Z web1 lodge-agent 81 - - another", false),
        ("<30>1 2026-01-02T03:04:05Z web1 lodge-agent", false), ("<30>", false), ("lodge-agent[812", false),
    ]) func linesOfTheAgentsOwnLogAreLeftOut(line: String, isOwn: Bool) {
        for format in [SourceProfile.Format.auto, .plain, .syslog] {
            var pipeline = Pipeline(
                SourceProfile(format: format), ownLog: OwnLog(program: "lodge-agent", process: 812))
            #expect(pipeline.read(line + "\nother\n").count == (isOwn ? 1 : 2))
            #expect(pipeline.assembler.counts.own == (isOwn ? 1 : 0))
            #expect(pipeline.assembler.counts.bytes == line.utf8.count + 7)
        }
    }

    static let arrival = Timestamp(parsing: "2026-11-21T07:00:00Z") ?? .distantPast

    private func state(_ id: UInt64 = 1, _ path: String = "/var/log/cart.log") -> SourceState {
        SourceState(id: id, path: path, device: 1, inode: id)
    }

    private func assemble(
        _ text: [UInt8], profile: SourceProfile = SourceProfile(), max: Int = 1 << 20,
        path: String = "/var/log/cart.log"
    ) throws -> (batch: AssembledBatch, counts: AssemblyCounts) {
        let assembler = BatchAssembler(host: "web1", cutter: LineCutter(maxLineBytes: max))
        var state = state(1, path)
        let taken = text.withUnsafeBytes {
            assembler.take($0, of: &state, profile: profile, ending: .final, arrival: Self.arrival)
        }
        #expect(taken == text.count)
        state.offset = taken
        assembler.note(state, from: 0)
        return (try #require(assembler.finish()), assembler.counts)
    }

    private func text(_ batch: EventBatch, _ name: String, _ row: Int) -> String? {
        batch.value(of: name, at: row).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func aJSONLineBecomesAnEventWithFields() throws {
        let line =
            #"{"ts":"2026-01-02T03:04:05Z","severity":"warn","msg":"hi","service":"pay","n":5,"http":{"status":500}}"#
        let (batch, counts) = try assemble(Array((line + "\r\n").utf8))
        let events = batch.events
        #expect(events.count == 1)
        #expect(events.message(at: 0) == "hi")
        #expect(Timestamp(nanoseconds: events.timestamps[0]) == Timestamp(parsing: "2026-01-02T03:04:05Z"))
        #expect(events.levels[0] == Level.warn.rawValue)
        #expect(events.streams[0].labels == [.init("host", "web1"), .init("service", "pay")])
        #expect(text(events, "n", 0) == "5")
        #expect(text(events, "http.status", 0) == "500")
        #expect(text(events, "severity", 0) == "warn")
        #expect(text(events, "file", 0) == "/var/log/cart.log")
        #expect(counts.structured == 1)
    }

    struct Keys: Sendable {
        var time: String
        var message: String
    }

    @Test(arguments: [
        Keys(time: "ts", message: "msg"), Keys(time: "time", message: "message"),
        Keys(time: "@timestamp", message: "log"),
        Keys(time: "timestamp", message: "_msg"),
    ]) func theUsualKeysAreKnown(_ keys: Keys) throws {
        let (batch, _) = try assemble(Array("{\"\(keys.time)\":1700000000,\"\(keys.message)\":\"m\"}\n".utf8))
        #expect(batch.events.message(at: 0) == "m")
        #expect(batch.events.timestamps[0] == 1_700_000_000_000_000_000)
    }

    @Test(arguments: [
        "{\"a\":1} trailing", "{\"a\":1", "{", "{}x", "[1]", "{\"a\":1}{\"b\":2}", "{a:1}", " {\"a\":\"\u{1}\"}",
    ]) func whatIsNotWhollyAnObjectIsAPlainLine(_ line: String) throws {
        let (batch, counts) = try assemble(Array("{\"x\":1}\n\(line)\n{\"x\":2}\n".utf8))
        #expect(batch.events.count == 3)
        #expect(batch.events.message(at: 1) == line)
        #expect(text(batch.events, "file", 1) == "/var/log/cart.log")
        #expect(text(batch.events, "a", 1) == nil)
        #expect(text(batch.events, "x", 2) == "2")
        #expect(counts.plain == 1)
    }

    @Test func anUnreadableTimeStaysAField() throws {
        let (batch, _) = try assemble(Array("{\"time\":\"soon\",\"msg\":\"x\"}\n".utf8))
        #expect(text(batch.events, "time", 0) == "soon")
        #expect(batch.events.timestamps[0] == Self.arrival.nanoseconds)
    }

    @Test func plainLinesAreKeptByteForByte() throws {
        let lines: [[UInt8]] = [
            Array("2015-10-18 18:01:47,978 WARN [main] x\r".utf8), [0xFF, 0xFE, 0x00, 0x80, 0x0D], [], [0x0D],
            Array("\u{FEFF}bom".utf8), Array("{\"not\": json}".utf8),
        ]
        let (batch, counts) = try assemble(Array(lines.joined(separator: [0x0A])) + [0x0A])
        #expect(batch.events.count == lines.count)
        for row in 0..<lines.count { #expect(batch.events.bytes(of: batch.events.messages[row]) == lines[row]) }
        #expect(Timestamp(nanoseconds: batch.events.timestamps[0]) == Timestamp(parsing: "2015-10-18T18:01:47.978Z"))
        #expect(text(batch.events, "level", 0) == "WARN")
        #expect(batch.events.levels[0] == Level.warn.rawValue)
        #expect(text(batch.events, "level", 1) == nil)
        #expect(batch.events.timestamps[1] == Self.arrival.nanoseconds)
        #expect(batch.events.streams[0].labels == [.init("host", "web1"), .init("service", "cart")])
        #expect(counts.plain == lines.count)
        #expect(batch.progress.count == 1)
    }

    @Test func partsOfLongLinesAreMarked() throws {
        let (batch, counts) = try assemble(Array("abcdefgh\nij\n".utf8), max: 5)
        #expect((0..<3).map { batch.events.message(at: $0) } == ["abcde", "fgh", "ij"])
        #expect((0..<3).map { text(batch.events, "_part", $0) } == ["1", "2", nil])
        #expect(counts.parts == 2)
    }

    @Test func theProfileGivesServiceLabelsAndFields() throws {
        let profile = SourceProfile(
            format: .plain, service: "shop", fields: [("environment", "test"), ("team", "a"), ("level", "x")])
        let (batch, _) = try assemble(Array("{\"msg\":\"x\"}\n".utf8), profile: profile)
        #expect(batch.events.message(at: 0) == "{\"msg\":\"x\"}")
        #expect(
            batch.events.streams[0].labels
                == [.init("environment", "test"), .init("host", "web1"), .init("service", "shop")])
        #expect(text(batch.events, "team", 0) == "a")
    }

    @Test func servicesAreNamedAfterFiles() {
        let profile = SourceProfile()
        #expect(profile.serviceName(of: "/var/log/app.log") == "app")
        #expect(profile.serviceName(of: "/var/log/app.log.1") == "app")
        #expect(profile.serviceName(of: "/var/log/syslog") == "syslog")
        #expect(profile.serviceName(of: "/x/.hidden.log") == ".hidden")
        #expect(profile.serviceName(of: "/") == "unknown")
    }

    @Test func aBatchEndsAtItsLimitAndTheNextGoesOn() throws {
        let assembler = BatchAssembler(
            host: "h", cutter: LineCutter(maxLineBytes: 100), limits: BatchLimits(bytes: 1 << 20, events: 3))
        var state = state()
        var second = self.state(2, "/b.log")
        let text = Array("1\n2\n3\n4\n5\n".utf8)
        var taken = text.withUnsafeBytes {
            assembler.take($0, of: &state, profile: SourceProfile(), ending: .open, arrival: Self.arrival)
        }
        #expect(taken == 6)
        #expect(assembler.isComplete)
        state.offset = 6
        assembler.note(state, from: 0)
        let first = try #require(assembler.finish())
        #expect(first.events.count == 3)
        #expect(first.progress == [SourceProgress(from: 0, state: state)])
        #expect(assembler.finish() == nil)
        taken = text[6...].withUnsafeBytes {
            assembler.take($0, of: &state, profile: SourceProfile(), ending: .open, arrival: Self.arrival)
        }
        state.offset += taken
        assembler.note(state, from: 6)
        _ = text[..<2].withUnsafeBytes {
            assembler.take($0, of: &second, profile: SourceProfile(), ending: .open, arrival: Self.arrival)
        }
        second.offset = 2
        assembler.note(second, from: 0)
        let next = try #require(assembler.finish())
        #expect((0..<3).map { next.events.message(at: $0) } == ["4", "5", "1"])
        #expect(next.progress.map(\.from) == [6, 0])
        #expect(self.text(next.events, "file", 2) == "/b.log")
    }
}
