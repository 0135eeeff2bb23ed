import LogModel
import QueryEngine
import StoreFormat
import TestSupport
import Testing

@Suite struct FilterModelTests {
    @Test(arguments: [false, true])
    func anyFilterFindsTheRowsThatAPlainScanFinds(wide: Bool) throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<3 {
            let corpus = try Corpus(&generator, batches: 8, wide: wide)
            let rows = corpus.events.map { ($0, $0.row) }
            for _ in 0..<30 {
                let filter = NaiveFilter.random(&generator, depth: 3)
                let expected = rows.filter { filter.matches($0.1, labels: $0.0.labels) }
                let answer = try run(filter.text, on: corpus.blocks)
                let isSame = canonical(answer.rows) == canonical(expected.map(\.1))
                let counted = try run(filter.text + " | stats count() n", on: corpus.blocks)
                guard isSame, answer.summary.hits == expected.count, answer.summary.isComplete,
                    values("n", of: counted) == ["\(expected.count)"]
                else {
                    Issue.record(
                        "\(filter.text): \(answer.rows.count) rows, \(answer.summary.hits) hits, not \(expected.count); seed \(seed)"
                    )
                    return
                }
            }
        }
    }

    @Test func blocksOfASegmentAreSearchedOneByOne() throws {
        // More rows than a block has, so that a batch is spread over two blocks.
        let events = (0..<70_000).map { number in
            PlainEvent(
                Int64(number), number % 1_000 == 7 ? "needle \(number)" : "hay", fields: [("n", "\(number % 5)")])
        }
        let blocks = try segmentBlocks(events)
        #expect(blocks.map(\.rowCount) == [65_536, 4_464])
        let answer = try run("needle n:2", on: blocks, .anyOrder.with { $0.order = .oldestFirst })
        #expect(values("_msg", of: answer) == (0..<70).map { "needle \($0 * 1_000 + 7)" })
        #expect(try run("n:=4 | stats count() c", on: blocks).rows == [["c": Array("14000".utf8)]])
    }

    @Test func aFieldOfTheEventHidesTheLabelOfItsName() throws {
        let events = [
            PlainEvent(1, "a", labels: ["host": "h1"], fields: [("host", "own")]),
            PlainEvent(2, "b", labels: ["host": "h1"]),
            PlainEvent(3, "c", fields: [("host", "h1")]),
            PlainEvent(4, "d", labels: ["host": "h1"], fields: [("host", "")]),
        ]
        for blocks in [[try memoryBlock(events)], try segmentBlocks(events)] {
            #expect(Set(values("_msg", of: try run("host:h1", on: blocks))) == ["b", "c"])
            #expect(Set(values("_msg", of: try run("{host=\"h1\"}", on: blocks))) == ["a", "b", "d"])
            #expect(Set(values("_msg", of: try run("host:\"\"", on: blocks))) == ["d"])
        }
    }
}
