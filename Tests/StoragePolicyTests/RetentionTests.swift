import LogModel
import SegmentCatalog
import StoragePolicy
import TestSupport
import Testing

@Suite("Retention: what the rules ask for")
struct RetentionTests {
    private var rules: RetentionRules {
        var rules = RetentionRules()
        rules.age = days(30)
        rules.rules = [
            .init(tenant: "audit", age: days(3_650)), .init(levels: [.trace, .debug], age: days(3)),
            .init(levels: [.error, .fatal], age: days(365)),
        ]
        return rules
    }

    private func plan(_ live: [SegmentFacts], _ retired: [SegmentRecord] = [], at now: Int64, _ rules: RetentionRules)
        -> RetentionPlan
    {
        RetentionPlan(rules, live: live, retired: retired, now: now)
    }

    @Test("The first rule that fits counts, else the age for all")
    func rulesInOrder() {
        #expect(rules.age(of: EventClass(tenant: "audit", level: .debug)) == days(3_650))
        #expect(rules.age(of: EventClass(tenant: "x", level: .debug)) == days(3))
        #expect(rules.age(of: EventClass(tenant: "x", level: .info)) == days(30))
        #expect(rules.longestAge == days(3_650))
    }

    @Test("A segment expires as a whole when the last of its events has, not a moment earlier")
    func wholeSegments() {
        let segment = SegmentFacts(record("a", newest: 0), rows: classes([.debug: 90, .info: 10]))
        #expect(plan([segment], at: 30 * day, rules).expire.isEmpty)
        #expect(plan([segment], at: 30 * day + 1, rules).expire.map(\.name) == ["a"])
    }

    @Test("A mixed segment is written anew a time of grace after its events expired, if they are many or long overdue")
    func mixedSegments() {
        let many = SegmentFacts(record("a", newest: 0), rows: classes([.debug: 10, .info: 90]))
        #expect(plan([many], at: 3 * day + 1, rules).rewrite.isEmpty)
        #expect(plan([many], at: 3 * day + 1, rules).bytesPast == 100)
        #expect(plan([many], at: 4 * day, rules).rewrite.isEmpty)
        let debug: Set = [EventClass(tenant: "default", level: .debug)]
        #expect(plan([many], at: 4 * day + 1, rules).rewrite.map(\.classes) == [debug])
        let few = SegmentFacts(record("a", newest: 0), rows: classes([.debug: 9, .info: 91]))
        #expect(plan([few], at: 11 * day, rules).rewrite.isEmpty)
        let late = plan([few], at: 11 * day + 1, rules).rewrite
        #expect(late.map(\.classes) == [debug] && late.map(\.rows) == [9] && late.map(\.name) == ["a"])
    }

    @Test("A segment whose events are not known is kept for the longest time that any rule says")
    func unknownRows() {
        let segment = SegmentFacts(record("a", newest: 0), rows: nil)
        #expect(plan([segment], at: 3_650 * day, rules).isEmpty)
        #expect(plan([segment], at: 3_650 * day + 1, rules).expire.map(\.name) == ["a"])
    }

    @Test("Over the bound of bytes the oldest arrivals go, and the newest segment stays")
    func maxBytes() {
        var rules = rules
        rules.maxBytes = 2_500
        let segments = [3, 1, 4, 2].map { number in
            SegmentFacts(record("s\(number)", newest: Int64(number)), rows: classes([.info: 1]))
        }
        let found = plan(segments, at: day, rules)
        #expect(found.expire.map(\.name) == ["s1", "s2"])
        #expect(found.expire.allSatisfy { $0.reason.contains("max_bytes") } && found.bytesPast == 2_000)
        rules.maxBytes = 0
        #expect(plan(segments, at: day, rules).expire.map(\.name) == ["s1", "s2", "s3"])
        rules.maxBytes = 4_000
        #expect(plan(segments, at: day, rules).isEmpty)
    }

    @Test("Bytes are removed when the time of grace is over; superseded segments are no business of retention")
    func grace() {
        let expired = record("a", newest: 0, state: .expired(Retirement(since: 100 * day, reason: "")))
        let superseded = record("b", newest: 0, state: .superseded(Retirement(since: 0, reason: "")))
        #expect(plan([], [expired, superseded], at: 101 * day, rules).remove.isEmpty)
        #expect(plan([], [expired, superseded], at: 101 * day + 1, rules).remove == ["a"])
        #expect(plan([], [expired, superseded], at: 101 * day, rules).bytesPast == 1_000)
    }

