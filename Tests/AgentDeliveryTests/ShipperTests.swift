import AgentDelivery
import AgentPipeline
import CurlTransport
import Diagnostics
import LineFormats
import LogModel
import SystemIO
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(15)))
struct ShipperTests {
    private typealias Run = ShipperRun

    @Test func batchesArriveInOrderAndAreAcknowledged() throws {
        let place = try Workplace()
        let collector = FakeCollector()
        let run = try Run(place, collector)
        for number in 1...20 { try run.put("m\(number)", from: number * 10 - 10, to: number * 10) }
        #expect(run.shipper.waitUntilDrained(deadline: nil))
        run.finish()
        #expect(collector.sent.map(\.sequence) == Array(1...20))
        #expect(collector.sent.map(\.messages) == (1...20).map { ["m\($0)"] })
        #expect(run.registry.content.cursors.lanes == [0, 20, 0, 0])
        #expect(run.registry.content.sources.map(\.offset) == [200])
        guard case .content(let saved, _, _) = try Registry.load(place.path) else {
            Issue.record("the registry was not saved")
            return
        }
        #expect(saved == run.registry.content)
    }

    @Test func theSameBatchIsSentAgainUnderTheSameNumberUntilItIsTaken() throws {
        let place = try Workplace()
        let collector = FakeCollector([
            .unreachable(TransportError(.cannotConnect, "down")),
            .refused(status: 503, title: "x", isProblem: true, retryAfter: nil),
            .refused(status: 404, title: "x", isProblem: false, retryAfter: nil),
            .accepted(events: 0, failed: 0, isDuplicate: true, lagHint: "elevated"),
        ])
        let run = try Run(place, collector)
        try run.put("one")
        try run.put("two")
        #expect(run.shipper.waitUntilDrained(deadline: nil))
        run.finish()
        #expect(collector.sent.map(\.sequence) == [1, 1, 1, 1, 2])
        #expect(collector.sent.map(\.messages) == [["one"], ["one"], ["one"], ["one"], ["two"]])
        let numbers = run.metrics.render()
        #expect(numbers.contains("lodge_agent_delivery_retries_total 3\n"))
        #expect(numbers.contains("lodge_agent_batches_duplicate_total 1\n"))
        #expect(place.log0.contains { $0.contains("check the collector's address and key") })
        #expect(place.log0.contains { $0.contains("lag=elevated") })
    }

    @Test func aRefusedBatchIsKeptAsAFileWithTheReason() throws {
        let place = try Workplace()
        let refusal = DeliveryOutcome.refused(status: 400, title: "Malformed", isProblem: true, retryAfter: nil)
        let run = try Run(place, FakeCollector([refusal, refusal, refusal]))
        try run.put("bad", from: 3, to: 33)
        try run.put("good", from: 33, to: 40)
        #expect(run.shipper.waitUntilDrained(deadline: nil))
        run.finish()
        let reason = try FileSystem.contents("\(place.path)/rejected/1-1.reason", limit: 4096)
        let text = String(decoding: reason, as: UTF8.self)
        #expect(text.contains("reason: 400 Malformed") && text.contains("/var/log/1.log bytes 3 to 33"))
        #expect(FileSystem.exists("\(place.path)/rejected/1-1.batch.zst"))
        #expect(run.registry.content.cursors.lanes == [0, 2, 0, 0])
        #expect(place.log0.contains { $0.contains("ERROR") && $0.contains("was put aside") })
        #expect(run.metrics.render().contains("lodge_agent_batches_set_aside_total 1\n"))
    }

    @Test func whatIsNotAcknowledgedIsSentByTheNextRun() throws {
        let place = try Workplace()
        let down = DeliveryOutcome.unreachable(TransportError(.cannotConnect, "down"))
        do {
            let run = try Run(place, FakeCollector(Array(repeating: down, count: 100_000)))
            try run.put("one")
            try run.put("two")
            run.shipper.stop(deadline: SystemClock.monotonicNanos())
            #expect(run.registry.content.cursors.lanes == [0, 0, 0, 0])
            #expect(run.registry.content.sources.isEmpty)
        }
        let collector = FakeCollector()
        let run = try Run(place, collector)
        try run.put("three")
        #expect(run.shipper.waitUntilDrained(deadline: nil))
        run.finish()
        #expect(collector.sent.map(\.messages) == [["one"], ["two"], ["three"]])
        #expect(collector.sent.map(\.sequence) == [1, 2, 3])
    }

