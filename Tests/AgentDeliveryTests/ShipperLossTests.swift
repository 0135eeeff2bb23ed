import AgentDelivery
import AgentPipeline
import CurlTransport
import Journal
import LogModel
import SystemIO
import TestSupport
import Testing
import Workers

/// What is lost or refused is told, once.
@Suite(.timeLimit(.minutes(15)))
struct ShipperLossTests {
    /// A collector that gives no answer until it is told to.
    private final class SilentCollector: BatchTransport, Sendable {
        private struct State {
            var hasBegun = false
            var isReleased = false
        }

        private let state = Monitor(State())
        let answers = FakeCollector()
        /// Whether it asks meanwhile if it is to go on.
        let asks: Bool

        init(asks: Bool) { self.asks = asks }

        var hasBegun: Bool { state.withLock { $0.hasBegun } }

        func release() {
            state.withLock { $0.isReleased = true }
            state.broadcast()
        }

        func send(_ batch: SpoolRecord, shouldContinue: () -> Bool) -> DeliveryOutcome {
            state.withLock { $0.hasBegun = true }
            while true {
                let look = asks ? SystemClock.monotonicNanos() + 1_000_000 : nil
                if state.wait(until: look, { $0.isReleased ? true : nil }) == true { break }
                _ = shouldContinue()
            }
            return answers.send(batch, shouldContinue: shouldContinue)
        }

        func beat(_ heartbeat: AgentHeartbeat, shouldContinue: () -> Bool) -> UInt64? {
            answers.beat(heartbeat, shouldContinue: shouldContinue)
        }
    }

    /// A collector behind something that lets no batch with a certain message through.
    private final class PickyCollector: BatchTransport, Sendable {
        let poison: String
        let others = FakeCollector()

        init(poison: String) { self.poison = poison }

        func send(_ batch: SpoolRecord, shouldContinue: () -> Bool) -> DeliveryOutcome {
            if (try? messages(batch))?.contains(poison) == true {
                return .unreachable(TransportError(.interrupted, "cut"))
            }
            return others.send(batch, shouldContinue: shouldContinue)
        }

        func beat(_ heartbeat: AgentHeartbeat, shouldContinue: () -> Bool) -> UInt64? {
            others.beat(heartbeat, shouldContinue: shouldContinue)
        }
    }

    @Test(arguments: [("DEBUG", "ERROR"), ("ERROR", "DEBUG")])
    func aBatchThatNeverGetsThroughKeepsBackItsOwnLaneAlone(_ stuck: String, _ other: String) throws {
        let place = try Workplace()
        let collector = PickyCollector(poison: "poison")
        let run = try ShipperRun(place, collector)
        func put(_ level: String, _ text: String, _ number: Int) throws {
            let lines = try batch([(level, text)], from: number * 10)
            run.shipper.spooled(try run.writer.append(lines, agent: "a", epoch: 1, now: 1))
        }
        try put(stuck, "poison", 0)
        let texts = (1...40).map { "\($0)" }
        for (number, text) in texts.enumerated() { try put(other, text, number + 1) }
        try eventually("the others are there") { collector.others.sent.flatMap(\.messages) == texts }
        run.shipper.stop(deadline: SystemClock.monotonicNanos())
    }

    private let times = Timestamp(nanoseconds: 5)...Timestamp(nanoseconds: 9)

    @Test(arguments: [1, 1_000])
    func noLossIsForgottenWhileACollectorDoesNotAnswer(paths: Int) throws {
        let place = try Workplace()
        let collector = SilentCollector(asks: false)
        let run = try ShipperRun(place, collector)
        try run.put("one")
        try eventually("the batch is sent") { collector.hasBegun }
        for number in 0..<1_000 {
            let path = "udp \(number % paths)"
            run.shipper.lost(DropNote(level: .unknown, reason: "kernel_drops", events: 1, path: path, times: times))
        }
        collector.release()
        #expect(run.shipper.waitUntilDrained(deadline: nil))
        func told() -> Int { collector.answers.told.values.reduce(0) { $0 + $1.events } }
        try eventually("all are told") { told() == 1_000 }
        run.finish()
        #expect(told() == 1_000)
    }

    @Test func lossesAreInTheLedgerBeforeACollectorAnswers() throws {
        let place = try Workplace()
        let collector = SilentCollector(asks: true)
        let run = try ShipperRun(place, collector)
        try run.put("one")
        try eventually("the batch is sent") { collector.hasBegun }
        let last = run.spool.lastEntry
        run.shipper.lost(DropNote(lost: 7, reason: "file_truncated", path: "/a", times: times))
        try eventually("it is in the ledger") { run.spool.lastEntry > last }
        collector.release()
        run.finish()
    }

    private let refusal = DeliveryOutcome.refused(status: 400, title: "no", isProblem: true, retryAfter: nil)

