import LogModel
import QueryEngine
import StoreFormat
import TestSupport
import Testing

@Suite struct OrderTests {
    private func ordered(_ corpus: Corpus, _ order: RowOrder) -> [PlainEvent] {
        let sorted = corpus.events.sorted { ($0.time, $0.id) < ($1.time, $1.id) }
        return order == .newestFirst ? sorted.reversed() : sorted
    }

    @Test(arguments: [RowOrder.newestFirst, .oldestFirst])
    func pagesGiveEachRowOnceAndInOrder(order: RowOrder) throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        for counts in [false, true] {
            let corpus = try Corpus(&generator, batches: 9, wide: false)
            let all = ordered(corpus, order)
            for filter in [NaiveFilter.all, .phrase("_msg", Array("error".utf8), isPrefix: true, ignoringCase: true)] {
                let expected = all.filter { filter.matches($0.row, labels: $0.labels) }
                for size in [1, 7, 50, 10_000] {
                    var rows: [Row] = []
                    var cursors: [RowCursor] = []
                    var after: RowCursor?
                    while true {
                        let options = ExecutionOptions.anyOrder.with {
                            $0.order = order
                            $0.limit = size
                            $0.after = after
                            $0.countsHits = counts
                        }
                        let page = try run(filter.text, on: corpus.blocks.shuffled(using: &generator), options)
                        if counts { #expect(page.summary.hits == expected.count, "seed \(seed)") }
                        if page.rows.isEmpty { break }
                        #expect(page.rows.count <= size)
                        #expect(page.summary.lastRow == page.cursors.last)
                        rows += page.rows
                        cursors += page.cursors
                        let last = try #require(page.summary.lastRow)
                        after = last
                        if rows.count > expected.count { break }
                    }
                    #expect(rows.map(describe) == expected.map { describe($0.row) }, "pages of \(size), seed \(seed)")
                    #expect(cursors == expected.map { RowCursor(time: $0.time, id: $0.id) }, "seed \(seed)")
                }
            }
        }
    }

    @Test func rowsOfOneMomentKeepTheirOrderOfArrival() throws {
        let blocks = try (1...3).map { position in
            try memoryBlock((0..<3).map { PlainEvent(5, "\(position)-\($0)") }, position: UInt64(position))
        }
        let oldest = try run("*", on: blocks, .anyOrder.with { $0.order = .oldestFirst })
        #expect(values("_msg", of: oldest) == ["1-0", "1-1", "1-2", "2-0", "2-1", "2-2", "3-0", "3-1", "3-2"])
        let newest = try run("*", on: blocks, .anyOrder.with { $0.order = .newestFirst })
        #expect(newest.rows.map(describe) == oldest.rows.reversed().map(describe))
    }