    @Test func aFullSpoolIsEmptiedAndTakesMore() throws {
        let place = try Workplace()
        var generator = SeededGenerator(seed: 1)
        let texts = (0..<60).map { _ in noise(1_000_000, &generator) }
        // Three times what the spool holds; nobody sends at first.
        var count = 0
        do {
            let writer = SpoolWriter(try place.spool(limit: 8 << 20, whenFull: .wait))
            while count < texts.count {
                try writer.append(batch(texts[count], from: 0, to: 10), agent: "a", epoch: 1, now: 1)
                count += 1
            }
        } catch SpoolError.full {}
        #expect(count > 1 && count < texts.count)
        let collector = FakeCollector()
        let run = try Run(place, collector, limit: 8 << 20)
        for text in texts[count...] {
            try eventually("the spool takes more") {
                do {
                    try run.put(text)
                    return true
                } catch SpoolError.full {
                    return false
                }
            }
        }
        #expect(run.shipper.waitUntilDrained(deadline: nil))
        run.finish()
        #expect(Array(collector.sent.compactMap(\.messages.first).suffix(60)) == texts)
    }

    @Test func failedEventsAreToldOf() throws {
        let place = try Workplace()
        let run = try Run(
            place, FakeCollector([.accepted(events: 0, failed: 1, isDuplicate: false, lagHint: "normal")]))
        try run.put("one")
        #expect(run.shipper.waitUntilDrained(deadline: nil))
        run.finish()
        #expect(run.metrics.render().contains("lodge_agent_events_failed_total 1\n"))
        #expect(place.log0.contains { $0.contains("did not take some events failed=1") })
    }

    @Test func whatTheFirstAnswerWouldHaveRejectedIsCountedWithTheSecond() throws {
        let place = try Workplace()
        let collector = FakeCollector([
            .unreachable(TransportError(.interrupted, "cut")),
            .accepted(
                events: 0, failed: 2, isDuplicate: true, lagHint: "normal",
                rejected: [RejectedEvent(index: 0, reason: "x"), RejectedEvent(index: 2, reason: "x")]),
        ])
        let run = try Run(place, collector)
        let lines = try batch([("WARN", "a"), ("WARN", "b"), ("WARN", "c")])
        run.shipper.spooled(try run.writer.append(lines, agent: "a", epoch: 1, now: 1))
        #expect(run.shipper.waitUntilDrained(deadline: nil))
        try eventually("it is told") { !collector.told.isEmpty }
        run.finish()
        #expect(collector.told.values.map(\.events) == [2])
        let numbers = run.metrics.render()
        #expect(numbers.contains("lodge_agent_events_delivered_total 1\n"))
        #expect(numbers.contains("lodge_agent_batches_duplicate_total 1\n"))
    }

    @Test func whatTheReaderHasLostIsTold() throws {
        let place = try Workplace()
        let collector = FakeCollector()
        let run = try Run(place, collector, heartbeatInterval: .milliseconds(10))
        let times = Timestamp(nanoseconds: 5)...Timestamp(nanoseconds: 9)
        run.shipper.lost(DropNote(lost: 70, reason: "file_gone", path: "/app.log", times: times))
        try run.put("one")
        #expect(run.shipper.waitUntilDrained(deadline: nil))
        try eventually("it is told") { collector.beats.contains { $0.drops.contains { $0.reason == "file_gone" } } }
        run.finish()
        #expect(collector.beats.flatMap(\.drops).count { $0.reason == "file_gone" } == 1)
        let drops = collector.beats.compactMap { $0.document["drops"]?.array?.first }
        #expect(drops.first?["bytes"]?.int == 70 && drops.first?["source"]?.string == "/app.log")
    }

    @Test(arguments: [Int.min, -1, 2, Int.max])
    func anAnswerMayCountAsItLikes(failed: Int) throws {
        let place = try Workplace()
        let run = try Run(
            place, FakeCollector([.accepted(events: .max, failed: failed, isDuplicate: false, lagHint: "normal")]))
        try run.put("one")
        #expect(run.shipper.waitUntilDrained(deadline: nil))
        run.finish()
        let delivered = failed > 0 ? 0 : 1
        #expect(run.metrics.render().contains("lodge_agent_events_delivered_total \(delivered)\n"))
        #expect(run.metrics.render().contains("lodge_agent_events_failed_total \(1 - delivered)\n"))
    }

    @Test func anotherCollectorTakesOver() throws {
        let place = try Workplace()
        let down = DeliveryOutcome.unreachable(TransportError(.cannotConnect, "down"))
        let first = CollectorChoice(agent: "a", count: 2).preferred
        let (dead, alive) = (FakeCollector(Array(repeating: down, count: 100_000)), FakeCollector())
        let run = first == 0 ? try Run(place, dead, alive) : try Run(place, alive, dead)
        for number in 1...5 { try run.put("m\(number)", from: number * 10 - 10, to: number * 10) }
        #expect(run.shipper.waitUntilDrained(deadline: nil))
        run.finish()
        #expect(alive.sent.map(\.messages) == (1...5).map { ["m\($0)"] })
        #expect(place.log0.contains { $0.contains("batches go to another collector") })
    }

