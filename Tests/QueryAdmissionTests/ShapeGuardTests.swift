import QueryAdmission
import Testing

@Suite struct ShapeGuardTests {
    private var rules: ShapeGuard.Rules {
        var rules = ShapeGuard.Rules()
        rules.deaths = 2
        rules.windowNanos = 100
        rules.cooldownNanos = 1_000
        rules.opensToQuarantine = 3
        rules.quarantineNanos = 50_000
        rules.shapes = 3
        return rules
    }

    /// Lets a query of a shape die; true if it was let in.
    private func die(_ shape: String, _ shapes: inout ShapeGuard, _ id: UInt64, now: UInt64) -> Bool {
        guard shapes.admit(shape, id: id, now: now) == nil else { return false }
        shapes.ended(shape, id: id, .death, now: now)
        return true
    }

    @Test func deathsInAShortTimeOpenAShapeAndNoOther() {
        var shapes = ShapeGuard(rules)
        #expect(die("a", &shapes, 1, now: 0))
        // Too long ago to count.
        #expect(die("a", &shapes, 2, now: 200))
        #expect(die("a", &shapes, 3, now: 250))
        let refusal = shapes.admit("a", id: 4, now: 300)
        #expect(refusal?.reason == .breaker && refusal?.limit == 2 && refusal?.figure == 2)
        #expect(refusal?.message.contains("narrow") == true)
        #expect(shapes.admit("b", id: 5, now: 300) == nil)
    }

    @Test func aGoodQueryClosesItAgain() {
        var shapes = ShapeGuard(rules)
        #expect(die("a", &shapes, 1, now: 0))
        shapes.ended("a", id: 2, .well, now: 1)
        #expect(shapes.records.isEmpty)
        #expect(die("a", &shapes, 3, now: 2) && die("a", &shapes, 4, now: 3))
        #expect(shapes.admit("a", id: 5, now: 1_002) != nil)
        // One may try, and no second beside it.
        #expect(shapes.admit("a", id: 6, now: 1_003) == nil)
        #expect(shapes.admit("a", id: 7, now: 1_004)?.reason == .breaker)
        // What began before says nothing about it.
        shapes.ended("a", id: 1, .well, now: 1_005)
        #expect(shapes.admit("a", id: 7, now: 1_006) != nil)
        shapes.ended("a", id: 6, .well, now: 1_007)
        #expect(shapes.admit("a", id: 8, now: 1_008) == nil && shapes.records.isEmpty)
    }

    @Test func aProbeThatDiesOpensForTwiceAsLongAndThenComesQuarantine() {
        var shapes = ShapeGuard(rules)
        #expect(die("a", &shapes, 1, now: 0) && die("a", &shapes, 2, now: 0))
        #expect(!die("a", &shapes, 3, now: 999) && die("a", &shapes, 4, now: 1_000))
        #expect(!die("a", &shapes, 5, now: 2_999) && die("a", &shapes, 6, now: 3_000))
        #expect(shapes.admit("a", id: 7, now: 52_999)?.reason == .quarantine)
        // Time lets one out to try.
        #expect(die("a", &shapes, 8, now: 53_000))
        #expect(shapes.admit("a", id: 9, now: 53_001)?.reason == .quarantine)
    }

    @Test func aProbeWhoseClientLeavesTeachesNothing() {
        var shapes = ShapeGuard(rules)
        #expect(die("a", &shapes, 1, now: 0) && die("a", &shapes, 2, now: 0))
        #expect(shapes.admit("a", id: 3, now: 1_000) == nil)
        shapes.ended("a", id: 3, .unknown, now: 1_001)
        #expect(shapes.admit("a", id: 4, now: 1_002) == nil)
        #expect(shapes.records["a"]?.state == .halfOpen(probe: 4))
    }

    @Test func aPersonPutsIntoQuarantineAndLetsOut() {
        var shapes = ShapeGuard(rules)
        shapes.quarantine("a", nanos: 500, now: 0)
        #expect(shapes.admit("a", id: 1, now: 499)?.reason == .quarantine)
        #expect(shapes.release("a") && !shapes.release("a"))
        #expect(shapes.admit("a", id: 2, now: 499) == nil)
    }

    @Test func noMoreShapesAreRememberedThanMayBeAndRefusedOnesLongest() {
        var shapes = ShapeGuard(rules)
        shapes.quarantine("held", nanos: 1_000_000, now: 0)
        for number in 1...10 { #expect(die("s\(number)", &shapes, UInt64(number), now: UInt64(number))) }
        #expect(shapes.records.count == 3)
        #expect(Set(shapes.records.keys) == ["held", "s9", "s10"])
    }
}
