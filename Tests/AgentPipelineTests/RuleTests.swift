import AgentPipeline
import LineFormats
import LogModel
import RegularExpressions
import Testing

struct RuleTests {
    private func read(_ lines: [String], _ rules: [Rule]) -> (events: [SeenEvent], counts: [RuleCount]) {
        var pipeline = Pipeline(rules: rules)
        let events = pipeline.read(lines.map { $0 + "\n" }.joined())
        return (events, pipeline.assembler.rules.counts)
    }

    private func when(_ body: (inout RuleCondition) -> Void) -> RuleCondition {
        var condition = RuleCondition()
        body(&condition)
        return condition
    }

    private func pattern(_ text: String) throws -> RegularExpression { try RegularExpression(Array(text.utf8)) }

    // MARK: Which events

    @Test func levelsServicesMessagesAndFieldsAreAllAskedFor() throws {
        var condition = RuleCondition()
        condition.levels = [.debug, .info]
        condition.services = ["cart"]
        condition.message = try pattern("^poll")
        condition.fields = [("kind", try pattern("^a$"))]
        let rule = Rule("r", when: condition, .drop)
        let (events, counts) = read(
            [
                #"{"level":"debug","msg":"poll 1","kind":"a"}"#, #"{"level":"warn","msg":"poll 2","kind":"a"}"#,
                #"{"level":"info","msg":"poll 3","kind":"a","service":"pay"}"#,
                #"{"level":"info","msg":"a poll 4","kind":"a"}"#, #"{"level":"info","msg":"poll 5","kind":"b"}"#,
                #"{"level":"info","msg":"poll 6"}"#,
            ], [rule])
        #expect(events.map { $0.message.last } == ["2", "3", "4", "5", "6"])
        #expect(counts == [RuleCount(name: "r", matched: 1, dropped: 1)])
    }

    struct Request: Sendable {
        var preset: RuleCondition.Preset
        var line: String
        var isDropped: Bool
    }

