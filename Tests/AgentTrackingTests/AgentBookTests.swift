import AgentTracking
import LineFormats
import Testing

struct AgentBookTests {
    private let rules = AgentRules()
    private let second: Int64 = 1_000_000_000
    private let all = Int64.min...Int64.max

    private func beat(_ agent: String, oldest: Int64? = nil, drops: [DropReport] = [], leaving: Bool = false)
        -> Heartbeat
    {
        Heartbeat(agent: agent, epoch: 1, oldestUnacknowledged: oldest, isLeaving: leaving, drops: drops)
    }

    private func drop(_ number: UInt64, _ times: ClosedRange<Int64> = 10...20, level: String = "ERROR") -> DropReport {
        DropReport(number: number, events: 5, level: level, reason: "rejected", times: times)
    }

    @Test func anAgentIsSilentFromItsLastContactOn() {
        var book = AgentBook()
        book.contact("a", epoch: 1, newest: 5, now: 100 * second, rules)
        #expect(book.late(within: all, now: 190 * second, rules).isEmpty)
        let late = book.late(within: all, now: 191 * second, rules)
        #expect(late.map(\.name) == ["a"] && late.map(\.isSilent) == [true])
        #expect(late.map(\.from) == [100 * second] && late.map(\.behindNanos) == [91 * second])
        // What was written before has arrived.
        #expect(book.late(within: 0...(100 * second - 1), now: 191 * second, rules).isEmpty)
        #expect(book.late(within: 0...(100 * second), now: 191 * second, rules).count == 1)
        book.contact("a", epoch: 1, newest: nil, now: 192 * second, rules)
        #expect(book.late(within: all, now: 193 * second, rules).isEmpty)
        #expect(book.agents["a"]?.newestEvent == 5)
    }

    @Test func anAgentWithOldEventsIsBehindUntilItSaysOtherwise() {
        var book = AgentBook()
        _ = book.take(beat("a", oldest: 30 * second), now: 90 * second, rules)
        #expect(book.late(within: all, now: 90 * second, rules).isEmpty)
        let late = book.late(within: all, now: 91 * second, rules)
        #expect(late.map(\.from) == [30 * second] && late.map(\.behindNanos) == [61 * second])
        #expect(late.map(\.isSilent) == [false])
        // Silent as well: still from its oldest event on.
        #expect(book.late(within: all, now: 500 * second, rules).map(\.from) == [30 * second])
        _ = book.take(beat("a"), now: 91 * second, rules)
        #expect(book.late(within: all, now: 92 * second, rules).isEmpty)
    }

    @Test func aClockThatIsSetBackAndTimesFromNowhereAreNoTrap() {
        var book = AgentBook()
        _ = book.take(beat("a", oldest: .min), now: 100, rules)
        _ = book.take(beat("b", oldest: .max), now: .max, rules)
        #expect(book.late(within: all, now: .max, rules).count == 0, "a is forgotten, b is not late")
        #expect(book.late(within: all, now: 100, rules).map(\.behindNanos) == [.max])
        #expect(book.late(within: all, now: .min, rules).isEmpty)
    }

    @Test func anAgentIsForgottenAfterADayByNameAndWhenItLeaves() {
        var book = AgentBook()
        for name in ["a", "b", "c"] { book.contact(name, epoch: 1, newest: nil, now: 0, rules) }
        let removed = [book.remove("a"), book.remove("a")]
        #expect(removed == [true, false])
        _ = book.take(beat("b", leaving: true), now: 1, rules)
        #expect(book.agents.keys.sorted() == ["c"])
        let day = rules.forgetAfter.components.seconds * second
        #expect(book.late(within: all, now: day, rules).count == 1)
        #expect(book.late(within: all, now: day + 1, rules).isEmpty)
        let swept = [book.sweep(now: day, rules), book.sweep(now: day + 1, rules)]
        #expect(swept == [false, true] && book.agents.isEmpty)
    }

    @Test func thereAreOnlySoManyAgents() {
        var rules = AgentRules()
        rules.maximumAgents = 2
        var book = AgentBook()
        for name in ["a", "b", "c"] { book.contact(name, epoch: 1, newest: nil, now: 0, rules) }
        #expect(book.agents.count == 2 && book.refused == 1)
        // The drops of one that there is no room for are in the book all the same.
        #expect(book.take(beat("c", drops: [drop(4)]), now: 0, rules) == 4)
        #expect(book.gaps.map(\.agent) == ["c"])
        let later = rules.forgetAfter.components.seconds * second * 2
        book.contact("c", epoch: 1, newest: nil, now: later, rules)
        #expect(book.agents.keys.sorted() == ["c"])
    }

