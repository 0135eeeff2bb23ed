import AgentPipeline
import LineFormats
import LogModel
import RegularExpressions
import TestSupport
import Testing

struct MultilineTests {
    private func messages(_ text: String, _ dialect: TraceDialect) -> [String] {
        var pipeline = Pipeline(SourceProfile(format: .plain, multiline: Multiline(.trace(dialect))))
        return pipeline.read(text).map(\.message)
    }

    @Test func javaTracesAreOneEventEach() {
        let first = """
            2026-01-02 03:04:05 ERROR failed
            java.lang.IllegalStateException: no cart
            \tat shop.Cart.open(Cart.java:12)
            \t... 5 more
            Caused by: java.io.IOException: gone
            \tat shop.Disk.read(Disk.java:3)
            """
        let second = "java.lang.Error: again\n\tat x.Y(Y.java:1)"
        #expect(messages(first + "\n" + second + "\nnext\n", .java) == [first, second, "next"])
    }

    @Test func pythonTracesAreOneEventEach() {
        let first = """
            ERROR:root:failed
            Traceback (most recent call last):
              File "a.py", line 1, in <module>
                f()
            ValueError: no

            During handling of the above exception, another exception occurred:

            Traceback (most recent call last):
              File "a.py", line 3, in <module>
            KeyError: 'x'
            """
        #expect(
            messages(first + "\nINFO:root:next\nINFO:root:more\n", .python) == [
                first, "INFO:root:next", "INFO:root:more",
            ])
    }

    @Test func goPanicsAreOneEventEach() {
        let panic = """
            panic: runtime error: index out of range

            goroutine 1 [running]:
            main.serve(0xc000012345, 0x1)
            \t/app/main.go:12 +0x1d
            created by main.main
            \t/app/main.go:5 +0x2
            exit status 2
            """
        #expect(
            messages("listening\n" + panic + "\nlistening again\n", .go) == ["listening", panic, "listening again"])
    }

    @Test func rubyAndDotnetTracesAreOneEventEach() {
        let ruby = "app/a.rb:1:in 'x': no (RuntimeError)\n\tfrom app/b.rb:2:in 'y'\n\tfrom c.rb:3:in '<main>'"
        #expect(messages("start\n" + ruby + "\nend\n", .ruby) == ["start\n" + ruby, "end"])
        let dotnet = """
            fail: Shop[0]
                  failed
            System.InvalidOperationException: no
             ---> System.IO.IOException: gone
               at Shop.Disk.Read() in Disk.cs:line 3
               --- End of inner exception stack trace ---
               at Shop.Cart.Open() in Cart.cs:line 12
            """
        #expect(messages(dotnet + "\ninfo: Shop[0]\n", .dotnet) == [dotnet, "info: Shop[0]"])
    }

    @Test func patternsSayWhatBeginsAndWhatGoesOn() throws {
        func messages(_ rule: Multiline.Rule) -> [String] {
            var pipeline = Pipeline(SourceProfile(format: .plain, multiline: Multiline(rule)))
            return pipeline.read("zero\n# one\n two\n# three\n").map(\.message)
        }
        let head = try RegularExpression(Array("^#".utf8))
        let indented = try RegularExpression(Array("^ ".utf8))
        #expect(messages(.start(head)) == ["zero", "# one\n two", "# three"])
        #expect(messages(.continuation(indented)) == ["zero", "# one\n two", "# three"])
        #expect(messages(.continuation(head)) == ["zero\n# one", " two\n# three"])
        #expect(messages(.both(start: head, continuation: indented)) == ["zero", "# one\n two", "# three"])
    }

    @Test func anEventWaitsUntilItIsWhole() throws {
        let profile = SourceProfile(format: .plain, multiline: Multiline(.trace(.java)))
        let assembler = BatchAssembler(host: "h", cutter: LineCutter(maxLineBytes: 1000))
        var state = SourceState(id: 1, path: "/a", device: 1, inode: 1)
        func take(_ text: String, _ ending: ReadEnding) -> Int {
            Array(text.utf8).withUnsafeBytes {
                assembler.take($0, of: &state, profile: profile, ending: ending, arrival: Pipeline.arrival)
            }
        }
        #expect(take("a\n\tat b\n", .open) == 0)
        #expect(assembler.count == 0)
        #expect(take("a\n\tat b\nc\n", .open) == 8)
        #expect(take("c\nd", .open) == 0)
        // Quiet for long enough: whole lines count, one that is being written does not.
        #expect(take("c\nd", .quiet) == 2)
        #expect(take("d", .quiet) == 0)
        #expect(take("d", .final) == 1)
        #expect(SeenEvent.all(assembler.finish()).map(\.message) == ["a\n\tat b", "c", "d"])
    }

    @Test func whatIsTooLongIsCutWhereLinesEndAndMarked() {
        var pipeline = Pipeline(SourceProfile(format: .plain, multiline: Multiline(.trace(.java), maxBytes: 20)))
        let events = pipeline.read("header\n\tat line one\n\tat line two\n\tat three\nnext\n")
        #expect(events.map(\.message) == ["header\n\tat line one", "\tat line two", "\tat three", "next"])
        #expect(events.map { $0.fields["_part"] } == ["1", "2", "3", nil])
    }

    @Test func anEventOfSeveralLinesIsReadByItsDecoder() {
        var pipeline = Pipeline(SourceProfile(format: .syslog, multiline: Multiline(.trace(.java))))
        let events = pipeline.read("<11>Oct 11 22:14:15 web cart: failed\n\tat x\n<14>Oct 11 22:14:16 web cart: fine\n")
        #expect(events.map(\.message) == ["failed\n\tat x", "fine"])
        #expect(events.map(\.level) == [.error, .info])
    }

    // MARK: Containers

    @Test func partialLinesOfContainersAreJoinedStreamByStream() {
        var pipeline = Pipeline(SourceProfile(container: .cri))
        let events = pipeline.read(
            """
            2026-01-02T03:04:05Z stdout P {"msg":
            2026-01-02T03:04:06Z stderr F other
            2026-01-02T03:04:07Z stdout F "hello","n":1}
            not of a container
            2026-01-02T03:04:08Z stdout F last

            """)
        #expect(events.map(\.message) == ["hello", "other", "not of a container", "last"])
        #expect(events.map { $0.fields["stream"] } == ["stdout", "stderr", nil, "stdout"])
        #expect(events[0].fields["n"] == "1")
        #expect(events[0].time == Timestamp(parsing: "2026-01-02T03:04:05Z"))
        #expect(events[3].time == Timestamp(parsing: "2026-01-02T03:04:08Z"))
    }

    @Test func tracesOfTwoStreamsDoNotMix() {
        var pipeline = Pipeline(SourceProfile(format: .plain, container: .cri, multiline: Multiline(.trace(.java))))
        let events = pipeline.read(
            """
            2026-01-02T03:04:05.1Z stderr F failed
            2026-01-02T03:04:05.2Z stdout F line one
            2026-01-02T03:04:05.3Z stderr F \tat x
            2026-01-02T03:04:05.4Z stdout F line two
            2026-01-02T03:04:05.5Z stderr F \tat y
            2026-01-02T03:04:05.6Z stderr F fine

            """)
        #expect(events.map(\.message) == ["failed\n\tat x\n\tat y", "line one", "line two", "fine"])
    }

    // MARK: How the bytes come

    private struct Piece: Equatable {
        var message: String
        var part: String?
        var time: Timestamp
    }

    /// Reads as the agent does: what is not dealt with is offered again with more, and now and then the program stops
    /// and only what it wrote down is left.
    private func readInPieces(
        _ text: [UInt8], _ profile: SourceProfile, maxLineBytes: Int, _ random: inout SeededGenerator
    ) -> [Piece] {
        func make(_ events: Int) -> BatchAssembler {
            BatchAssembler(
                host: "h", cutter: LineCutter(maxLineBytes: maxLineBytes),
                limits: BatchLimits(bytes: .max, events: events))
        }
        var assembler = make(1 + random.below(4))
        var state = SourceState(id: 1, path: "/a", device: 1, inode: 1)
        var pieces: [Piece] = []
        var offset = 0
        var available = 0
        while offset < text.count {
            available = min(text.count, max(available, offset) + 1 + random.below(maxLineBytes))
            if random.chance(20) { assembler = make(1 + random.below(4)) }
            let taken = text[offset..<available].withUnsafeBytes {
                assembler.take(
                    $0, of: &state, profile: profile, ending: available == text.count ? .final : .open,
                    arrival: Pipeline.arrival)
            }
            offset += taken
            pieces += SeenEvent.all(assembler.finish()).map {
                Piece(message: $0.message, part: $0.fields["_part"], time: $0.time)
            }
        }
        return pieces
    }

    private func readAtOnce(_ text: [UInt8], _ profile: SourceProfile, maxLineBytes: Int) -> [Piece] {
        var pipeline = Pipeline(profile, maxLineBytes: maxLineBytes)
        return pipeline.read(text).map { Piece(message: $0.message, part: $0.fields["_part"], time: $0.time) }
    }

    @Test func howTheBytesComeMakesNoDifference() throws {
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        let lines = [
            "start one", "start two with text", "\tat x.Y(Y.java:1)", "", "Caused by: java.lang.Error: x", "  indented",
            "java.lang.Error: x", "Traceback (most recent call last):", "ValueError: no", "goroutine 1 [running]:",
            "main.f(0x1)", "panic: no", "\r", String(repeating: "long ", count: 30),
        ]
        let start = try RegularExpression(Array("^start".utf8))
        for _ in 0..<1_500 {
            let rule: Multiline.Rule = random.chance(30) ? .start(start) : .trace(random.pick(TraceDialect.allCases))
            let profile = SourceProfile(format: .plain, multiline: Multiline(rule, maxBytes: 20 + random.below(60)))
            var text: [UInt8] = []
            for _ in 0..<random.below(25) { text += Array(random.pick(lines).utf8) + [0x0A] }
            if random.chance(30) { text += Array("no line feed".utf8) }
            let limit = 30 + random.below(100)
            let whole = readAtOnce(text, profile, maxLineBytes: limit)
            let pieces = readInPieces(text, profile, maxLineBytes: limit, &random)
            #expect(pieces == whole, "seed \(seed)")
            if pieces != whole { return }
        }
    }

    /// More than is kept of one line, also while the other stream writes lines of its own.
    @Test func partsOfLongLinesOfContainersAreNumbered() {
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        for multiline in [nil, Multiline(.trace(.java), maxBytes: 1 << 20)] {
            for chance in [0, 30] where multiline == nil || chance == 0 {
                func line(_ stream: String, _ tag: String, _ text: String) -> String {
                    "2026-01-02T03:04:05Z \(stream) \(tag) \(text)\n"
                }
                let piece = String(repeating: "0123456789abcdef", count: 1 << 10)
                var text = ""
                var others = 0
                for _ in 0..<80 {
                    text += line("stdout", "P", piece)
                    if random.chance(chance) {
                        text += line("stderr", "F", "other")
                        others += 1
                    }
                }
                text += line("stdout", "F", "end") + line("stdout", "F", "next")
                let profile = SourceProfile(format: .plain, container: .cri, multiline: multiline)
                let bytes = Array(text.utf8)
                let whole = readAtOnce(bytes, profile, maxLineBytes: 1_008 << 10)
                let long = whole.filter { $0.message != "other" }
                #expect(long.map(\.part) == (1...(long.count - 1)).map { "\($0)" } + [nil], "seed \(seed)")
                #expect(
                    long.count > 2 && long.dropLast().map(\.message).joined().utf8.count == 80 * piece.utf8.count + 3)
                #expect(whole.count - long.count == others && long.last?.message == "next")
                let pieces = readInPieces(bytes, profile, maxLineBytes: 1_008 << 10, &random)
                #expect(pieces == whole, "seed \(seed)")
            }
        }
    }

    @Test func howTheBytesOfContainersComeMakesNoDifference() {
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        let lines = ["start", "\tat x", "Caused by: x", "text of some length", "", "  indented"]
        for _ in 0..<1_500 {
            let multiline =
                random.chance(70)
                ? Multiline(.trace(.java), timeoutNanos: 500_000_000, maxBytes: 20 + random.below(60)) : nil
            let profile = SourceProfile(format: .plain, container: .cri, multiline: multiline)
            var text: [UInt8] = []
            var time = 1_700_000_000_000_000_000
            for _ in 0..<random.below(25) {
                time += random.below(300_000_000) * (random.chance(10) ? 10 : 1)
                let stream = random.chance(60) ? "stdout" : "stderr"
                let tag = random.chance(15) ? "P" : "F"
                let head = random.chance(95) ? "\(Timestamp(nanoseconds: Int64(time))) \(stream) \(tag) " : ""
                text += Array((head + random.pick(lines)).utf8) + [0x0A]
            }
            let limit = 120 + random.below(300)
            let whole = readAtOnce(text, profile, maxLineBytes: limit)
            let pieces = readInPieces(text, profile, maxLineBytes: limit, &random)
            #expect(pieces == whole, "seed \(seed)")
            if pieces != whole { return }
        }
    }
}
