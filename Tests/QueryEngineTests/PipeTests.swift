import LogModel
import QueryEngine
import StoreFormat
import TestSupport
import Testing

@Suite struct PipeTests {
    @Test func anEmptyValueDoesNotHideOneThatIsThere() throws {
        let events = [
            PlainEvent(1, "a", fields: [("a1", ""), ("b1", "old")]),
            PlainEvent(2, "b", fields: [("a1", "new"), ("b1", "x")]),
        ]
        for blocks in [[try memoryBlock(events)], try segmentBlocks(events)] {
            for verb in ["copy", "rename"] {
                let answer = try run("* | \(verb) a* as b*", on: blocks)
                #expect(Set(values("b1", of: answer)) == ["old", "new"], "\(verb)")
            }
        }
    }

    @Test func anyPipesDoWhatTheyDoToPlainRows() throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<4 {
            let corpus = try Corpus(&generator, batches: 7, wide: generator.chance(30))
            let all = corpus.events.map { ($0, $0.row) }
            for _ in 0..<25 {
                let filter = generator.chance(60) ? NaiveFilter.all : .random(&generator, depth: 1)
                var pipes = (0..<generator.below(4)).map { _ in NaivePipe.column(&generator) }
                // A filter right behind the first still judges streams by their labels; keep it apart.
                if !pipes.isEmpty { pipes.insert(.each("fields *") { _ in }, at: 0) }
                var isSorted = false
                if generator.chance(50) {
                    pipes.append(.sort(&generator))
                    isSorted = true
                }
                if generator.chance(40) {
                    pipes.append(.stats(&generator))
                    isSorted = false
                }
                let text = ([filter.text] + pipes.map(\.text)).joined(separator: " | ")
                let expected = pipes.reduce(all.filter { filter.matches($0.1, labels: $0.0.labels) }.map(\.1)) {
                    $1.apply($0)
                }
                let answer = try run(text, on: corpus.blocks)
                let isSame =
                    isSorted
                    ? answer.rows.map(describe) == expected.map(describe)
                    : canonical(answer.rows) == canonical(expected)
                guard isSame else {
                    let extra = Set(canonical(answer.rows)).subtracting(canonical(expected)).sorted().first ?? "-"
                    let missing = Set(canonical(expected)).subtracting(canonical(answer.rows)).sorted().first ?? "-"
                    Issue.record(
                        "\(text)\n\(answer.rows.count) rows, not \(expected.count)\nextra: \(extra)\nmissing: \(missing)\nseed \(seed)"
                    )
                    return
                }
            }
        }
    }

    private func numbered(_ values: [String?], perBlock: Int = 2) throws -> [any BlockSource] {
        try stride(from: 0, to: values.count, by: perBlock).map { start in
            let events = values[start..<min(start + perBlock, values.count)].enumerated().map { index, value in
                PlainEvent(Int64(start + index), "m", fields: value.map { [("v", $0)] } ?? [])
            }
            return try memoryBlock(events, position: UInt64(start + 1))
        }
    }

    @Test func numbersComeBeforeTextAndAreSortedBySize() throws {
        let blocks = try numbered([
            "b", "10", nil, "9", "-1.5", "a", "1e2", "9007199254740993", "9007199254740992", "", "-inf", "-nan",
        ])
        let answer = try run("* | sort by (v) | filter v:* | fields v", on: blocks)
        #expect(
            values("v", of: answer) == [
                "-inf", "-1.5", "9", "10", "1e2", "9007199254740992", "9007199254740993", "-nan", "a", "b",
            ])
        let last = try run("* | sort by (v desc) limit 2", on: blocks)
        #expect(values("v", of: last) == ["b", "a"])
    }

    @Test func timesAreSortedToTheNanosecond() throws {
        let times = [3, 1, 2, 500_000_000, 0, 1_000_000_000].map { Corpus.epoch + $0 }
        let blocks = try times.map { try memoryBlock([PlainEvent($0, "m")]) }
        let expected = times.sorted().map { Timestamp(nanoseconds: $0).description }
        #expect(values("_time", of: try run("* | sort by (_time)", on: blocks)) == expected)
        // Also as text, where the digits of the fraction are as many as needed.
        #expect(values("_time", of: try run("* | uniq by (_time) | sort by (_time)", on: blocks)) == expected)
        let extremes = try run("* | stats min(_time) low, max(_time) high", on: blocks)
        #expect(values("low", of: extremes) == [expected[0]] && values("high", of: extremes) == [expected[5]])
    }

    @Test func aLimitKeepsTheFirstOfManyRows() throws {
        var generator = SeededGenerator(seed: 7)
        let numbers = Array(0..<12_000).shuffled(using: &generator)
        let blocks = try stride(from: 0, to: numbers.count, by: 1_500).map { start in
            try memoryBlock(
                numbers[start..<(start + 1_500)].map { PlainEvent(1, "m", fields: [("v", "\($0)"), ("w", "x")]) })
        }
        let answer = try run("* | sort by (w, v) offset 10 limit 5 | fields v", on: blocks)
        #expect(values("v", of: answer) == ["10", "11", "12", "13", "14"])
        let all = try run("* | sort by (v) | fields v", on: blocks)
        #expect(values("v", of: all) == (0..<12_000).map { "\($0)" })
    }

    @Test func nothingIsOneRowToAFunctionAndNoGroupAtAll() throws {
        let blocks = try numbered(["1", "2"])
        let none = try run("nosuch | stats count() n, sum(v) s, count_uniq(v) u, max(v) m", on: blocks)
        #expect(none.rows.map(describe) == ["m=; n=0; s=NaN; u=0"])
        #expect(try run("nosuch | stats by (v) count()", on: blocks).rows.isEmpty)
        #expect(try run("nosuch | uniq by (v)", on: blocks).rows.isEmpty)
        #expect(try run("nosuch | top by (v)", on: blocks).rows.isEmpty)
        #expect(values("count()", of: try run("* | count()", on: blocks)) == ["2"])
        #expect(values("n", of: try run("* | stats count() n | filter n:=2", on: blocks)) == ["2"])
        #expect(values("n", of: try run("* | stats count() n | filter n:=3", on: blocks)) == [])
    }

    @Test func countUniqStopsAtItsLimit() throws {
        let blocks = try numbered((0..<50).map { "\($0 % 20)" })
        let answer = try run("* | stats count_uniq(v) limit 5 few, count_uniq(v) all", on: blocks)
        #expect(values("few", of: answer) == ["5"] && values("all", of: answer) == ["20"])
    }

    @Test func uniqAndTopCountEachValue() throws {
        let blocks = try numbered(["a", "b", "a", nil, "", "c", "a", "b"])
        let uniq = try run("* | uniq by (v) with hits", on: blocks)
        #expect(canonical(uniq.rows) == ["hits=1; v=c", "hits=2", "hits=2; v=b", "hits=3; v=a"])
        #expect(try run("* | uniq by (v) limit 2", on: blocks).rows.count == 2)
        let top = try run("* | filter v:* | top 2 by (v)", on: blocks)
        #expect(top.rows.map(describe) == ["hits=3; v=a", "hits=2; v=b"])
        let named = try run("* | top 1 by (v) hits as v", on: blocks)
        #expect(named.rows.map(describe) == ["v=a; vs=3"])
    }

    @Test func intervalsOfTimeStartWhereTheOffsetSays() throws {
        let blocks = try [0, 4, 5, 6, 10, 11].map { try memoryBlock([PlainEvent($0 * 1_000_000_000, "m")]) }
        func counts(_ query: String) throws -> [String] {
            try run(query + " | sort by (_time)", on: blocks).rows.map(describe)
        }
        #expect(
            try counts("* | stats by (_time:5s) count() n") == [
                "_time=1970-01-01T00:00:00Z; n=2", "_time=1970-01-01T00:00:05Z; n=2", "_time=1970-01-01T00:00:10Z; n=2",
            ])
        #expect(
            try counts("* | stats by (_time:5s offset 1s) count() n") == [
                "_time=1969-12-31T23:59:56Z; n=1", "_time=1970-01-01T00:00:01Z; n=2", "_time=1970-01-01T00:00:06Z; n=2",
                "_time=1970-01-01T00:00:11Z; n=1",
            ])
        // Intervals of intervals: the times are text by then.
        #expect(
            try counts("* | stats by (_time:1s) count() n | stats by (_time:10s) sum(n) n") == [
                "_time=1970-01-01T00:00:00Z; n=4", "_time=1970-01-01T00:00:10Z; n=2",
            ])
    }

    @Test func namesThatAreMeantTwiceMakeOneColumn() throws {
        let blocks = try numbered(["1", "2"])
        #expect(try run("* | stats by (v, v) count() n", on: blocks).rows.count == 2)
    }
}
