import LogModel
import QueryEngine
import QueryLanguage
import StoreFormat
import TestSupport
import Testing

/// Queries that are answered slice of time by slice of time.
@Suite struct SlicesTests {
    @Test(arguments: [RowOrder.newestFirst, .oldestFirst])
    func slicesCoverAllTimeOnceAndInOrder(order: RowOrder) throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let blocks = (0..<generator.below(40)).map { _ in
                let start = Int64(generator.below(2_000)) - 500
                return TimeSlices.Block(
                    times: start...(start + Int64(generator.below(generator.chance(20) ? 2_000 : 60))),
                    rows: generator.below(100))
            }
            let bounds =
                generator.chance(30)
                ? Int64.min...Int64.max : 0...Int64(generator.below(1_500))
            let slices = TimeSlices(blocks, within: bounds, order: order, firstRows: 1 + generator.below(200)).slices
            let ascending = order == .oldestFirst ? slices : slices.reversed()
            #expect(ascending.first?.times.lowerBound == bounds.lowerBound, "seed \(seed)")
            #expect(ascending.last?.times.upperBound == bounds.upperBound, "seed \(seed)")
            for (left, right) in zip(ascending, ascending.dropFirst()) {
                #expect(left.times.upperBound + 1 == right.times.lowerBound, "seed \(seed)")
            }
            let asked = blocks.filter { $0.times.overlaps(bounds) }.reduce(0) { $0 + $1.rows }
            #expect(slices.reduce(0) { $0 + $1.rows } == asked, "seed \(seed)")
        }
    }

    @Test func blocksThatOverlapAreNotReadAgainAndAgain() {
        let wide = (0..<50).map { TimeSlices.Block(times: Int64($0)...(1_000 + Int64($0)), rows: 100) }
        #expect(TimeSlices(wide, within: 0...2_000, order: .newestFirst, firstRows: 100).slices.count == 1)
        let apart = (0..<50).map { TimeSlices.Block(times: Int64($0 * 10)...Int64($0 * 10 + 9), rows: 100) }
        let slices = TimeSlices(apart, within: 0...499, order: .newestFirst, firstRows: 100).slices
        #expect(slices.map(\.rows) == [100, 200, 400, 800, 1_600, 1_900])
        #expect(slices.first?.times == 490...499)
    }

    private struct Run {
        var rows: [Row] = []
        var cursors: [RowCursor] = []
        var places: [(place: RowCursor, rows: Int, hits: Int)] = []
        var summary = ExecutionSummary()
    }

    private func sliced(
        _ text: String, _ blocks: [any BlockSource], _ options: ExecutionOptions, firstRows: Int, stopAfter: Int = .max
    ) throws -> Run {
        final class Box { var run = Run() }
        let box = Box()
        let summary = try executeInSlices(
            try Query(parsing: text), on: blocks, options, firstRows: firstRows,
            onSlice: { progress in
                box.run.places.append((progress.place, box.run.rows.count, progress.summary.hits))
                return box.run.places.count < stopAfter
            },
            emit: { block in
                for row in block.rows {
                    var values: Row = [:]
                    for field in block.fields { values[field.name] = field.column.value(at: row) }
                    box.run.rows.append(values)
                    box.run.cursors.append(block.cursors[row])
                }
                return true
            })
        box.run.summary = summary
        return box.run
    }

    @Test(arguments: [RowOrder.newestFirst, .oldestFirst])
    func rowsAndHitsAreThoseOfTheWholeQuery(order: RowOrder) throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        var slices = 0
        for limit in [Int?.none, 1, 40, 100_000] {
            let corpus = try Corpus(&generator, batches: 12, wide: false)
            for text in ["*", "error*", "level:error", "error* _time:[2025-06-15T15:06:43Z, 2025-06-15T15:06:50Z]"] {
                let options = ExecutionOptions.anyOrder.with {
                    $0.order = order
                    $0.limit = limit
                    $0.countsHits = true
                }
                let whole = try run(text, on: corpus.blocks, options)
                let parts = try sliced(text, corpus.blocks, options, firstRows: 1 + generator.below(60))
                #expect(parts.cursors == whole.cursors, "\(text), seed \(seed)")
                #expect(parts.rows.map(describe) == whole.rows.map(describe), "\(text), seed \(seed)")
                #expect(parts.summary.hits == whole.summary.hits, "\(text), seed \(seed)")
                slices += parts.places.count
            }
        }
        #expect(slices > 16, "some had several slices, seed \(seed)")
    }

    @Test(arguments: [RowOrder.newestFirst, .oldestFirst])
    func whoGoesOnGetsTheRest(order: RowOrder) throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        let corpus = try Corpus(&generator, batches: 12, wide: false)
        let options = ExecutionOptions.anyOrder.with {
            $0.order = order
            $0.countsHits = true
        }
        let whole = try run("*", on: corpus.blocks, options)
        let first = try sliced("*", corpus.blocks, options, firstRows: 20)
        // Behind each slice, and behind any row.
        for (place, rows, hits) in first.places {
            let rest = try sliced("*", corpus.blocks, options.with { $0.after = place }, firstRows: 30)
            #expect(Array(whole.cursors[rows...]) == rest.cursors, "seed \(seed)")
            #expect(hits + rest.summary.hits == whole.summary.hits, "seed \(seed)")
        }
        for _ in 0..<20 {
            let row = generator.below(whole.cursors.count)
            let rest = try sliced("*", corpus.blocks, options.with { $0.after = whole.cursors[row] }, firstRows: 30)
            #expect(Array(whole.cursors[(row + 1)...]) == rest.cursors, "seed \(seed)")
            #expect(row + 1 + rest.summary.hits == whole.summary.hits, "seed \(seed)")
        }
    }

    @Test(arguments: [RowOrder.newestFirst, .oldestFirst])
    func aLimitLeavesOutWhatComesBehindAndNothingElse(order: RowOrder) throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        let corpus = try Corpus(&generator, batches: 15, wide: false)
        let whole = try run("*", on: corpus.blocks, .anyOrder.with { $0.order = order })
        var found: [RowCursor] = []
        var after: RowCursor?
        var rounds = 0
        var budget = 40
        repeat {
            let part = try sliced(
                "*", corpus.blocks,
                .anyOrder.with {
                    $0.order = order
                    $0.maximumRows = budget
                    $0.after = after
                }, firstRows: 25)
            found += part.cursors
            rounds += 1
            guard let skipped = part.summary.skipped else {
                after = nil
                break
            }
            let next = try #require(skipped.start(order))
            // Blocks that overlap may need more at once.
            if next == after { budget *= 2 }
            after = next
        } while rounds < 200
        #expect(after == nil && found == whole.cursors, "seed \(seed)")
        #expect(rounds > 1, "seed \(seed)")
    }
}