    @Test(arguments: [
        Request(preset: .healthChecks, line: #"{"path":"/healthz","status":200}"#, isDropped: true),
        Request(preset: .healthChecks, line: #"{"url":"http://web:80/Health/?x=1"}"#, isDropped: true),
        Request(preset: .healthChecks, line: #"{"path":"/healthz","status":503}"#, isDropped: false),
        Request(preset: .healthChecks, line: #"{"path":"/healthz","level":"error"}"#, isDropped: false),
        Request(preset: .healthChecks, line: #"{"path":"/healthzone"}"#, isDropped: false),
        Request(preset: .healthChecks, line: #"{"msg":"/healthz"}"#, isDropped: false),
        Request(preset: .metrics, line: #"{"http":{"target":"/metrics"}}"#, isDropped: true),
        Request(preset: .staticFiles, line: #"{"uri":"/a/app.JS?v=3"}"#, isDropped: true),
        Request(preset: .staticFiles, line: #"{"uri":"/a/js"}"#, isDropped: false),
    ]) func requestsThatFewWantToRead(_ item: Request) {
        let (events, _) = read([item.line], [Rule("p", when: when { $0.presets = [item.preset] }, .drop)])
        #expect(events.isEmpty == item.isDropped)
    }

    @Test func theOrderOfRulesCounts() {
        let keep = Rule("k", when: when { $0.services = ["pay"] }, .keep)
        let drop = Rule("d", when: when { $0.levels = [.debug] }, .drop)
        let lines = [#"{"level":"debug","msg":"a","service":"pay"}"#, #"{"level":"debug","msg":"b"}"#]
        #expect(read(lines, [keep, drop]).events.map(\.message) == ["a"])
        #expect(read(lines, [drop, keep]).events.isEmpty)
        let (_, counts) = read(lines, [drop, keep])
        #expect(counts.map(\.matched) == [2, 0])
    }

    @Test func whatIsDroppedLeavesNoTrace() {
        var pipeline = Pipeline(rules: [Rule("d", when: when { $0.levels = [.debug] }, .drop)])
        let events = pipeline.read(
            #"{"level":"debug","msg":"a"}"# + "\nplain\n" + #"{"level":"debug","msg":"b"}"# + "\nx\n")
        #expect(events.map(\.message) == ["plain", "x"])
        #expect(events.map { $0.fields["file"] } == ["/var/log/cart.log", "/var/log/cart.log"])
        #expect(events.map(\.labels) == [["host": "web1", "service": "cart"], ["host": "web1", "service": "cart"]])
        #expect(pipeline.assembler.counts.dropped == 2)
    }

    // MARK: Sampling

    @Test func aSampleIsStableAndSaysItsRate() {
        let lines = (0..<20_000).map { #"{"level":"info","trace_id":"t\#($0 / 2)","msg":"m \#($0)"}"# }
        let rule = Rule("s", when: when { $0.levels = [.info] }, .sample(oneIn: 10, by: "trace_id"))
        let first = read(lines, [rule]).events
        #expect(first == read(lines, [rule]).events)
        // 10,000 traces, one in ten: the deviation is 30, and the hash is always the same.
        #expect((1_700...2_300).contains(first.count))
        #expect(first.allSatisfy { $0.fields["sample_rate"] == "10" })
        // Both events of a trace, or none.
        #expect(Set(first.map { $0.fields["trace_id"] ?? "" }).count * 2 == first.count)
    }

    @Test func samplesOfOneHashAreNotTakenTwice() {
        let lines = (0..<2_000).map { #"{"trace_id":"t\#($0)","msg":"m"}"# }
        let twice = [Rule("a", .sample(oneIn: 10, by: "trace_id")), Rule("b", .sample(oneIn: 5, by: "trace_id"))]
        let events = read(lines, twice).events
        #expect(events.count == read(lines, [twice[0]]).events.count)
        #expect(events.allSatisfy { $0.fields["sample_rate"] == "10" })
    }

    /// Events without the fields of both samples are chosen by one hash, once.
    @Test func theRateIsThatOfWhatIsLeft() {
        let lines = (0..<20_000).map { number in
            switch number % 4 {
            case 0: #"{"trace_id":"t\#(number)","user_id":"u\#(number)","msg":"m"}"#
            case 1: #"{"user_id":"u\#(number)","msg":"m \#(number)"}"#
            default: #"{"msg":"m \#(number)"}"#
            }
        }
        let rules = [Rule("a", .sample(oneIn: 10, by: "trace_id")), Rule("b", .sample(oneIn: 5, by: "user_id"))]
        for lines in [lines, lines.filter { !$0.contains("_id") }] {
            let sum = read(lines, rules).events.reduce(0) { $0 + (Int($1.fields["sample_rate"] ?? "") ?? 1) }
            #expect((lines.count * 9 / 10...lines.count * 11 / 10).contains(sum), "\(sum) of \(lines.count)")
        }
    }

    @Test func conditionsAndSamplesSeeLabels() throws {
        let profile = SourceProfile(fields: [("environment", "production"), ("team", "a")])
        func read(_ lines: [String], _ rule: Rule) -> [SeenEvent] {
            var pipeline = Pipeline(profile, rules: [rule])
            return pipeline.read(lines.map { $0 + "\n" }.joined())
        }
        func isDropped(_ name: String, _ text: String, _ line: String = "x") throws -> Bool {
            let pattern = try pattern(text)
            return read([line], Rule("r", when: when { $0.fields = [(name, pattern)] }, .drop)).isEmpty
        }
        #expect(try isDropped("environment", "^production$"))
        #expect(try !isDropped("environment", "^$"))
        #expect(try isDropped("region", "^$"))
        #expect(try isDropped("service", "^cart$") && isDropped("team", "^a$"))
        #expect(try isDropped("host", "^web1$"))
        #expect(try isDropped("host", "^db7$", #"{"host":"db7","msg":"x"}"#))
        #expect(try !isDropped("host", "^web1$", #"{"host":"db7","msg":"x"}"#))
        // All of a host, or nothing.
        let lines = (0..<400).map { #"{"host":"h\#($0 % 20)","msg":"m \#($0)"}"# }
        let events = read(lines, Rule("s", .sample(oneIn: 2, by: "host")))
        let byHost = Dictionary(grouping: events) { $0.labels["host"] }
        #expect(byHost.values.allSatisfy { $0.count == 20 } && (1..<20).contains(byHost.count))
    }

    // MARK: Rate limits

    @Test func beyondTheLimitAMessageIsSentOnceAndCounted() {
        var pipeline = Pipeline(rules: [Rule("l", .limit(events: 3, intervalNanos: 60_000_000_000))])
        func line(_ text: String, _ second: Int, _ service: String = "cart") -> String {
            #"{"time":"2026-01-02T03:04:\#(second < 10 ? "0" : "")\#(second)Z","level":"error","service":"\#(service)","msg":"\#(text)"}"#
                + "\n"
        }
        var text = (0..<3).map { line("other \($0)", $0) }.joined()
        for index in 0..<1_001 { text += line("disk \(index) is full", 10 + index % 40) }
        text += line("fine", 11, "pay") + line("rare", 50)
        let events = pipeline.read(text)
        #expect(events.map(\.message) == ["other 0", "other 1", "other 2", "disk 0 is full", "fine", "rare"])
        pipeline.assembler.addSummaries(now: Pipeline.arrival, all: true)
        let summaries = SeenEvent.all(pipeline.assembler.finish())
        #expect(summaries.map(\.message) == ["disk 1 is full (1,000 times in 60 s)"])
        #expect(summaries[0].fields["repeats"] == "1000")
        #expect(summaries[0].level == .error && summaries[0].labels["service"] == "cart")
        #expect(summaries[0].time == Timestamp(parsing: "2026-01-02T03:04:49Z"))
        #expect(pipeline.assembler.rules.counts[0].dropped == 1_000)
        #expect(pipeline.assembler.finish() == nil)
    }

    @Test func aNewIntervalBeginsAnew() {
        var pipeline = Pipeline(rules: [Rule("l", .limit(events: 0, intervalNanos: 60_000_000_000))])
        let text = [0, 1, 2, 60, 61].map { #"{"time":\#(1_700_000_040 + $0),"msg":"again"}"# + "\n" }.joined()
        #expect(pipeline.read(text).map(\.message) == ["again", "again"])
        pipeline.assembler.addSummaries(now: Pipeline.arrival, all: false)
        #expect(SeenEvent.all(pipeline.assembler.finish()).map(\.message) == ["again (2 times in 60 s)"])
        // The second interval is over by the clock, but events of a backlog may still come.
        pipeline.assembler.rules.arrival = Pipeline.arrival
        pipeline.assembler.addSummaries(now: Pipeline.arrival.adding(nanoseconds: 6_000_000_000), all: false)
        #expect(SeenEvent.all(pipeline.assembler.finish()).map(\.message) == ["again (1 time in 60 s)"])
    }

    @Test func anEventFromTheFutureDoesNotHoldBackThoseThatFollow() {
        var pipeline = Pipeline(rules: [Rule("l", .limit(events: 1, intervalNanos: 60_000_000_000))])
        let start = Pipeline.arrival.nanoseconds
        func read(_ texts: [String], minute: Int64, time: Int64? = nil) -> [SeenEvent] {
            let now = start + minute * 60_000_000_000
            pipeline.assembler.rules.arrival = Timestamp(nanoseconds: now)
            let events = pipeline.read(texts.map { #"{"time":\#(time ?? now),"msg":"\#($0)"}"# + "\n" }.joined())
            pipeline.assembler.addSummaries(now: Timestamp(nanoseconds: now), all: false)
            return events + SeenEvent.all(pipeline.assembler.finish())
        }
        #expect(read(["soon"], minute: 0, time: 4_070_908_800_000_000_000).map(\.message) == ["soon"])
        let held = ["late (2 times in 60 s)"]
        #expect(read(["late", "late", "late", "late"], minute: 1).map(\.message) == ["late", "late"])
        #expect(read(["late", "late", "late", "late"], minute: 2).map(\.message) == ["late", "late"] + held)
        // The clock was wrong, and is set back by an hour: nobody knows any more how long it has been quiet.
        #expect(read(["late", "late", "late", "late"], minute: -60).map(\.message) == ["late", "late"] + held)
        #expect(read(["late", "late", "late", "late"], minute: -59).map(\.message) == ["late", "late"] + held)
        pipeline.assembler.rules.arrival = Timestamp(nanoseconds: start)
        pipeline.assembler.addSummaries(now: Timestamp(nanoseconds: start - 7_200_000_000_000), all: false)
        #expect(SeenEvent.all(pipeline.assembler.finish()).map(\.message) == held)
        #expect(pipeline.assembler.rules.counts[0].dropped == 8)
    }

    @Test func manyMessagesAreCountedTogether() {
        var pipeline = Pipeline(rules: [Rule("l", .limit(events: 0, intervalNanos: 60_000_000_000))])
        // Letters instead of digits, which do not tell messages apart.
        func name(_ index: Int) -> String { String(index).utf8.reduce("") { $0 + String(UnicodeScalar($1 + 49)) } }
        let text = (0..<1_500).map { #"{"time":1700000040,"msg":"m \#(name($0))"}"# + "\n" }.joined()
        let sent = pipeline.read(text).count
        pipeline.assembler.addSummaries(now: Pipeline.arrival, all: true)
        let summaries = SeenEvent.all(pipeline.assembler.finish())
        let told = summaries.reduce(0) { $0 + (Int($1.fields["repeats"] ?? "") ?? 0) }
        #expect(sent + told == 1_500)
        #expect(sent <= 1_100 && summaries.count == 1)
        #expect(summaries.first?.message.hasSuffix("(and others: \(told) events in 60 s)") == true)
    }

    // MARK: Fields

    @Test func fieldsAreRenamedRemovedAndAdded() {
        let rules = [
            Rule("a", .rename(from: "request_time", to: "duration")), Rule("b", .rename(from: "app", to: "service")),
            Rule("c", .remove(["agent", "ecs.version"])),
            Rule("d", .add([("cluster", "prod"), ("environment", "live"), ("n", "0")])),
        ]
        let (events, counts) = read(
            [#"{"request_time":0.5,"app":"shop","agent":"x","ecs":{"version":"1"},"n":7,"msg":"m"}"#, #"{"msg":"n"}"#],
            rules)
        #expect(events[0].fields == ["duration": "0.5", "cluster": "prod", "n": "7", "file": "/var/log/cart.log"])
        #expect(events[0].labels == ["host": "web1", "service": "shop", "environment": "live"])
        #expect(events[1].fields == ["cluster": "prod", "n": "0", "file": "/var/log/cart.log"])
        #expect(events[1].labels["service"] == "cart")
        #expect(counts.map(\.matched) == [1, 1, 1, 2])
    }

    @Test func namesAreFoundInEachBatchAnew() {
        let assembler = BatchAssembler(
            host: "h", cutter: LineCutter(maxLineBytes: 1000),
            rules: RuleProgram([Rule("r", .rename(from: "a", to: "b"))]))
        var state = SourceState(id: 1, path: "/a.log", device: 1, inode: 1)
        for line in [#"{"x":1,"a":2}"#, #"{"a":3}"#, #"{"y":1,"z":2,"a":4}"#] {
            Array((line + "\n").utf8).withUnsafeBytes {
                _ = assembler.take($0, of: &state, profile: SourceProfile(), ending: .open, arrival: Pipeline.arrival)
            }
            let events = SeenEvent.all(assembler.finish())
            #expect(events[0].fields["a"] == nil && events[0].fields["b"] != nil)
        }
    }

    @Test func whatIsDoneToALineIsToldToPeople() {
        let rules = [
            Rule("quiet", when: when { $0.levels = [.debug] }, .drop), Rule("mails", .redact([.emails])),
            Rule("never", when: when { $0.services = ["x"] }, .drop),
        ]
        let inspector = LineInspector(
            profile: SourceProfile(), rules: rules, host: "h", maxLineBytes: 1000, offsets: { .utc },
            arrival: Pipeline.arrival)
        var report: [String] = []
        Array((#"{"level":"debug","msg":"a"}"# + "\nWARN to a@b.de\n").utf8).withUnsafeBytes {
            inspector.inspect($0, path: "/a.log") { report.append($0) }
        }
        #expect(
            report == [
                "line 1", "  read as json", "    time 2026-11-21T07:00:00Z, level DEBUG, stream {host=h, service=a}",
                "    message: a", "    file: /a.log", "    level: debug", "  rule `quiet`: dropped", "  not sent",
                "line 2", "  read as plain text",
                "    time 2026-11-21T07:00:00Z, level WARN, stream {host=h, service=a}", "    message: WARN to a@b.de",
                "    file: /a.log", "    level: WARN", "  rule `mails`: replaced 1", "  sent as",
                "    time 2026-11-21T07:00:00Z, level WARN, stream {host=h, service=a}", "    message: WARN to [EMAIL]",
                "    file: /a.log", "    level: WARN", "rule `never` matched no line",
            ])
    }
}
