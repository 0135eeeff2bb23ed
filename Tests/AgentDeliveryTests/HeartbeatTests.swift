import AgentDelivery
import LogModel
import Testing

struct HeartbeatTests {
    @Test func aQuietAgentSaysThatItIsThere() {
        var schedule = HeartbeatSchedule(interval: 30)
        func isDue(_ now: UInt64, backlog: Bool = false, drops: Bool = false) -> Bool {
            schedule.isDue(now: now, hasBacklog: backlog, hasDrops: drops)
        }
        #expect(isDue(100))
        schedule.sent(now: 100, hasBacklog: false, isTaken: true)
        #expect(!isDue(129) && isDue(130))
        // A batch says the same.
        schedule.delivered(now: 120)
        #expect(!isDue(130) && !isDue(149) && isDue(150))
        #expect(isDue(130, drops: true) && !isDue(129, drops: true))
    }

    @Test func batchesThatWaitAreToldAndThatTheyWaitNoMore() {
        var schedule = HeartbeatSchedule(interval: 30)
        schedule.sent(now: 100, hasBacklog: false, isTaken: true)
        schedule.delivered(now: 129)
        #expect(schedule.isDue(now: 130, hasBacklog: true, hasDrops: false))
        schedule.sent(now: 130, hasBacklog: true, isTaken: true)
        #expect(!schedule.isDue(now: 131, hasBacklog: true, hasDrops: false))
        #expect(schedule.isDue(now: 131, hasBacklog: false, hasDrops: false))
        // One that nobody has heard is not taken back.
        schedule.sent(now: 131, hasBacklog: true, isTaken: false)
        #expect(!schedule.isDue(now: 132, hasBacklog: false, hasDrops: false))
    }

    private func events(_ levels: [Level], from time: Int64) -> EventBatch {
        var builder = EventBatchBuilder()
        builder.begin(labels: [])
        for (index, level) in levels.enumerated() {
            builder.endEvent(
                time: Timestamp(nanoseconds: time + Int64(index)), level: level,
                message: ByteRange(offset: 0, length: 0))
        }
        return builder.finish()
    }

    @Test func dropsAreNotedByLevelUntilTheyAreAcknowledged() {
        var log = DropLog()
        log.note(events([.error, .info, .error], from: 10), reason: "rejected")
        #expect(log.entries.map(\.number) == [1, 2] && log.entries.map(\.level) == [.info, .error])
        #expect(log.entries.map(\.events) == [1, 2])
        #expect(log.entries[1].times == Timestamp(nanoseconds: 10)...Timestamp(nanoseconds: 12))
        log.acknowledged(upTo: 1)
        #expect(log.entries.map(\.number) == [2])
    }

    @Test func whatWasNeverReadIsNotedWithItsFile() {
        var log = DropLog()
        let times = Timestamp(nanoseconds: 5)...Timestamp(nanoseconds: 9)
        log.note(DropLog.Loss(reason: "file_truncated", bytes: 70, source: "/var/log/app.log", times: times))
        #expect(log.entries.map(\.bytes) == [70] && log.entries.map(\.events) == [0])
        #expect(log.entries.first?.source == "/var/log/app.log" && log.entries.first?.times == times)
        log.note(DropLog.Loss(reason: "x", bytes: -1, source: String(repeating: "é", count: 5_000), times: times))
        #expect((log.entries.last?.source.utf8.count ?? .max) <= 1_000 && log.entries.last?.bytes == 0)
    }

    @Test func theLogOfDropsIsBoundedAndWhatWasSentStaysAsItIs() {
        var log = DropLog()
        for index in 0..<DropLog.maximumEntries { log.note(events([.error], from: Int64(index)), reason: "rejected") }
        log.note(events([.error], from: 1_000), reason: "rejected")
        #expect(log.entries.count == DropLog.maximumEntries && log.entries.last?.events == 2)
        #expect(log.entries.last?.times.upperBound == Timestamp(nanoseconds: 1_000))
        log.willSend()
        let sent = log.entries
        log.note(events([.error], from: 2_000), reason: "rejected")
        #expect(log.entries == sent && log.unnoted == 1)
        log.acknowledged(upTo: 5)
        log.note(events([.error], from: 3_000), reason: "rejected")
        #expect(log.entries.last?.number == UInt64(DropLog.maximumEntries) + 1)
    }
}