    @Test("Times at the ends of what a number can hold do not overflow")
    func extremes() {
        for newest in [Int64.min, -1, 0, Int64.max] {
            for now in [Int64.min, 0, Int64.max] {
                for age in [Duration.zero, days(365), .nanoseconds(Int64.max)] {
                    var rules = RetentionRules()
                    rules.age = age
                    let found = plan([SegmentFacts(record("a", newest: newest), rows: nil)], at: now, rules)
                    if newest >= now { #expect(found.expire.isEmpty) }
                }
            }
        }
    }

    @Test("What a model keeps is never deleted, and what it deletes goes at last (random)", arguments: 0..<20)
    func model(round: Int) {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        var model = RetentionModel(&generator)
        for _ in 0..<300 { model.step(&generator) }
        #expect(model.violations.isEmpty, "seed \(seed)")
        model.settle()
        #expect(model.violations.isEmpty && model.overdueRows == 0, "seed \(seed): \(model.overdueRows) rows left")
    }
}

/// Segments that come, and a collector that carries out each plan; each event is checked against its rule when it goes.
private struct RetentionModel {
    private var rules = RetentionRules()
    private var live: [SegmentFacts] = []
    private var retired: [SegmentRecord] = []
    private var now: Int64 = 1_000 * day
    private var count: UInt64 = 0
    var violations: [String] = []

    init(_ generator: inout SeededGenerator) {
        rules.age = days(Double.random(in: 1...40, using: &generator))
        rules.grace = days(Double.random(in: 0...3, using: &generator))
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            let levels =
                Bool.random(using: &generator) ? Set(Level.allCases.shuffled(using: &generator).prefix(2)) : nil
            rules.rules.append(
                .init(
                    tenant: ["a", "b", nil].randomElement(using: &generator) ?? nil, levels: levels,
                    age: days(Double.random(in: 0...60, using: &generator))))
        }
        if Bool.random(using: &generator) { rules.maxBytes = 20_000 }
    }

    /// Events past their rule, and their grace, and the longest delay of a rewrite.
    var overdueRows: Int {
        live.reduce(0) { sum, segment in
            sum
                + (segment.rows ?? [:]).filter { isPast(segment, $0.key, more: rules.grace + rules.overdue) }.values
                .reduce(0, +)
        }
    }

    private func isPast(_ segment: SegmentFacts, _ events: EventClass, more: Duration = .zero) -> Bool {
        Double(now - segment.record.ingestBounds.upperBound) / 1e9
            > (rules.age(of: events) + more) / .seconds(1)
    }

    mutating func step(_ generator: inout SeededGenerator) {
        count += 1
        now += Int64.random(in: 0...day, using: &generator)
        var rows: [EventClass: Int] = [:]
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let events = EventClass(
                tenant: ["a", "b"].randomElement(using: &generator) ?? "a",
                level: Level.allCases.randomElement(using: &generator) ?? .info)
            rows[events] = Int.random(in: 1...50, using: &generator)
        }
        live.append(
            SegmentFacts(
                record("s\(count)", newest: now, rows: rows.values.reduce(0, +), position: count),
                rows: Int.random(in: 0..<10, using: &generator) == 0 ? nil : rows))
        carryOut()
    }

    mutating func settle() {
        for _ in 0..<200 {
            now += day / 2
            carryOut()
        }
    }

    private mutating func carryOut() {
        let plan = RetentionPlan(rules, live: live, retired: retired, now: now)
        for name in plan.remove {
            guard let record = retired.first(where: { $0.name == name }), case .expired(let since) = record.state,
                Double(now - since.since) / 1e9 > rules.grace / .seconds(1)
            else {
                violations.append("\(name) was removed before its time of grace was over")
                continue
            }
            retired.removeAll { $0.name == name }
        }
        for expiry in plan.expire {
            guard let segment = live.first(where: { $0.record.name == expiry.name }) else {
                violations.append("\(expiry.name) expired and is not live")
                continue
            }
            check(segment)
            live.removeAll { $0.record.name == expiry.name }
            var record = segment.record
            record.state = .expired(Retirement(since: now, reason: expiry.reason))
            retired.append(record)
        }
        for rewrite in plan.rewrite {
            guard let index = live.firstIndex(where: { $0.record.name == rewrite.name }) else { continue }
            for events in rewrite.classes where !isPast(live[index], events, more: rules.grace) {
                violations.append("\(events) left \(rewrite.name) too early")
            }
            live[index].rows = live[index].rows?.filter { !rewrite.classes.contains($0.key) }
            live[index].record.rows -= rewrite.rows
            if live[index].rows?.isEmpty ?? true { violations.append("\(rewrite.name) was emptied") }
        }
    }

    /// A segment may expire when all its events are past, or when it is the oldest and all are over the bound.
    private mutating func check(_ segment: SegmentFacts) {
        if let rows = segment.rows {
            if rows.keys.allSatisfy({ isPast(segment, $0) }) { return }
        } else if Double(now - segment.record.ingestBounds.upperBound) / 1e9 > rules.longestAge / .seconds(1) {
            return
        }
        let older = live.contains { other in
            other.record.ingestBounds.upperBound < segment.record.ingestBounds.upperBound
        }
        let bytes = live.reduce(UInt64(0)) { $0 + $1.record.bytes }
        if let bound = rules.maxBytes, bytes > bound, !older { return }
        violations.append("\(segment.record.name) expired too early")
    }
}
