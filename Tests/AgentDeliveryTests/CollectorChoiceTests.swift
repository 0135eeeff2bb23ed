import AgentDelivery
import Testing

struct CollectorChoiceTests {
    @Test func agentsSpreadOverTheCollectorsAndEachKeepsToOne() {
        var counts = [0, 0, 0]
        for number in 0..<300 {
            let choice = CollectorChoice(agent: "host-\(number)", count: 3)
            counts[choice.preferred] += 1
            #expect(choice.choose(now: 5) == .use(choice.preferred))
            #expect(CollectorChoice(agent: "host-\(number)", count: 3).preferred == choice.preferred)
        }
        #expect(counts.allSatisfy { $0 > 50 }, "\(counts)")
    }

    @Test func theNextOneTakesOverUntilTheFirstHasRested() {
        var choice = CollectorChoice(agent: "a", count: 2)
        let first = choice.preferred
        let second = 1 - first
        choice.rest(first, until: 100)
        #expect(choice.choose(now: 99) == .use(second))
        #expect(choice.choose(now: 100) == .use(first))
        choice.rest(second, until: 50)
        #expect(choice.choose(now: 10) == .wait(until: 50))
        #expect(choice.choose(now: 10, isHurried: true) == .use(second))
        choice.took(first)
        #expect(choice.choose(now: 10) == .use(first))
    }

    @Test func aBatchThatOneMayHaveWaitsForThatOne() {
        var choice = CollectorChoice(agent: "a", count: 3)
        let first = choice.preferred
        choice.rest(first, until: 100)
        #expect(choice.choose(now: 10, only: first) == .wait(until: 100))
        #expect(choice.choose(now: 100, only: first) == .use(first))
    }

    @Test func aCollectorThatIsBehindGetsLargerBatchesAndAtLastNoDebug() {
        var lag = LagResponse()
        #expect(lag.factor(now: 0) == 1 && lag.shedding(now: .max) == nil)
        let isNew = lag.hear("elevated", now: 0)
        #expect(isNew && lag.factor(now: 1) == 2)
        let isNewAgain = lag.hear("elevated", now: 1)
        #expect(!isNewAgain && lag.shedding(now: LagResponse.patience + 1) == nil)
        lag.hear("critical", now: 10)
        lag.hear("critical", now: 20)
        #expect(lag.factor(now: 20) == 4)
        #expect(lag.shedding(now: 9 + LagResponse.patience) == nil)
        #expect(lag.shedding(now: 10 + LagResponse.patience) == .debug)
        // Who sends nothing because all of it is DEBUG must try again.
        let later = 20 + LagResponse.validity
        #expect(lag.shedding(now: later) == nil && lag.factor(now: later) == 1)
        lag.hear("critical", now: later)
        #expect(lag.shedding(now: later + 1) == .debug)
        lag.hear("elevated", now: later + 2)
        lag.hear("critical", now: later + 3)
        #expect(lag.shedding(now: later + 2 + LagResponse.patience) == nil)
        lag.hear("what", now: later + 4)
        #expect(lag.factor(now: later + 5) == 1)
    }
}