    @Test func aReportThatIsSentAgainCountsOnce() {
        var book = AgentBook()
        #expect(book.take(beat("a", drops: [drop(2), drop(1)]), now: 7, rules) == 2)
        #expect(book.take(beat("a", drops: [drop(1), drop(2), drop(3)]), now: 8, rules) == 3)
        #expect(book.gaps.map(\.id) == ["g1", "g2", "g3"])
        #expect(book.gaps.map(\.reported) == [7, 7, 8])
        // Batches have epochs by priority: what they say of it forgets no report.
        book.contact("a", epoch: 2, newest: nil, now: 8, rules)
        #expect(book.take(beat("a", drops: [drop(3)]), now: 8, rules) == 3 && book.gaps.count == 3)
        // Another epoch numbers anew.
        var next = beat("a", drops: [drop(1, 50...60)])
        next.epoch = 2
        #expect(book.take(next, now: 9, rules) == 1)
        #expect(book.gaps(within: 21...50).map(\.id) == ["g4"])
        #expect(book.gaps(within: 0...10).map(\.id) == ["g1", "g2", "g3"])
        #expect(book.gaps(within: 61...70).isEmpty)
    }

    @Test func thereAreOnlySoManyGaps() {
        var rules = AgentRules()
        rules.maximumGaps = 2
        var book = AgentBook()
        _ = book.take(beat("a", drops: [drop(1), drop(2, level: "INFO"), drop(3, 5...90)]), now: 0, rules)
        #expect(book.gaps.map(\.events) == [10, 5] && book.gaps[0].times == 5...90)
        _ = book.take(beat("b", drops: [drop(1)]), now: 0, rules)
        #expect(book.gaps.map(\.agent) == ["a", "b"] && book.forgottenGaps == 1)
    }

    @Test func theBookIsReadBackFromItsDocument() throws {
        var book = AgentBook()
        book.contact("a", epoch: .max, newest: -5, now: .max, rules)
        _ = book.take(beat("b", oldest: .min, drops: [drop(9)]), now: 3, rules)
        let read = try AgentBook(saved: JSONValue(parsing: book.document.bytes))
        #expect(read == book)
        #expect(throws: HeartbeatError.self) { try AgentBook(saved: ["version": 2]) }
        #expect(throws: HeartbeatError.self) { try AgentBook(saved: JSONValue(parsing: "[]")) }
    }

    @Test func aHeartbeatIsReadAndWhatIsWrongIsNamed() throws {
        let text = #"""
            {"agent":"web-1","epoch":18446744073709551615,"version":"1","oldest_unacknowledged":"1970-01-01T00:00:01Z",
            "spooled_bytes":7,"leaving":false,"drops":[{"number":1,"events":5,"level":"ERROR","reason":"rejected",
            "from":"1970-01-01T00:00:00.000000010Z","to":"1970-01-01T00:00:00.00000002Z"}]}
            """#
        let heartbeat = try Heartbeat(JSONValue(parsing: text))
        #expect(
            heartbeat
                == Heartbeat(
                    agent: "web-1", epoch: .max, version: "1", oldestUnacknowledged: second, spooledBytes: 7,
                    drops: [drop(1)]))
        let idle = try Heartbeat(JSONValue(parsing: #"{"agent":"a","epoch":2,"oldest_unacknowledged":null}"#))
        #expect(idle == Heartbeat(agent: "a", epoch: 2))
        let wrong = [
            (#"{"epoch":1}"#, "agent"), (#"{"agent":"a b","epoch":1}"#, "agent"), (#"{"agent":"a"}"#, "epoch"),
            (#"{"agent":"a","epoch":-1}"#, "epoch"), (#"{"drops":{}}"#, "drops"),
            (#"{"drops":[{"number":0}]}"#, "drops.number"),
            (#"{"drops":[{"number":1,"from":"2025-01-02","to":"2025-01-01"}]}"#, "drops.from"),
            (#"{"oldest_unacknowledged":"soon"}"#, "oldest_unacknowledged"), (#"{"leaving":1}"#, "leaving"),
        ]
        for (text, field) in wrong {
            do {
                _ = try Heartbeat(JSONValue(parsing: text))
                Issue.record("\(text) was taken")
            } catch let error as HeartbeatError {
                #expect(error.field == field, "\(text)")
            }
        }
    }
}