    @Test func sortByTimeWithALimitIsAnOrderOfTheScan() throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        let corpus = try Corpus(&generator, batches: 9, wide: false)
        let newest = ordered(corpus, .newestFirst).map { describe($0.row) }
        let oldest = ordered(corpus, .oldestFirst).map { describe($0.row) }
        let some = try run("* | sort by (_time desc) offset 3 limit 5", on: corpus.blocks)
        #expect(some.rows.map(describe) == Array(newest.dropFirst(3).prefix(5)), "seed \(seed)")
        let fields = try run("* | sort by (_time) limit 5 | fields seq", on: corpus.blocks)
        #expect(fields.rows.count == 5 && fields.rows.allSatisfy { $0.keys.allSatisfy { $0 == "seq" } })
        // A limit of the caller bounds the sort as well, so that little memory will do.
        let tight = ExecutionOptions.anyOrder.with {
            $0.limit = 4
            $0.memoryLimit = 4_096
        }
        let limited = try run("* | sort by (_time)", on: corpus.blocks, tight)
        #expect(limited.rows.map(describe) == Array(oldest.prefix(4)), "seed \(seed)")
    }

    @Test func blocksThatAreOnlyCountedHaveTheirTimesLeftAlone() throws {
        let blocks = try (0..<5).map { number in
            SpyBlock(
                try memoryBlock(
                    (0..<10).map { PlainEvent(Int64(number * 100 + $0), "m") }, position: UInt64(number + 1)))
        }
        let options = ExecutionOptions.anyOrder.with {
            $0.order = .newestFirst
            $0.limit = 10
            $0.countsHits = true
        }
        let page = try run("m", on: blocks, options)
        #expect(page.rows.count == 10 && page.summary.hits == 50)
        #expect(blocks.map { $0.reads.contains("times") } == [false, false, false, false, true])
        let next = try run("m", on: blocks, options.with { $0.after = page.summary.lastRow })
        #expect(next.rows.count == 10 && next.summary.hits == 50)
        #expect(blocks.map { $0.reads.contains("ids") } == [false, false, false, true, true])
    }

    @Test func blocksThatCannotHoldTheFirstRowsAreNotRead() throws {
        let blocks = try (0..<5).map { number in
            SpyBlock(
                try memoryBlock(
                    (0..<10).map { PlainEvent(Int64(number * 100 + $0), "m") }, position: UInt64(number + 1)))
        }
        let options = ExecutionOptions.anyOrder.with {
            $0.order = .newestFirst
            $0.limit = 4
        }
        let first = try run("m", on: blocks, options)
        #expect(first.rows.count == 4 && first.summary.hits == 10)
        #expect(blocks.dropLast().allSatisfy { $0.reads.isEmpty })
        // Nor are blocks of earlier pages.
        let later = try run("m", on: blocks, options.with { $0.after = RowCursor(time: 205, id: .max) })
        #expect(later.cursors.map(\.time) == [205, 204, 203, 202])
        #expect(blocks[3].reads.isEmpty)
        // Unless all hits are to be counted.
        #expect(try run("m", on: blocks, options.with { $0.countsHits = true }).summary.hits == 50)
        let unordered = options.with {
            $0.order = .any
            $0.countsHits = true
        }
        let any = try run("m", on: blocks, unordered)
        #expect(any.rows.count == 4 && any.summary.hits == 50)
    }

    @Test func anEndingCallerGetsNoMoreRows() throws {
        let blocks = try (0..<5).map { number in
            try memoryBlock((0..<3).map { PlainEvent(Int64(number * 100 + $0), "m") }, position: UInt64(number + 1))
        }
        #expect(try run("*", on: blocks, stopAfter: 2).rows.count == 6)
        #expect(try run("* | limit 4", on: blocks).rows.count == 4)
        #expect(try run("* | offset 4 | limit 100", on: blocks).rows.count == 11)
        #expect(try run("* | limit 0", on: blocks).rows.isEmpty)
        #expect(try run("*", on: blocks, .anyOrder.with { $0.limit = 0 }).rows.isEmpty)
        #expect(try run("*", on: [], .anyOrder.with { $0.order = .newestFirst }).rows.isEmpty)
    }

    @Test func manyRowsInOrderComeInPieces() throws {
        let blocks = try (0..<6).map { number in
            try memoryBlock((0..<1_000).map { PlainEvent(Int64($0 * 10 + number), "m") }, position: UInt64(number + 1))
        }
        let answer = try run("*", on: blocks, .anyOrder.with { $0.order = .oldestFirst })
        let expected = (0..<1_000).flatMap { row in (0..<6).map { Int64(row * 10 + $0) } }
        #expect(answer.cursors.map(\.time) == expected)
        // The first piece is short, because nobody knows how long the rows are.
        #expect(answer.blocks.map(\.rows.count) == [256, 1_024, 4_096, 624])
    }

    @Test func longRowsComeInPiecesOfBoundedBytes() throws {
        let text = String(repeating: "long ", count: 50_000)
        let block = try memoryBlock((0..<400).map { PlainEvent(Int64($0), "\($0) \(text)") })
        let answer = try run("*", on: [block], .anyOrder.with { $0.order = .newestFirst })
        #expect(answer.rows.count == 400)
        #expect(answer.cursors.map(\.time) == (0..<400).reversed())
        // 250 KB a row: about 32 fit into 8 MiB once that is known.
        #expect(answer.blocks.dropFirst().allSatisfy { $0.rows.count <= 34 })
    }

    @Test func onlyRowsOfTheWantedIdsComeInOrder() throws {
        let blocks = try (1...4).map { position in
            try memoryBlock((0..<3).map { PlainEvent(Int64($0), "\(position)-\($0)") }, position: UInt64(position))
        }
        let options = ExecutionOptions.anyOrder.with {
            $0.order = .oldestFirst
            $0.ids = RowID.make(position: 2, row: 1)...RowID.make(position: 3, row: 0)
        }
        let answer = try run("*", on: blocks, options)
        #expect(values("_msg", of: answer) == ["3-0", "2-1", "2-2"])
    }
}