    @Test func aBatchWhoseAnswerWasLostGoesToTheSameCollector() throws {
        let place = try Workplace()
        let lost = DeliveryOutcome.unreachable(TransportError(.interrupted, "cut"))
        let first = CollectorChoice(agent: "a", count: 2).preferred
        let (cutting, other) = (FakeCollector([lost, lost]), FakeCollector())
        let run = first == 0 ? try Run(place, cutting, other) : try Run(place, other, cutting)
        try run.put("one")
        #expect(run.shipper.waitUntilDrained(deadline: nil))
        run.finish()
        #expect(cutting.sent.map(\.messages) == [["one"], ["one"], ["one"]] && other.sent.isEmpty)
    }

    @Test func errorsOvertakeWhatIsRefused() throws {
        let place = try Workplace()
        let refusal = DeliveryOutcome.refused(status: 400, title: "no", isProblem: true, retryAfter: .seconds(60))
        let collector = FakeCollector([refusal])
        let run = try Run(place, collector)
        try run.put("one")
        try eventually("the batch is refused") { collector.sent.count == 1 }
        let error = try batch([("ERROR", "bad")], from: 10)
        run.shipper.spooled(try run.writer.append(error, agent: "a", epoch: 1, now: 1))
        try eventually("the error is there") { collector.sent.map(\.messages).contains(["bad"]) }
        run.shipper.stop(deadline: SystemClock.monotonicNanos())
        #expect(run.registry.content.cursors.lanes == [0, 0, 0, 1])
        // The file's first line waits, so that it has not moved on.
        #expect(run.registry.content.sources.isEmpty)
    }

    @Test func errorsGoFirstButNotForEver() throws {
        let place = try Workplace()
        let down = DeliveryOutcome.unreachable(TransportError(.cannotConnect, "down"))
        do {
            let run = try Run(place, FakeCollector(Array(repeating: down, count: 100_000)))
            let levels = Array(repeating: "DEBUG", count: 4) + ["INFO"] + Array(repeating: "ERROR", count: 30)
            for (number, level) in levels.enumerated() {
                let lines = try batch([(level, level)], from: number * 10)
                run.shipper.spooled(try run.writer.append(lines, agent: "a", epoch: 1, now: 1))
            }
            run.shipper.stop(deadline: SystemClock.monotonicNanos())
        }
        let collector = FakeCollector()
        let run = try Run(place, collector)
        #expect(run.shipper.waitUntilDrained(deadline: nil))
        run.finish()
        let sent = collector.sent.flatMap(\.messages)
        let errors = Array(repeating: "ERROR", count: 7)
        let turns = ["INFO", "DEBUG", "DEBUG", "DEBUG"].flatMap { errors + [$0] }
        #expect(sent == turns + ["ERROR", "ERROR", "DEBUG"])
    }

    @Test func eventsThatTheCollectorRejectsAreKeptAndCounted() throws {
        let place = try Workplace()
        let collector = FakeCollector([
            .accepted(
                events: 1, failed: 1, isDuplicate: false, lagHint: "normal",
                rejected: [RejectedEvent(index: 1, reason: "too long")])
        ])
        let run = try Run(place, collector)
        let lines = try batch([("INFO", "good"), ("INFO", "bad")])
        run.shipper.spooled(try run.writer.append(lines, agent: "a", epoch: 1, now: 1))
        #expect(run.shipper.waitUntilDrained(deadline: nil))
        try eventually("it is told") { !collector.beats.flatMap(\.drops).isEmpty }
        run.finish()
        let text = String(
            decoding: try FileSystem.contents("\(place.path)/rejected/events.ndjson", limit: 4096), as: UTF8.self)
        #expect(text.contains("too long") && text.contains("bad") && !text.contains("good"))
        let told = try #require(collector.beats.flatMap(\.drops).first)
        #expect(told.level == .info && told.events == 1 && told.reason == "rejected")
    }

    @Test func smallBatchesKeepToTheRateToo() throws {
        let place = try Workplace()
        let collector = FakeCollector()
        // Each counts as more than half a kilobyte.
        let run = try Run(place, collector, sendRate: 2_048)
        let start = SystemClock.monotonicNanos()
        for number in 0..<9 { try run.put("m\(number)", from: number * 10, to: number * 10 + 10) }
        #expect(run.shipper.waitUntilDrained(deadline: nil))
        // The first goes at once, each other after a quarter of a second at the least, however fast the machine is.
        #expect(SystemClock.monotonicNanos() - start >= 2_000_000_000)
        run.finish()
        #expect(collector.sent.map(\.sequence) == Array(1...9))
    }
}
