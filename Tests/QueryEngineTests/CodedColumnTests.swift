import LogModel
import QueryEngine
import StoreFormat
import TestSupport
import Testing

/// Groups, filters and rows by columns that storage has as dictionaries, by stream or by level are those of the texts:
/// across blocks with different dictionaries, in memory and in segments, with values that are missing or empty.
@Suite struct CodedColumnTests {
    private static let queries = [
        "* | stats by (service) count() n", "* | stats by (service, level) count() n, sum(few) s",
        "* | stats by (level) count() n, count(own) c", "* | stats by (host, service, few, level) count() n",
        "* | stats by (few, nowhere) count() n", "* | stats by (_time:7ns, level) count() n",
        "* | stats by (_time:3us, few) max(own) m", "* | uniq by (service, few) with hits",
        "* | uniq by (_stream, level)",
        "* | top 3 by (few)", "* | top 2 by (level, service)", "* | top 50 by (own, id)",
        "level:=error !odd", "level:=error !odd | stats by (few) count() n", "service:a few:=x",
        "few:\"\" !level:=warn",
        "{host=\"h1\"} rare*", "rare1", "rare2 | fields _time, _msg, id, few", "rare3 | stats by (service) count() n",
        "id:=rare4", "path:seven | fields path, level, _stream",
    ]

    private func event(_ time: Int64, _ row: Int, block: Int, _ generator: inout SeededGenerator) -> PlainEvent {
        var labels = ["host": "h\(generator.below(3))"]
        if !generator.chance(20) { labels["service"] = generator.pick(["a", "b", "c"]) }
        var fields: [(String, String)] = []
        let level = generator.pick([Level.info, .warn, .error])
        // In some blocks it follows from the level, in others not.
        fields.append(("level", block % 3 == 2 ? generator.pick(["info", "error", ""]) : level.name.lowercased()))
        if !generator.chance(30) { fields.append(("few", generator.pick(["x", "y\(block)", "", "17"]))) }
        if generator.chance(40) { fields.append(("own", "\(generator.below(5_000))")) }
        // An event's own field hides the label.
        if block % 4 == 1, generator.chance(10) { fields.append(("service", generator.pick(["a", "own", ""]))) }
        let rare = generator.chance(1) ? "rare\(generator.below(6))" : "0"
        fields.append(("id", rare == "0" ? String(generator.next(), radix: 16) : rare))
        if labels["service"] != nil {
            fields.append(("trace", String(String(generator.next() | 1 << 63, radix: 16))))
            fields.append(("took", "\(row * 13)"))
            fields.append(("path", "/v\(generator.below(300))/item/\(generator.pick(["six", "seven"]))"))
        }
        var event = PlainEvent(
            time, "\(row % 2 == 0 ? "odd" : "even") user \(generator.next() >> 30) took \(row)ms \(rare)",
            labels: labels,
            fields: fields)
        event.level = level
        return event
    }

    @Test func answersAreThoseOfTheTexts() throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<3 {
            var stored: [any BlockSource] = []
            var plain: [any BlockSource] = []
            for block in 0..<5 {
                let events = (0..<1_700).map { row in
                    event(Corpus.epoch + Int64(block * 2_000 + row), row, block: block, &generator)
                }
                let position = UInt64(block + 1)
                plain.append(try memoryBlock(events, position: position))
                stored += block == 4 ? [plain[block]] : try segmentBlocks(events, position: position)
            }
            for query in Self.queries {
                // Twice: the second time, what was read is in the cache.
                let left = try run(query, on: stored).rows
                let again = try run(query, on: stored).rows
                let right = try run(query, on: plain).rows
                #expect(left.count == right.count && canonical(left) == canonical(right), "\(query), seed \(seed)")
                #expect(left.map(describe) == again.map(describe), "\(query), seed \(seed)")
                if query.contains("top") {
                    #expect(left.map(describe) == right.map(describe), "\(query), seed \(seed)")
                }
                let newest = ExecutionOptions.anyOrder.with {
                    $0.order = .newestFirst
                    $0.limit = 20
                }
                #expect(
                    try run(query, on: stored, newest).rows.count == run(query, on: plain, newest).rows.count,
                    "\(query), seed \(seed)")
            }
        }
    }
}
