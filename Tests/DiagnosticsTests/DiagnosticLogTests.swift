import Diagnostics
import Synchronization
import Testing

struct DiagnosticLogTests {
    /// A log whose clock stands still until it is moved, with what it wrote.
    final class Bench: Sendable {
        let lines = Mutex<[String]>([])
        let clock = Atomic<Int64>(1_718_378_162_123_000_000)

        func log(minimum: DiagnosticLog.Level = .info, burst: Int = 1) -> DiagnosticLog {
            DiagnosticLog(
                program: "lodge-test", minimum: minimum, burst: burst, interval: .seconds(10),
                sink: { line in self.lines.withLock { $0.append(line) } },
                now: { self.clock.load(ordering: .relaxed) })
        }

        func pass(seconds: Int64) { clock.wrappingAdd(seconds * 1_000_000_000, ordering: .relaxed) }
        var written: [String] { lines.withLock { $0 } }
    }

    @Test func writesTimeLevelMessageAndPairs() {
        let bench = Bench()
        bench.log().warn("file cannot be read", ("path", "/a b"), ("errno", 13), ("text", "x\u{1B}\"\n"), ("none", ""))
        #expect(
            bench.written == [
                "2024-06-14T15:16:02.123Z WARN  lodge-test file cannot be read path=\"/a b\" errno=13 "
                    + "text=\"x\\u{1b}\\\"\\n\" none=\"\"\n"
            ])
    }

    @Test func leavesOutWhatIsLessImportantThanTheMinimum() {
        let bench = Bench()
        let log = bench.log(minimum: .warn)
        log.debug("a")
        log.info("b")
        log.error("c")
        #expect(bench.written == ["2024-06-14T15:16:02.123Z ERROR lodge-test c\n"])
    }

    @Test func aRepeatedMessageIsCountedInsteadOfWritten() {
        let bench = Bench()
        let log = bench.log(burst: 2)
        for number in 0..<814 { log.info("again", ("number", number)) }
        log.info("another")
        #expect(bench.written.count == 3)
        bench.pass(seconds: 10)
        log.info("again", ("number", 814))
        #expect(
            bench.written.last == "2024-06-14T15:16:12.123Z INFO  lodge-test again number=814 (repeated 812 times)\n")
    }

    @Test func countsOwedAreWrittenByFlush() {
        let bench = Bench()
        let log = bench.log()
        for _ in 0..<5 { log.info("b") }
        for _ in 0..<3 { log.error("a") }
        log.flush()
        #expect(bench.written.count == 2)
        bench.pass(seconds: 11)
        log.flush()
        #expect(
            bench.written.suffix(2) == [
                "2024-06-14T15:16:13.123Z ERROR lodge-test a (repeated 2 times)\n",
                "2024-06-14T15:16:13.123Z INFO  lodge-test b (repeated 4 times)\n",
            ])
        log.info("b")
        log.info("b")
        log.flush(all: true)
        #expect(bench.written.last?.hasSuffix("b (repeated 1 times)\n") == true)
        log.flush(all: true)
        #expect(bench.written.count == 6)
    }

    @Test func datesBeforeAndAroundLeapDaysAreRight() {
        struct Case {
            var seconds: Int64
            var text: String
        }
        let cases = [
            Case(seconds: 0, text: "1970-01-01T00:00:00"), Case(seconds: -1, text: "1969-12-31T23:59:59"),
            Case(seconds: 951_782_400, text: "2000-02-29T00:00:00"),
            Case(seconds: 4_107_542_399, text: "2100-02-28T23:59:59"),
            Case(seconds: 4_107_542_400, text: "2100-03-01T00:00:00"),
        ]
        for item in cases {
            let bench = Bench()
            bench.clock.store(item.seconds * 1_000_000_000, ordering: .relaxed)
            bench.log().info("x")
            #expect(bench.written.first?.hasPrefix(item.text) == true)
        }
    }
}
