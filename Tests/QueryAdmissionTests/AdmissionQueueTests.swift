import QueryAdmission
import TestSupport
import Testing

@Suite struct AdmissionQueueTests {
    private var rules: AdmissionRules {
        var rules = AdmissionRules()
        rules.running = 3
        rules.waiting = 4
        rules.runningOfUser = 2
        rules.waitingOfUser = 3
        rules.heavyRows = 1_000
        rules.heavyRunning = 1
        rules.patienceNanos = 100
        rules.placesPerPatient = 2
        return rules
    }

    @Test func asManyRunAsMayAndTheNextWaits() {
        var queue = AdmissionQueue(rules)
        #expect(queue.arrive(1, user: "a", rows: 1, now: 0) == .start)
        #expect(queue.arrive(2, user: "a", rows: 1, now: 0) == .start)
        // The third of one user waits, although there is room; that of another does not.
        #expect(queue.arrive(3, user: "a", rows: 1, now: 0) == .wait)
        #expect(queue.arrive(4, user: "b", rows: 1, now: 0) == .start)
        #expect(queue.arrive(5, user: "b", rows: 1, now: 0) == .wait)
        #expect(queue.runningCount == 3 && queue.waitingCount == 2)
        // Of the two that wait, that whose user runs fewer.
        #expect(queue.leave(4, now: 1) == [5])
        #expect(queue.leave(1, now: 1) == [3])
        #expect(queue.leave(77, now: 1).isEmpty)
    }

