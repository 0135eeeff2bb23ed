import AgentPipeline
import LineFormats
import LogModel
import RegularExpressions
import TestSupport
import Testing

struct DecoderTests {
    private func only(_ line: String, _ profile: SourceProfile) throws -> SeenEvent {
        var pipeline = Pipeline(profile)
        let events = pipeline.read(line + "\n")
        #expect(events.count == 1)
        return try #require(events.first)
    }

    @Test func logfmtLinesGiveFields() throws {
        let event = try only(
            #"time=2026-01-02T03:04:05Z level=warn msg="slow \"query\"" service=db took=12ms cached"#,
            SourceProfile(format: .logfmt))
        #expect(event.message == #"slow "query""#)
        #expect(event.level == .warn)
        #expect(event.time == Timestamp(parsing: "2026-01-02T03:04:05Z"))
        #expect(event.labels["service"] == "db")
        #expect(event.fields["took"] == "12ms" && event.fields["cached"] == "true" && event.fields["level"] == "warn")
    }

    @Test func accessLogsGiveFieldsAndALevel() throws {
        let line = #"203.0.113.7 - - [10/Oct/2000:13:55:36 -0700] "GET /a?b=1 HTTP/1.1" 503 17 "-" "curl/8""#
        let event = try only(line, SourceProfile(format: .combined))
        #expect(event.message == line)
        #expect(event.level == .error)
        #expect(event.time == Timestamp(parsing: "2000-10-10T20:55:36Z"))
        #expect(event.fields["client"] == "203.0.113.7" && event.fields["path"] == "/a?b=1")
        #expect(event.fields["status"] == "503" && event.fields["user_agent"] == "curl/8")
        #expect(event.fields["referrer"] == nil && event.fields["level"] == "ERROR")
    }

    @Test func syslogLinesNameTheirHostAndProgram() throws {
        let line = #"<11>1 2026-01-02T03:04:05Z db7 pg 4711 slow [q@1 ms="1\"2"] it took long"#
        let event = try only(line, SourceProfile(format: .syslog))
        #expect(event.message == "it took long")
        #expect(event.level == .error)
        #expect(event.labels == ["host": "db7", "service": "pg"])
        #expect(event.fields["pid"] == "4711" && event.fields["msgid"] == "slow" && event.fields["facility"] == "user")
        #expect(event.fields["q@1.ms"] == #"1"2"#)
        let named = try only(line, SourceProfile(format: .syslog, service: "database"))
        #expect(named.labels["service"] == "database")
    }

