import LogModel
import QueryEngine
import QueryLanguage
import StoreFormat
import TestSupport
import Testing

/// Random queries of the whole language over random events give what a plain evaluation gives, row by row, wherever the
/// events are: in memory, in segments, merged, warm, cold, stripped.
///
/// `LODGE_MODEL_ROUNDS=n` makes the test n times as long.
@Suite struct QueryModelTests {
    private static let rounds = environmentNumber("LODGE_MODEL_ROUNDS") ?? 1

    @Test func anyQueryGivesWhatAPlainEvaluationGives() throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        var counts = (same: 0, open: 0, different: 0)
        for _ in 0..<(3 * Self.rounds) {
            let store = try LivingStore()
            for step in 0..<10 {
                try store.step(&generator)
                guard step % 3 == 0 else { continue }
                let blocks = store.blocks
                for _ in 0..<30 {
                    var queries = RandomQueries(generator, store.rows)
                    var comparison = Comparison(text: queries.query())
                    generator = queries.generator
                    // Long values with many escapes; such a query is refused.
                    if comparison.text.utf8.count > QueryLimits.maximumQueryBytes { continue }
                    comparison.options.bound(&generator, store.rows)
                    switch comparison.verdict(blocks, store.rows) {
                    case .same: counts.same += 1
                    case .open: counts.open += 1
                    case .different:
                        counts.different += 1
                        let small = comparison.shrunk(blocks, store.rows)
                        Issue.record(
                            "seed \(seed): \(small.text.prefix(4_000))\n  \(small.verdict(blocks, store.rows))")
                        if counts.different >= 8 { return }
                    }
                }
            }
        }
        print("\(counts)")
        // Most queries have one right answer.
        #expect(counts.same > counts.open)
    }
}

extension ExecutionOptions {
    /// Sometimes bounds of time, an order and a limit.
    fileprivate mutating func bound(_ generator: inout SeededGenerator, _ rows: [PlainRow]) {
        func moment() -> Timestamp { Timestamp(nanoseconds: generator.pick(rows).origin?.time ?? 0) }
        if generator.chance(15) { from = moment() }
        if generator.chance(15) { to = moment() }
        if generator.chance(15) { limit = generator.pick([1, 7, 100]) }
        if generator.chance(15) {
            order = generator.pick([.newestFirst, .oldestFirst])
            limit = limit ?? 1_000
        }
    }
}

extension Comparison {
    /// A shorter query on which the answers still differ.
    fileprivate func shrunk(_ blocks: [any BlockSource], _ rows: [PlainRow]) -> Comparison {
        var best = self
        var goesOn = true
        while goesOn, let query = try? Query(parsing: best.text) {
            goesOn = false
            for candidate in query.simpler {
                var shorter = best
                shorter.text = candidate.description
                guard shorter.text.utf8.count < best.text.utf8.count || candidate != query,
                    (try? Query(parsing: shorter.text)) != nil,
                    case .different = shorter.verdict(blocks, rows)
                else { continue }
                best = shorter
                goesOn = true
                break
            }
        }
        return best
    }
}
