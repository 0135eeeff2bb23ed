import AgentDelivery
import LogModel
import Testing

struct HeartbeatTests {
    @Test func anAgentSaysHowItIsEveryInterval() {
        var schedule = HeartbeatSchedule(interval: 30)
        #expect(schedule.isDue(now: 100, hasBacklog: false))
        schedule.sent(now: 100, hasBacklog: false, isTaken: true)
        #expect(!schedule.isDue(now: 129, hasBacklog: false) && schedule.isDue(now: 130, hasBacklog: false))
        #expect(!schedule.isDue(now: 129, hasBacklog: true) && schedule.isDue(now: 130, hasBacklog: true))
    }

    @Test func thatBatchesWaitNoMoreIsSaidAtOnce() {
        var schedule = HeartbeatSchedule(interval: 30)
        schedule.sent(now: 130, hasBacklog: true, isTaken: true)
        #expect(!schedule.isDue(now: 131, hasBacklog: true))
        #expect(schedule.isDue(now: 131, hasBacklog: false))
        // One that nobody has heard is not taken back.
        schedule.sent(now: 131, hasBacklog: true, isTaken: false)
        #expect(!schedule.isDue(now: 132, hasBacklog: false))
    }

    @Test func oneThatNobodyHasHeardIsSentAgainWhenBatchesAreTaken() {
        var schedule = HeartbeatSchedule(interval: 30)
        schedule.sent(now: 100, hasBacklog: false, isTaken: false)
        #expect(!schedule.isDue(now: 101, hasBacklog: false))
        schedule.delivered()
        #expect(schedule.isDue(now: 101, hasBacklog: false))
        schedule.sent(now: 101, hasBacklog: false, isTaken: true)
        schedule.delivered()
        #expect(!schedule.isDue(now: 102, hasBacklog: false))
    }

    private func note(_ level: Level, _ events: Int, from time: Int64, reason: String = "spool_full") -> DropNote {
        let times = Timestamp(nanoseconds: time)...Timestamp(nanoseconds: time + 1)
        return DropNote(level: level, reason: reason, events: events, source: 1, path: "/a", bytes: 0..<9, times: times)
    }

    @Test func dropsAreAddedUpByLevelAndReasonUntilTheyAreAcknowledged() {
        var log = DropLog()
        let notes = [note(.error, 2, from: 10), note(.info, 1, from: 5), note(.error, 3, from: 20)]
        let isTaken = log.take(7, notes + [note(.error, 9, from: 1, reason: "rejected")])
        #expect(isTaken)
        #expect(log.entries.map(\.level) == [.info, .error, .error])
        #expect(log.entries.map(\.events) == [1, 5, 9])
        #expect(log.entries.map(\.reason) == ["spool_full", "spool_full", "rejected"])
        #expect(log.entries[1].times == Timestamp(nanoseconds: 10)...Timestamp(nanoseconds: 21))
        #expect(log.entries[1].origins.map(\.path) == ["/a", "/a"])
        // The same entry always has the same numbers: what is told twice counts once.
        var again = DropLog()
        _ = again.take(7, notes + [note(.error, 9, from: 1, reason: "rejected")])
        #expect(again.entries.map(\.number) == log.entries.map(\.number))
        #expect(log.reported(taken: 9) == 6)
        log.acknowledged(upTo: log.entries[1].number)
        #expect(log.entries.map(\.events) == [9] && log.reported(taken: 9) == 6)
        log.acknowledged(upTo: .max)
        #expect(log.entries.isEmpty && log.reported(taken: 9) == 9)
    }

    @Test func eachReasonIsToldUnderItsName() {
        var log = DropLog()
        let reasons = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"]
        let levels: [Level] = [.unknown, .fatal]
        let notes = reasons.flatMap { reason in levels.map { note($0, 1, from: 1, reason: reason) } }
        let isTaken = log.take(7, notes)
        #expect(isTaken)
        #expect(log.entries.map(\.reason) == reasons.flatMap { [$0, $0] } && log.entries.allSatisfy { $0.events == 1 })
        #expect(Set(log.entries.map(\.number)).count == 22)
        #expect(log.entries.map(\.number).sorted() == log.entries.map(\.number))
        #expect(log.reported(taken: 9) == 6)
        let isNextTaken = log.take(8, [note(.unknown, 1, from: 1)])
        #expect(isNextTaken && log.entries[22].number > log.entries[21].number)
    }

    @Test func whatWasNeverReadIsNotedWithItsFile() {
        var log = DropLog()
        let times = Timestamp(nanoseconds: 5)...Timestamp(nanoseconds: 9)
        let isFirstTaken = log.take(
            1, [DropNote(lost: 70, reason: "file_truncated", path: "/var/log/app.log", times: times)])
        #expect(isFirstTaken)
        #expect(log.entries.map(\.bytes) == [70] && log.entries.map(\.events) == [0])
        #expect(log.entries.first?.source == "/var/log/app.log" && log.entries.first?.times == times)
        #expect(log.entries.first?.origins.isEmpty == true)
        let long = String(repeating: "é", count: 5_000)
        let isSecondTaken = log.take(2, [DropNote(lost: -1, reason: "x", path: long, times: times)])
        #expect(isSecondTaken)
        #expect((log.entries.last?.source.utf8.count ?? .max) <= 1_000 && log.entries.last?.bytes == 0)
        // Several files at once are one report, which names none of them.
        let several = [
            DropNote(lost: 5, reason: "file_gone", path: "/a", times: times),
            DropNote(lost: 6, reason: "file_gone", path: "/b", times: times),
        ]
        let isThirdTaken = log.take(3, several)
        #expect(isThirdTaken)
        #expect(log.entries.last?.bytes == 11 && log.entries.last?.source.isEmpty == true)
    }

    @Test func theLogOfDropsIsBoundedAndTakesTheRestLater() {
        var log = DropLog()
        var taken: UInt64 = 0
        while log.take(taken + 1, [note(.error, 1, from: 1)]) { taken += 1 }
        #expect(taken > 100 && log.entries.count <= DropLog.maximumEntries)
        log.acknowledged(upTo: log.entries[99].number)
        // What a crash may forget still counts: the next run tells it once more, and no more than that.
        let isTakenEarly = log.take(taken + 1, [note(.error, 1, from: 1)])
        #expect(!isTakenEarly)
        log.saved(through: log.reported(taken: taken))
        let isTaken = log.take(taken + 1, [note(.error, 1, from: 1)])
        #expect(isTaken)
        let numbers = log.entries.map(\.number)
        #expect(numbers == numbers.sorted() && Set(numbers).count == numbers.count)
    }
}