    @Test func aBatchThatWasPutAsideIsNotCountedAgainAfterACrash() throws {
        let place = try Workplace()
        let collector = FakeCollector([refusal, refusal, refusal])
        do {
            let run = try ShipperRun(place, collector)
            let lines = try batch([("WARN", "a"), ("WARN", "b")])
            run.shipper.spooled(try run.writer.append(lines, agent: "a", epoch: 1, now: 1))
            #expect(run.shipper.waitUntilDrained(deadline: nil))
            run.finish()
        }
        // As if the registry had never been saved.
        let other = FakeCollector([refusal, refusal, refusal])
        let run = try ShipperRun(place, other)
        try run.put("next", from: 20, to: 30)
        #expect(run.shipper.waitUntilDrained(deadline: nil))
        try eventually("it is told") { !other.told.isEmpty }
        run.finish()
        #expect(other.sent.allSatisfy { $0.messages == ["next"] })
        let told = collector.told.merging(other.told) { first, _ in first }.values.filter { $0.level == .warn }
        #expect(told.map(\.events) == [2] && told.map(\.reason) == ["rejected"])
    }

    @Test func rejectedEventsAreNotCountedAgainAfterACrash() throws {
        let place = try Workplace()
        let answer = DeliveryOutcome.accepted(events: 1, failed: 1, isDuplicate: false, lagHint: "normal")
        let (collector, other) = (FakeCollector([answer]), FakeCollector([answer]))
        for each in [collector, other] {
            let run = try ShipperRun(place, each)
            if each === collector {
                let lines = try batch([("WARN", "a"), ("WARN", "b")])
                run.shipper.spooled(try run.writer.append(lines, agent: "a", epoch: 1, now: 1))
            }
            #expect(run.shipper.waitUntilDrained(deadline: nil))
            try eventually("it is told") { !each.told.isEmpty }
            run.finish()
        }
        #expect(other.sent.isEmpty)
        #expect(collector.told.merging(other.told) { first, _ in first }.values.map(\.events) == [1])
    }

    private func flip(_ path: String, _ place: (Int) -> Int) throws {
        var bytes = try FileSystem.contents(path, limit: 1 << 24)
        bytes[place(bytes.count)] ^= 1
        try FileSystem.writeAtomically(path, bytes)
    }

    private func journal(_ place: Workplace, _ name: String) throws -> String {
        let files = try FileSystem.list("\(place.path)/spool/\(name)").filter { $0.hasSuffix(".journal") }
        return "\(place.path)/spool/\(name)/\(try #require(files.first))"
    }

    /// What the collector is told of damage by a run over what is there, and what it is sent.
    private func ship(_ place: Workplace, awaiting count: Int) throws -> (told: [DropLog.Entry], sent: [[String]]) {
        let collector = FakeCollector()
        let run = try ShipperRun(place, collector)
        #expect(run.shipper.waitUntilDrained(deadline: nil))
        func told() -> [DropLog.Entry] { collector.told.values.filter { $0.reason == "spool_damaged" } }
        try eventually("damage is told") { told().count >= count }
        run.finish()
        return (told(), collector.sent.map(\.messages))
    }

    @Test func theLastRecordOfALaneIsNoInterruptedWriteWhenTheLedgerKnowsIt() throws {
        let place = try Workplace()
        do {
            let writer = SpoolWriter(try place.spool())
            for text in ["one", "two"] { try writer.append(batch(text), agent: "a", epoch: 8, now: 1) }
        }
        let file = try journal(place, "info")
        let size = try #require(try FileSystem.status(file)).size
        try flip(file) { $0 - 3 }
        let first = try ship(place, awaiting: 1)
        let left = try #require(try FileSystem.status(file)).size
        #expect(first.told.map(\.bytes) == [size - left] && size > left)
        #expect(first.sent == [["one"]])
        // It stays the same report, and the numbers stay lost, when what was sent since is forgotten.
        let again = try ship(place, awaiting: 1)
        #expect(again.told.map(\.number) == first.told.map(\.number))
    }

    @Test func whatIsLostInTheMiddleIsToldOnce() throws {
        let place = try Workplace()
        do {
            let writer = SpoolWriter(try place.spool())
            for text in ["one", "two", "three"] { try writer.append(batch(text), agent: "a", epoch: 8, now: 1) }
        }
        try flip(try journal(place, "info")) { $0 / 2 }
        let first = try ship(place, awaiting: 1)
        #expect(first.told.count == 1 && first.sent == [["one"], ["three"]])
        #expect(try ship(place, awaiting: 1).told.map(\.number) == first.told.map(\.number))
    }

    @Test func whatIsNoBatchIsToldAsLost() throws {
        let place = try Workplace()
        let payload = [UInt8](repeating: 9, count: 77)
        do {
            let writer = JournalWriter(try JournalDirectory("\(place.path)/spool/info"))
            try writer.append(JournalRecord(ingestTime: 3, agent: "a", epoch: 9, sequence: 1, payload: payload))
            try writer.commit()
        }
        let result = try ship(place, awaiting: 1)
        #expect(result.told.map(\.bytes) == [77] && result.sent.isEmpty)
        #expect(result.told.first?.times.lowerBound == Timestamp(nanoseconds: 3))
    }

    @Test func damageOfTheLedgerIsToldOnce() throws {
        let place = try Workplace()
        do {
            let writer = SpoolWriter(try place.spool())
            for text in ["one", "two", "three"] { try writer.append(batch(text), agent: "a", epoch: 8, now: 1) }
        }
        try flip(try journal(place, "ledger")) { $0 / 2 }
        let first = try ship(place, awaiting: 1)
        #expect(first.told.count == 1 && first.told.allSatisfy { $0.bytes > 0 })
        #expect(first.sent == [["one"], ["two"], ["three"]])
        #expect(try ship(place, awaiting: 1).told.map(\.number) == first.told.map(\.number))
    }
}