    @Test func namedGroupsGiveFields() throws {
        let pattern = try RegularExpression(
            Array(
                #"^\[(?P<time>[^\]]+)\] (?P<level>\w+) (?P<service>\w+): (?P<message>.*?)(?: took (?P<ms>\d+))?$"#.utf8)
        )
        let profile = SourceProfile(
            format: .regex, pattern: pattern,
            time: EventTimeRule(format: try TimeFormat("%d.%m.%Y %H:%M:%S"), zone: .fixed(seconds: 3600)),
            level: EventLevelRule(meanings: [("warnung", .warn)]))
        let event = try only("[02.01.2026 03:04:05] WARNUNG cart: done took 15", profile)
        #expect(event.message == "done")
        #expect(event.level == .warn)
        #expect(event.time == Timestamp(parsing: "2026-01-02T02:04:05Z"))
        #expect(event.labels["service"] == "cart")
        #expect(event.fields["ms"] == "15" && event.fields["level"] == "WARNUNG")
        let other = try only("[02.01.2026 03:04:05] INFO cart: done", profile)
        #expect(other.message == "done" && other.fields["ms"] == nil)
    }

    @Test func aLineOfAnotherFormatIsKeptAsItIs() throws {
        for format in [SourceProfile.Format.json, .logfmt, .combined, .syslog] {
            var pipeline = Pipeline(SourceProfile(format: format, fields: [("team", "a")], addsErrorKey: true))
            let events = pipeline.read("something ERROR else\n")
            #expect(events.map(\.message) == ["something ERROR else"])
            #expect(events[0].level == .error)
            #expect(events[0].fields["error.type"] == format.rawValue && events[0].fields["error.message"] != nil)
            #expect(events[0].fields["team"] == "a" && events[0].fields["file"] == "/var/log/cart.log")
            #expect(events[0].labels == ["host": "web1", "service": "cart"])
            #expect(pipeline.assembler.counts.malformed == 1)
        }
    }

    @Test func whatIsConfiguredMayCountBeforeWhatALineBrings() throws {
        let line = #"{"service":"own","team":"x","a":{"b":1},"msg":"m"}"#
        var options = SourceProfile.JSONOptions()
        let open = try only(line, SourceProfile(service: "set", fields: [("team", "y")], json: options))
        #expect(open.labels["service"] == "own" && open.fields["team"] == "x" && open.fields["a.b"] == "1")
        options.overwriteKeys = false
        options.expandKeys = false
        let fixed = try only(line, SourceProfile(service: "set", fields: [("team", "y")], json: options))
        #expect(fixed.labels["service"] == "set" && fixed.fields["team"] == "y")
        #expect(fixed.fields["a"] == #"{"b":1}"# && fixed.fields["a.b"] == nil)
    }

    @Test func timeAndLevelMayHaveOtherNamesInJSON() throws {
        let profile = SourceProfile(
            time: EventTimeRule(fields: ["wann"], format: try TimeFormat("%d.%m.%Y %H:%M")),
            level: EventLevelRule(fields: ["stufe"], meanings: [("kritisch", .fatal)]))
        let event = try only(#"{"wann":"02.01.2026 03:04","stufe":"Kritisch","time":"x","msg":"m"}"#, profile)
        #expect(event.time == Timestamp(parsing: "2026-01-02T03:04:00Z"))
        #expect(event.level == .fatal)
        #expect(event.fields["wann"] == nil && event.fields["time"] == "x" && event.fields["stufe"] == "Kritisch")
        let odd = try only(#"{"wann":"bald","msg":"m"}"#, profile)
        #expect(odd.fields["wann"] == "bald" && odd.time == Pipeline.arrival)
    }

    struct Zoned: Sendable {
        var line: String
        var format: SourceProfile.Format
        var time = "2026-01-02T12:04:05.123Z"
    }

    /// The machine's clock is an hour ahead of UTC, whatever the line is written in.
    @Test(arguments: [
        Zoned(line: "2026-01-02 13:04:05,123 x", format: .plain),
        Zoned(line: #"{"time":"2026-01-02 13:04:05,123","msg":"x"}"#, format: .json),
        Zoned(line: #"{"msg":"x","ts":"2026-01-02T13:04:05.123"}"#, format: .auto),
        Zoned(line: #"{"msg":"x","ts":"bald","time":"2026-01-02T13:04:05.123"}"#, format: .auto),
        Zoned(line: "time=2026-01-02T13:04:05.123 msg=x", format: .logfmt),
        Zoned(line: "2026-01-02 13:04:05,123 x", format: .regex),
        Zoned(line: #"{"time":"2026-01-02T13:04:05.123+01:00","msg":"x"}"#, format: .json),
        Zoned(line: #"{"time":"2026-01-02T12:04:05.123Z","msg":"x"}"#, format: .json),
        Zoned(line: #"{"time":1767355445.123,"msg":"x"}"#, format: .json),
        Zoned(line: "time=2026-01-02T12:04:05.123Z msg=x", format: .logfmt),
        Zoned(line: "ts=1767355445123 msg=x", format: .logfmt),
    ]) func timesWithoutAZoneAreLocalInEachFormat(_ item: Zoned) throws {
        func profile(_ time: EventTimeRule) throws -> SourceProfile {
            let pattern = try RegularExpression(Array(#"^(?P<time>\S+ \S+) (?P<message>.*)"#.utf8))
            return SourceProfile(format: item.format, pattern: item.format == .regex ? pattern : nil, time: time)
        }
        func time(_ rule: EventTimeRule, _ offsets: LocalOffsets) throws -> Timestamp? {
            var pipeline = Pipeline(try profile(rule), offsets: offsets)
            let event = try #require(pipeline.read(item.line + "\n").first)
            #expect(event.fields["time"] == nil)
            return event.time
        }
        let expected = Timestamp(parsing: item.time)
        #expect(try time(EventTimeRule(), LocalOffsets { _ in 3_600 }) == expected)
        // What is said of the file counts before what is said of all.
        #expect(try time(EventTimeRule(zone: .fixed(seconds: 3_600)), .utc) == expected)
        #expect(try time(EventTimeRule(zone: .local { _ in 3_600 }), .utc) == expected)
    }

    @Test func whatATimeSaysBesidesStaysAField() throws {
        let profile = SourceProfile(time: EventTimeRule(zone: .fixed(seconds: 3_600)))
        for (text, isWhole) in [("2026-01-02 13:04:05 CET", false), ("2026-01-02 13:04:05 ", true)] {
            let event = try only(#"{"time":"\#(text)","msg":"x"}"#, profile)
            #expect(event.time == Timestamp(parsing: "2026-01-02T12:04:05Z"))
            #expect(event.fields["time"] == (isWhole ? nil : text))
        }
        let event = try only(
            "time=\"2026-01-02 13:04:05 CET\" msg=x", SourceProfile(format: .logfmt, time: profile.time))
        #expect(event.time == Timestamp(parsing: "2026-01-02T12:04:05Z"))
        #expect(event.fields["time"] == "2026-01-02 13:04:05 CET")
    }

    @Test func rfc3339WithoutAZoneIsInTheGivenOne() throws {
        let rule = EventTimeRule(format: try TimeFormat("rfc3339"), zone: .fixed(seconds: -3_600))
        for (text, time) in [
            ("2026-01-02T03:04:05.5", "2026-01-02T04:04:05.5Z"), ("1960-01-02T03:04:05.5", "1960-01-02T04:04:05.5Z"),
            ("2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05Z"),
        ] {
            let event = try only(#"{"time":"\#(text)","msg":"x"}"#, SourceProfile(time: rule))
            #expect(event.time == Timestamp(parsing: time) && event.fields["time"] == nil)
        }
    }

    @Test func aPlainLineMayBeginWithATimeOfItsOwnForm() throws {
        let profile = SourceProfile(
            format: .plain,
            time: EventTimeRule(format: try TimeFormat("%d.%m.%Y %H:%M:%S"), zone: .fixed(seconds: -3600)))
        let event = try only("02.01.2026 03:04:05 WARN x", profile)
        #expect(event.time == Timestamp(parsing: "2026-01-02T04:04:05Z"))
        #expect(event.level == .warn)
    }

    @Test func aLineWhoseFieldsWouldTakeTooMuchIsKeptAsItIs() {
        var pipeline = Pipeline(SourceProfile(format: .logfmt), maxLineBytes: 10_000)
        let long = "a=" + String(repeating: "x", count: 9_500)
        let events = pipeline.read(long + "\na=1\n")
        #expect(events.map(\.message) == [long, "a=1"])
        #expect(events.map { $0.fields["a"] } == [nil, "1"])
        #expect(events.map { $0.fields["file"] } == ["/var/log/cart.log", "/var/log/cart.log"])
        #expect(pipeline.assembler.counts.malformed == 1)
    }

    @Test func profilesOfSeveralFilesDoNotMix() {
        let assembler = BatchAssembler(host: "h", cutter: LineCutter(maxLineBytes: 1000))
        let profiles = [SourceProfile(format: .logfmt), SourceProfile(format: .plain), SourceProfile()]
        var states = (1...3).map { SourceState(id: UInt64($0), path: "/\($0).log", device: 1, inode: UInt64($0)) }
        for round in 0..<3 {
            for index in profiles.indices {
                Array("a=\(round)\n".utf8).withUnsafeBytes {
                    _ = assembler.take(
                        $0, of: &states[index], profile: profiles[index], ending: .open, arrival: Pipeline.arrival)
                }
            }
            let events = SeenEvent.all(assembler.finish())
            #expect(events.map { $0.fields["a"] } == ["\(round)", nil, nil])
            #expect(events.map { $0.fields["file"] } == ["/1.log", "/2.log", "/3.log"])
        }
    }

    @Test func anyBytesBecomeEventsAndNoneIsLost() {
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        let pieces: [[UInt8]] = [
            "{", "}", "\"a\":1", ",", "<34>", "a=1", " ", "\n", "\n", "2026-01-02T03:04:05Z stdout F ", "\tat x", "\"",
            "1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 200 1", "Traceback (most recent call last):",
        ].map { Array($0.utf8) }
        var profiles = SourceProfile.Format.allCases.filter { $0 != .regex }.map { SourceProfile(format: $0) }
        profiles += TraceDialect.allCases.map { SourceProfile(multiline: Multiline(.trace($0), maxBytes: 50)) }
        profiles.append(SourceProfile(container: .cri, multiline: Multiline(.trace(.java), maxBytes: 50)))
        for _ in 0..<3_000 {
            var text: [UInt8] = []
            for _ in 0..<random.below(30) {
                text += random.chance(85) ? random.pick(pieces) : random.bytes(random.below(5))
            }
            var pipeline = Pipeline(random.pick(profiles), maxLineBytes: 60)
            let events = pipeline.read(text)
            // A hole of NUL bytes is left out.
            #expect(events.isEmpty == text.allSatisfy { $0 == 0 }, "seed \(seed)")
        }
    }
}
