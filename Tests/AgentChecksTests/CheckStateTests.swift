import LineFormats
import LogModel
import SystemIO
import TestSupport
import Testing

@testable import AgentChecks

@Suite struct CheckStateTests {
    @Test func failuresInARowMakeItUnhealthy() {
        var check = Check(service: "cart", .tcp(host: "localhost", port: 1))
        check.failures = 3
        var state = CheckState()
        let bad = Reading(.unhealthy, "refused")
        #expect(state.take(bad, of: check, now: 10).status == .warning)
        #expect(state.take(bad, of: check, now: 20).reason == "refused (failure 2, 3 in a row make it unhealthy)")
        #expect(state.status == .warning && state.since == 10)
        #expect(state.take(bad, of: check, now: 30) == bad)
        #expect(state.status == .unhealthy && state.since == 30 && state.failures == 3)
        #expect(state.take(Reading(.healthy), of: check, now: 40).status == .healthy)
        #expect(state.failures == 0 && state.since == 40)
        #expect(state.take(bad, of: check, now: 50).status == .warning)
    }

    @Test func slowAnswersAreAWarning() {
        var check = Check(service: "cart", .tcp(host: "localhost", port: 1))
        check.slowAfter = .milliseconds(100)
        var state = CheckState()
        var reading = Reading(.healthy)
        reading.latency = 100_000_000
        #expect(state.take(reading, of: check, now: 0).status == .healthy)
        reading.latency += 1_000_000
        let slow = state.take(reading, of: check, now: 1)
        #expect(slow.status == .warning && slow.reason == "took 101 ms, more than 100 ms")
    }

    @Test func answersThatTakeMuchTooLongAreFailures() {
        var check = Check(service: "cart", .tcp(host: "localhost", port: 1))
        (check.slowAfter, check.tooSlowAfter, check.failures) = (.milliseconds(100), .seconds(1), 2)
        var state = CheckState()
        var reading = Reading(.healthy)
        reading.latency = 1_500_000_000
        let first = state.take(reading, of: check, now: 1)
        #expect(first.status == .warning)
        #expect(first.reason == "took 1500 ms, more than 1000 ms (failure 1, 2 in a row make it unhealthy)")
        #expect(state.take(reading, of: check, now: 2).status == .unhealthy)
        reading.latency = 500_000_000
        #expect(state.take(reading, of: check, now: 3).status == .warning)
        #expect(state.failures == 0)
    }

    @Test func aLongReasonIsCutBetweenOrInsideLettersWithoutHarm() {
        for padding in 0..<4 {
            let reason = String(repeating: "x", count: padding) + String(repeating: "ü", count: 5_000)
            let reading = Reading(.unhealthy, reason)
            #expect(reading.reason.utf8.count <= Reading.maximumReason + 3 && reading.reason.hasSuffix("..."))
        }
    }

    /// Whatever happens: a check never runs twice at once, none is forgotten, and each time is run or counted as missed.
    @Test func scheduleNeitherForgetsNorDoubles() {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<50 {
            let intervals = (0..<generator.below(8) + 1).map { _ in UInt64(generator.below(50) + 1) * 1_000_000_000 }
            let checks = intervals.enumerated().map { index, nanos in
                var check = Check(service: "s\(index)", .unit("u"))
                check.interval = .nanoseconds(Int64(nanos))
                return check
            }
            var now: UInt64 = 1_000
            var schedule = CheckSchedule(checks, now: now)
            var running: Set<Int> = []
            var accounted = [UInt64](repeating: 0, count: checks.count)
            var first = [UInt64?](repeating: nil, count: checks.count)
            for _ in 0..<200 {
                now += UInt64(generator.below(20_000)) * 1_000_000
                while generator.chance(80), let index = schedule.take(now: now) {
                    #expect(running.insert(index).inserted, "seed \(seed)")
                    if first[index] == nil { first[index] = now }
                }
                if let index = running.sorted().first, generator.chance(60) {
                    running.remove(index)
                    accounted[index] += 1 + schedule.ended(index, now: now)
                    let next = schedule.nextDue
                    #expect(next.map { $0 <= now + intervals[index] } ?? false, "seed \(seed)")
                }
            }
            for index in checks.indices where accounted[index] > 0 {
                let elapsed = now - 1_000
                #expect(accounted[index] <= elapsed / intervals[index] + 1, "seed \(seed)")
            }
        }
    }

    @Test func checksBeginSpreadOut() {
        let checks = (0..<100).map { Check(service: "s\($0)", .unit("u")) }
        var schedule = CheckSchedule(checks, now: 0)
        var early = 0
        while schedule.take(now: 1_000_000_000) != nil { early += 1 }
        #expect((5...40).contains(early))
        var all = early
        while schedule.take(now: 5_000_000_000) != nil { all += 1 }
        #expect(all == 100)
    }

    @Test func eventsAreWhatTheHealthViewsRead() throws {
        var check = Check(service: "checkout", .http(.init(url: "http://localhost/health")))
        (check.cluster, check.namespace) = ("eu-1", "shop")
        var reading = Reading(.unhealthy, "HTTP status 503", figures: [.init("http_status", 503)])
        reading.latency = 12_345_678
        var state = CheckState()
        reading = state.take(reading, of: check, now: 1_750_000_000_000_000_000)
        let event = HealthEvent(
            check: check, reading: reading, state: state, dependencies: [.init("db", .unknown)],
            time: 1_750_000_000_000_000_000)
        let expected = """
            {"ts":"2025-06-15T15:06:40Z","level":"ERROR","msg":"checkout is unhealthy: HTTP status 503","cluster":"eu-1",\
            "namespace":"shop","service":"checkout","health":{"status":"unhealthy","latency_ms":12.346,\
            "reason":"HTTP status 503","check":"http","target":"http://localhost/health","since":"2025-06-15T15:06:40Z",\
            "failures":1,"http_status":503,"dependencies":[{"service":"db","status":"unknown"}]}}
            """
        #expect(String(decoding: event.document.bytes, as: UTF8.self) == expected)
    }

    @Test func figuresOfAPluginDoNotStandForOthers() throws {
        var reading = Reading(.healthy, "fine", figures: [.init("status", 1), .init("load", 2), .init("load", 3)])
        reading.latency = 1_000_000
        let check = Check(service: "a", .command(["x"]))
        let event = HealthEvent(check: check, reading: reading, state: CheckState(), dependencies: [], time: 0)
        let health = event.document["health"]
        #expect(health?["status"]?.string == "healthy" && health?["figure_status"] != nil)
        let text = String(decoding: event.document.bytes, as: UTF8.self)
        #expect(text.contains(#""figure_status":1,"load":2,"figure_load":3}"#), "\(text)")
    }
}
