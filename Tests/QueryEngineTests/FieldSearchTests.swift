import LogModel
import QueryEngine
import StoreFormat
import TestSupport
import Testing

/// Tests of fields with many values, which filters narrow, find the same in segments as in memory.
@Suite struct FieldSearchTests {
    private static func hex(_ generator: inout SeededGenerator) -> String {
        let digits = String(generator.next(), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private static func event(_ generator: inout SeededGenerator, _ index: Int) -> PlainEvent {
        var event = PlainEvent(Int64(index), "request \(index)")
        if generator.chance(80) { event.fields.append(("trace", Array(hex(&generator).utf8))) }
        if generator.chance(60) { event.fields.append(("user", Array("u_\(generator.below(100_000))".utf8))) }
        let path = "/api/v\(generator.below(3))/Users/\(generator.below(90_000))/\(hex(&generator)) été\(index)"
        if generator.chance(70) { event.fields.append(("path", Array(path.utf8))) }
        if generator.chance(40) {
            event.fields.append(("any", (0..<generator.below(12)).map { _ in UInt8(generator.below(256)) }))
        }
        // Of some events a label has the name of a field of others.
        if generator.chance(5) { event.labels["user"] = "u_\(generator.below(50))" }
        return event
    }

    /// A filter of a field, made of a value that is there or of a similar one.
    private static func filter(_ generator: inout SeededGenerator, _ events: [PlainEvent]) -> String {
        let source = generator.chance(75) ? generator.pick(events) : event(&generator, 1 << 30)
        guard let field = source.fields.randomElement(using: &generator) else { return "*" }
        let printable = field.value.filter { $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C }
        var text = String(decoding: printable, as: UTF8.self)
        let words = text.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
        if generator.chance(50), !words.isEmpty { text = generator.pick(words) }
        switch generator.below(7) {
        case 0, 1: return "\(field.name):=\"\(text)\""
        case 2, 3: return "\(field.name):\"\(text)\""
        case 4: return "\(field.name):i(\"\(generator.chance(50) ? text.uppercased() : text)\")"
        case 5: return "\(field.name):\"\(text.prefix(6))\"*"
        default: return "\(field.name):in(\"\(text)\", \"0123abcdef\") or \"request\" !\(field.name):\"\(text)\""
        }
    }

    @Test func filtersLoseNothing() throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        var matches = 0
        var pruned = 0
        for size in [30, 900, 6_000] {
            let events = (0..<size).map { Self.event(&generator, $0) }
            let plain = [try memoryBlock(events)]
            let stored = try segmentBlocks(events)
            for _ in 0..<300 {
                let filter = Self.filter(&generator, events)
                let expected = try run(filter, on: plain)
                let found = try run(filter, on: stored)
                matches += expected.rows.count
                pruned += found.summary.prunedBlocks
                guard canonical(found.rows) == canonical(expected.rows), found.summary.isComplete else {
                    Issue.record("\(filter): \(found.rows.count) rows, not \(expected.rows.count); seed \(seed)")
                    return
                }
            }
        }
        #expect(matches > 300 && pruned > 20, "\(matches) rows, \(pruned) blocks pruned, seed \(seed)")
    }

    @Test func blocksWithoutTheWordsAreNotScanned() throws {
        let events = (0..<3_000).map { row in
            PlainEvent(
                Int64(row), "request \(row) of host_\(row * 7)x", labels: ["service": "cart"],
                fields: [("trace", String(0x1234_5678_9ABC_0000 + row * 77, radix: 16))])
        }
        let blocks = try segmentBlocks(events)
        for (filter, isScanned) in [
            ("host_70x", true), ("host_71x", false), ("HOST_70x", true), ("i(HOST_70X)", true), ("absent", false),
            ("\"request absent\"", false), ("request absent", false), ("request or absent", true), ("abs*", false),
            ("hos*", true), ("ho*", true),
            ("i(HOSTS)", false), ("hostess*", true), ("trace:abs*", false), ("trace:123*", true),
            ("trace:=123456789abc0000", true), ("trace:=123456789abc0001", false), ("trace:absent", false),
            ("!absent", true), ("service:absent", false), ("service:cart", true), ("nowhere:x", false),
            ("!nowhere:x", true),
            ("nowhere:\"\"", true), ("_stream_id:absent", true), ("nowhere:=200", false),
            ("service:cart trace:absent", false),
            ("_msg:in(absent, \"absent too\")", false), ("77777777", true),
        ] {
            let answer = try run(filter, on: blocks)
            #expect((answer.summary.scannedRows > 0) == isScanned, "\(filter)")
        }
    }

    @Test func countsByLabelsAndTimesAreThoseOfRows() throws {
        var events = (0..<2_000).map { row in
            PlainEvent(
                Corpus.epoch + Int64(row) * 10_000_000, "line \(row % 3)",
                labels: ["service": "s\(row % 5)", "host": "h\(row % 7)"], fields: [("level", ["a", "b"][row % 2])])
        }
        for row in stride(from: 0, to: 2_000, by: 11) { events[row].labels["service"] = nil }
        let plain = [try memoryBlock(events)]
        let stored = try segmentBlocks(events)
        for query in [
            "* | stats by (service, level) count() n", "* | stats by (_time:1s, level) count() n, count() m",
            "line | stats by (host) count() n", "* | top 3 by (service)", "* | uniq by (host, level) with hits",
            "\"line 1\" | stats count() n", "* | stats by (service) count(level) n",
        ] {
            let expected = try run(query, on: plain)
            let found = try run(query, on: stored)
            #expect(canonical(found.rows) == canonical(expected.rows), "\(query)")
            #expect(!expected.rows.isEmpty, "\(query)")
        }
    }
}
