import LogModel
import QueryEngine
import StoreFormat
import TestSupport
import Testing

/// Columns that storage has as numbers give the same answers as their texts do.
@Suite struct NumberColumnTests {
    private static let queries = [
        "* | top 5 by (v)", "* | top 100000 by (v)", "* | uniq by (v) with hits", "* | stats by (v) count() n",
        "* | stats by (v, kind) count() n", "* | stats sum(v) s, avg(v) a, min(v) low, max(v) high, count(v) c",
        "* | stats by (kind) sum(v) s, count_uniq(v) u", "odd | top 7 by (v)", "v:7* | stats by (v) count() n",
    ]

    private static let spellings: [@Sendable (UInt64) -> String] = [
        { "\($0 % 1_000)" }, { "\(Int($0 % 1_000) - 500)" }, { "u_\($0 % 2_000)" }, { "\($0 % 500).5" },
        { "\($0 % 90).\($0 % 89 + 10)" }, { "\($0 % 1_000)ms" }, { String("\($0 % 1_000 + 10_000)".dropFirst()) },
        { "\(999_999_999_999_999_000 + $0 % 1_000)" },
    ]

    /// Events whose field `v` is spelled in one way in a block; blocks in memory and in a segment.
    private func blocks(
        _ choices: [Int], _ generator: inout SeededGenerator
    ) throws -> (stored: [any BlockSource], plain: [any BlockSource], numeric: Int) {
        var stored: [any BlockSource] = []
        var plain: [any BlockSource] = []
        var numeric = 0
        for (number, choice) in choices.enumerated() {
            let events = (0..<1_500).map { row in
                var fields = [("kind", generator.pick(["a", "b"]))]
                if !generator.chance(20), choice < Self.spellings.count {
                    fields.append(("v", Self.spellings[choice](generator.next() >> 20)))
                }
                return PlainEvent(
                    Corpus.epoch + Int64(number * 10_000 + row), row % 3 == 0 ? "odd" : "even", fields: fields)
            }
            let position = UInt64(number + 1)
            plain.append(try memoryBlock(events, position: position))
            let own = try segmentBlocks(events, position: position)
            if try own[0].numbers("v") != nil { numeric += 1 }
            stored += generator.chance(20) ? [plain[number]] : own
        }
        return (stored, plain, numeric)
    }

    @Test func answersAreThoseOfTheTexts() throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        for round in 0..<6 {
            // All blocks alike, or each in its own way; the last choice is a block without the field.
            let first = generator.below(Self.spellings.count)
            let choices = (0..<4).map { _ in
                round % 2 == 0 ? first : generator.below(Self.spellings.count + 1)
            }
            let (stored, plain, numeric) = try blocks(choices, &generator)
            if round % 2 == 0 { #expect(numeric > 0) }
            for query in Self.queries {
                let (left, right) = (try run(query, on: stored).rows, try run(query, on: plain).rows)
                #expect(left.count == right.count && canonical(left) == canonical(right), "\(query), seed \(seed)")
                if query.contains("top") {
                    #expect(left.map(describe) == right.map(describe), "\(query), seed \(seed)")
                }
            }
        }
    }
}
