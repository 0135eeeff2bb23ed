import LogModel
import QueryEngine
import QueryLanguage
import StoreFormat
import TestSupport
import Testing

/// Counts that rollups of segments answer are those of the events.
@Suite struct RollupCountTests {
    private static let minute: Int64 = 60_000_000_000
    /// Midnight.
    private static let day = Corpus.epoch / (1_440 * minute) * (1_440 * minute)

    private func events(_ generator: inout SeededGenerator, _ count: Int, hostIsField: Bool) -> [PlainEvent] {
        (0..<count).map { _ in
            let time = Self.day + Int64(generator.below(240)) * Self.minute / 2 + Int64(generator.below(3))
            var event = PlainEvent(
                time, "m \(generator.below(9))", fields: [("level", generator.pick(["INFO", "error"]))])
            if generator.chance(80) { event.labels["service"] = generator.pick(["cart", "auth", "pay"]) }
            if generator.chance(60) { event.labels["host"] = generator.pick(["h1", "h2"]) }
            if hostIsField, generator.chance(30) { event.fields.append(("host", Array("h3".utf8))) }
            return event
        }
    }

    /// Queries, and whether rollups can tell the answer where no field hides a label.
    private static let queries: [(text: String, isByRollup: Bool)] = [
        ("* | count() n", true), ("* | stats by (service) count() n", true),
        ("* | stats by (service, host) count() n, count() m", true), ("* | stats by (_stream) count() n", true),
        ("* | stats by (service, _time:5m) count() n", true), ("* | stats by (_time:1h offset 30m) count() n", true),
        ("* | stats by (nothing) count() n", true), ("{service=\"cart\"} | stats by (host) count() n", true),
        ("service:cart or host:h1 | stats by (service, host) count() n", true),
        ("!service:in(cart, pay) | stats by (service) count() n", true),
        ("service:\"\" | stats by (service) count() n", true), ("service:none | stats by (service) count() n", true),
        ("service:cart | filter host:h2 | stats by (_time:1d) count() n | sort by (_time)", true),
        ("_time:>=2025-06-15 service:* | stats by (service) count() n", true),
        ("* | stats by (_time:30s) count() n", false), ("* | stats by (_time:5m offset 10s) count() n", false),
        ("* | stats by (_time:month) count() n", false), ("* | stats by (level) count() n", false),
        ("* | stats by (_msg) count() n", false), ("* | stats by (service) count(service) n", false),
        ("* | stats by (service) count() if (host:h1) n", false), ("level:error | stats by (service) count() n", false),
        ("m | stats by (service) count() n", false),
        ("_time:2025-06-15T00 or service:cart | stats by (service) count() n", false),
        ("* | limit 7 | stats by (service) count() n", false),
        ("_time:2025-06-15T01 | stats by (service) count() n", false),
    ]

    @Test(arguments: [false, true])
    func countsAreThoseOfTheEvents(hostIsField: Bool) throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        let sets = (0..<3).map { _ in events(&generator, 100 + generator.below(300), hostIsField: hostIsField) }
        var segments: [any BlockSource] = []
        var memory: [any BlockSource] = []
        for (index, set) in sets.enumerated() {
            segments += try segmentBlocks(set, position: UInt64(index + 1))
            memory.append(try memoryBlock(set, position: UInt64(index + 1)))
        }
        for query in Self.queries {
            let place = "\(query.text), seed \(seed)"
            let found = try run(query.text, on: segments)
            let expected = try run(query.text, on: memory)
            #expect(canonical(found.rows) == canonical(expected.rows), "\(place)")
            #expect(found.summary.hits == expected.summary.hits || query.text.contains("limit"), "\(place)")
            #expect(found.summary.isComplete, "\(place)")
            let mayHide = hostIsField && query.text.contains("host")
            #expect((found.summary.scannedRows == 0) == (query.isByRollup && !mayHide), "\(place)")
            // Some events of the head beside them.
            let mixed = try run(
                query.text, on: Array(segments.prefix(segments.count)) + [memoryBlock(sets[0], position: 9)])
            let twice = try run(query.text, on: memory + [memoryBlock(sets[0], position: 9)])
            #expect(canonical(mixed.rows) == canonical(twice.rows), "\(place)")
        }
    }

    @Test func aSegmentAtTheEdgeOfTheTimeIsLookedAt() throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        let set = events(&generator, 300, hostIsField: false)
        let blocks = try segmentBlocks(set)
        for _ in 0..<20 {
            let from = Self.day + Int64(generator.below(120)) * Self.minute
            let to = from + Int64(generator.below(180)) * Self.minute
            let options = ExecutionOptions.anyOrder.with {
                $0.from = Timestamp(nanoseconds: from)
                $0.to = Timestamp(nanoseconds: to)
            }
            let found = try run("* | count() n", on: blocks, options)
            let expected = set.count { $0.time >= from && $0.time < to }
            #expect(values("n", of: found) == ["\(expected)"], "seed \(seed)")
        }
    }

    @Test func manyStreamsCountInTheBudgetAndALimitNamesWhatItLeftOut() throws {
        var set = (0..<300).map { PlainEvent(Self.day + Int64($0), "m") }
        for index in set.indices { set[index].labels["service"] = "s\(index)" }
        let blocks = try segmentBlocks(set)
        let query = "* | stats by (service) count() n"
        let found = try run(query, on: blocks)
        #expect(found.rows.count == 300 && found.summary.scannedRows == 0)
        let error = #expect(throws: ExecutionError.self) {
            try run(query, on: blocks, .anyOrder.with { $0.memoryLimit = 1_000 })
        }
        #expect(error?.code == .memory && error?.message.contains("streams of one segment") == true)
        let late = try run(query, on: blocks, .anyOrder.with { $0.isOverdue = { true } })
        #expect(late.rows.isEmpty && !late.summary.isComplete)
        #expect(late.summary.skipped?.intervals == [Self.day...Self.day + 299])
    }
}
