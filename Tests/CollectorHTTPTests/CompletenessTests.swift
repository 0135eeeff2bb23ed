import CollectorHTTP
import LineFormats
import LogModel
import Testing

struct CompletenessTests {
    private let limit = Completeness.Cause.limit("rows", advice: "narrow it")

    private func late(_ name: String) -> Completeness.Cause {
        .agentLate(name: name, behindNanos: 5_000_000, lastSeen: Timestamp(nanoseconds: 40), isSilent: true)
    }

    @Test func withoutAReasonAllOfItIsComplete() {
        let whole = Completeness(asked: 10...20)
        #expect(whole.isComplete && whole.intervals == [10...20] && whole.summary == "complete")
        let open = Completeness(asked: Int64.min...Int64.max)
        #expect(open.intervals == [Int64.min...Int64.max])
        #expect(
            open.document.bytes
                == Array(
                    #"{"complete":true,"asked":{"from":null,"to":null},"complete_over":[{"from":null,"to":null}],"reasons":[]}"#
                        .utf8))
        let none = Completeness(asked: nil)
        #expect(none.isComplete && none.intervals.isEmpty && none.document["asked"] == .null)
    }

    @Test func whatIsMissingIsCutOut() {
        var part = Completeness(asked: 0...100)
        part.add(limit, 20...29)
        part.add(limit, 25...30)
        part.add(late("a"), 90...Int64.max)
        part.add(.gap(id: "g1", agent: "a", events: 3, level: "INFO", reason: "rejected"), -5...0)
        #expect(part.intervals == [1...19, 31...89])
        part.add(limit, 101...200)
        #expect(part.reasons.count == 4 && part.reasons[2].times == 90...100)
        #expect(part.summary == "not_arrived=1, dropped=1, skipped=2")
        part.add(.unreadable(segment: "s", tier: "cold", events: 9, cause: "away"), nil)
        #expect(part.intervals.isEmpty && part.count(.unavailable) == 1)
    }

    @Test func allOfItsEndsMayBeOpen() {
        var part = Completeness(asked: Int64.min...Int64.max)
        part.add(late("a"), 50...Int64.max)
        #expect(part.intervals == [Int64.min...49])
        part.add(limit, Int64.min...Int64.min)
        #expect(part.intervals == [(Int64.min + 1)...49])
        let reason = part.document["reasons"]?.array?.first
        #expect(reason?["kind"]?.string == "not_arrived" && reason?["to"] == .null)
        #expect(reason?["behind_ms"]?.int == 5 && reason?["agent"]?.string == "a")
        part.add(limit, Int64.min...Int64.max)
        #expect(part.intervals.isEmpty)
    }

    @Test func manyReasonsAreBoundedAndNoneOfTheirTimesIsForgotten() {
        var part = Completeness(asked: 0...1_000_000)
        for index in 0..<20_000 { part.add(late("a\(index)"), Int64(index * 10)...Int64(index * 10 + 4)) }
        part.add(limit, 999_999...1_000_000)
        #expect(part.reasons.count == Completeness.maximumReasons + 1)
        #expect(part.count(.notArrived) == 20_000 && part.count(.skipped) == 1)
        let intervals = part.intervals
        #expect(intervals.count <= Completeness.maximumIntervals && !intervals.isEmpty)
        for interval in intervals {
            // Nothing that is called complete meets a reason.
            #expect(interval.lowerBound >= 200_000 || interval.lowerBound % 10 >= 5 && interval.upperBound % 10 >= 5)
            #expect(interval.upperBound < 999_999 && interval.lowerBound <= interval.upperBound)
        }
        #expect(part.document["unnamed_reasons"]?.int == 20_000 - Completeness.maximumReasons)
    }
}