    @Test func lightQueriesPassHeavyOnesUntilThoseHaveWaitedForLong() {
        var queue = AdmissionQueue(rules)
        for id in 1...2 { #expect(queue.arrive(UInt64(id), user: "u\(id)", rows: 1, now: 0) == .start) }
        #expect(queue.arrive(3, user: "h", rows: 5_000, now: 0) == .start)
        #expect(queue.arrive(4, user: "h", rows: 5_000, now: 10) == .wait)
        #expect(queue.arrive(5, user: "x", rows: 1, now: 20) == .wait)
        // One heavy query runs at a time: there is a place, and the heavy one may not have it.
        #expect(queue.leave(1, now: 30) == [5])
        #expect(queue.arrive(6, user: "y", rows: 1, now: 40) == .wait)
        #expect(queue.leave(3, now: 50) == [6])
        #expect(queue.arrive(7, user: "y", rows: 1, now: 60) == .wait)
        // By now the heavy one has waited for long.
        #expect(queue.leave(2, now: 110) == [4])
        #expect(queue.leave(5, now: 110) == [7])
    }

    @Test func whatCostsLessGoesFirstByPowersOfTwo() {
        var queue = AdmissionQueue(rules)
        for id in 1...3 { #expect(queue.arrive(UInt64(id), user: "u\(id)", rows: 1, now: 0) == .start) }
        #expect(queue.arrive(4, user: "a", rows: 800, now: 1) == .wait)
        #expect(queue.arrive(5, user: "b", rows: 900, cost: 10, now: 2) == .wait)
        #expect(queue.arrive(6, user: "c", rows: 9, now: 3) == .wait)
        // 9 and 10 are of one power of two, so the order of arrival counts.
        #expect(queue.leave(1, now: 4) == [5])
        #expect(queue.leave(2, now: 4) == [6])
        #expect(queue.leave(3, now: 4) == [4])
    }

    @Test func whoHasWaitedForLongGetsEveryOtherPlace() {
        var queue = AdmissionQueue(rules)
        for id in 1...3 { #expect(queue.arrive(UInt64(id), user: "u\(id)", rows: 1, now: 0) == .start) }
        for id in 4...5 { #expect(queue.arrive(UInt64(id), user: "u\(id)", rows: 900, now: 0) == .wait) }
        for id in 6...7 { #expect(queue.arrive(UInt64(id), user: "u\(id)", rows: 9, now: 150) == .wait) }
        #expect(queue.leave(1, now: 200) == [4])
        #expect(queue.leave(2, now: 200) == [6])
        #expect(queue.leave(3, now: 200) == [5])
        #expect(queue.leave(4, now: 200) == [7])
    }

    @Test func refusalsSayTheLimitAndTheFigure() {
        var rules = rules
        rules.estimatedRows = 9_000
        var queue = AdmissionQueue(rules)
        guard case .refuse(let costly) = queue.arrive(1, user: "a", rows: 9_001, now: 0) else {
            Issue.record("a costly query is refused")
            return
        }
        #expect(costly.reason == .rows && costly.limit == 9_000 && costly.figure == 9_001 && costly.retrySeconds == nil)
        #expect(costly.message.contains("9000") && costly.message.contains("9001"))
        for id in 1...2 { #expect(queue.arrive(UInt64(id), user: "a", rows: 1, now: 0) == .start) }
        for id in 3...5 { #expect(queue.arrive(UInt64(id), user: "a", rows: 1, now: 0) == .wait) }
        guard case .refuse(let user) = queue.arrive(6, user: "a", rows: 1, now: 0) else {
            Issue.record("a fourth that waits is refused")
            return
        }
        #expect(user.reason == .user && user.limit == 3 && user.figure == 4 && user.retrySeconds == 1)
        #expect(queue.arrive(7, user: "b", rows: 1, now: 0) == .start)
        #expect(queue.arrive(8, user: "b", rows: 1, now: 0) == .wait)
        guard case .refuse(let full) = queue.arrive(9, user: "c", rows: 1, now: 0) else {
            Issue.record("a fifth that waits is refused")
            return
        }
        #expect(full.reason == .waiting && full.limit == 4 && full.figure == 5)
    }

    @Test func whoGivesUpWaitingMakesRoom() {
        var queue = AdmissionQueue(rules)
        for id in 1...3 { #expect(queue.arrive(UInt64(id), user: "u\(id)", rows: 1, now: 0) == .start) }
        for id in 4...7 { #expect(queue.arrive(UInt64(id), user: "u\(id)", rows: 1, now: 0) == .wait) }
        #expect(queue.leave(5, now: 1).isEmpty)
        #expect(queue.arrive(8, user: "z", rows: 1, now: 2) == .wait)
        #expect(queue.leave(1, now: 3) == [4])
        #expect(queue.leave(2, now: 3) == [6])
    }

    @Test func nobodyIsForgottenAndNoLimitIsPassed() {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        let rules = rules
        var queue = AdmissionQueue(rules)
        struct Known { var user: String, isHeavy: Bool }
        var (running, waiting): ([UInt64: Known], [UInt64: Known]) = ([:], [:])
        for step in 1...5_000 as ClosedRange<UInt64> {
            if Bool.random(using: &generator) {
                let known = Known(
                    user: "u\(Int.random(in: 0..<3, using: &generator))", isHeavy: Bool.random(using: &generator))
                switch queue.arrive(step, user: known.user, rows: known.isHeavy ? 2_000 : 5, now: step) {
                case .start: running[step] = known
                case .wait: waiting[step] = known
                case .refuse: break
                }
            } else if let id = (Array(running.keys) + Array(waiting.keys)).sorted().randomElement(using: &generator) {
                running[id] = nil
                waiting[id] = nil
                for next in queue.leave(id, now: step) {
                    running[next] = waiting.removeValue(forKey: next)
                }
            }
            let isWithin =
                running.count == queue.runningCount && waiting.count == queue.waitingCount
                && running.count <= rules.running && waiting.count <= rules.waiting
                && running.values.count { $0.isHeavy } <= rules.heavyRunning
                && (0..<3).allSatisfy { user in running.values.count { $0.user == "u\(user)" } <= rules.runningOfUser }
            #expect(isWithin, "step \(step), seed \(seed)")
        }
        for id in running.keys.sorted() {
            running[id] = nil
            for next in queue.leave(id, now: 9_999) { waiting[next] = nil }
        }
        while let id = waiting.keys.sorted().first {
            waiting[id] = nil
            for next in queue.leave(id, now: 9_999) { waiting[next] = nil }
        }
        #expect(queue.waitingCount == 0)
    }
}
