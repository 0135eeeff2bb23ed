import LogModel
import QueryLanguage
import StoreFormat
import TestSupport
import Testing

@testable import QueryEngine

/// Answers that earlier queries had a part in are those without them.
@Suite struct QueryCacheTests {
    private static let filters = [
        "*", "error", "error timeout", "привет", "nowhere", "service:=cart", "level:ERROR !error",
        "{service=\"pay\"}", "user* or ssh", "http.status:>100", "~\"err.r\"", "host:h1", "!host:*",
        "_time:day_range[08:00, 18:00) connect", "error or _time:<2025-06-15T15:06:45Z",
        "level:in(level:e* | fields level)",
        "_time:10s a", "_time:>2025-06-15T15:06:42Z timeout",
    ]

    private static let pipes = [
        "", "| count() n", "| stats by (service, level) count() n, sum(seq) s, min(http.status) a, max(seq) b",
        "| stats by (_time:1s, host) count() n, avg(seq) v, count(level) c", "| stats by (seq) count() n",
        "| stats count_uniq(level) u, count() n", "| top 3 by (level)",
        "| stats by (x-request-id, region) sum_len(_msg) l, count_empty(host) e, rate() r",
        "| stats by (level) count() if (error) n, quantile(0.5, seq) q", "| fields seq, _msg",
        "| stats by (_stream) max(level) m, min(level) i", "| stats by (nothing) count() n, sum(http.status) s",
    ]

    /// Blocks, some in memory and some of segments, that are asked the same again and again, over times that cut them.
    @Test(arguments: [64 << 20, 10_000])
    func answersAreThoseWithoutACache(maxBytes: Int) throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<3 {
            let corpus = try Corpus(&generator, batches: 12, wide: generator.chance(30))
            let cache = QueryCache(maxBytes: maxBytes)
            for _ in 0..<250 {
                let text = generator.pick(Self.filters) + " " + generator.pick(Self.pipes)
                var options = ExecutionOptions(
                    now: Timestamp(nanoseconds: Corpus.epoch + Int64(generator.below(20)) * 1_000_000_000))
                if generator.chance(30) {
                    options.from = Timestamp(nanoseconds: Corpus.epoch + Int64(generator.below(15)) * 1_000_000_000)
                }
                if generator.chance(30) {
                    options.to = Timestamp(nanoseconds: Corpus.epoch + Int64(generator.below(30)) * 1_000_000_000)
                }
                if !text.contains("|"), generator.chance(60) {
                    options.order = generator.chance(50) ? .newestFirst : .oldestFirst
                    options.limit = generator.below(12)
                    options.countsHits = generator.chance(50)
                }
                let expected = try run(text, on: corpus.blocks, options.fresh)
                for _ in 0..<2 {
                    let found = try run(text, on: corpus.blocks, options.fresh.with { $0.cache = cache })
                    let place = "\(text), seed \(seed)"
                    #expect(found.rows.map(describe) == expected.rows.map(describe), "\(place)")
                    #expect(found.cursors == expected.cursors, "\(place)")
                    #expect(found.summary.hits == expected.summary.hits, "\(place)")
                    #expect(found.summary.isComplete == expected.summary.isComplete, "\(place)")
                }
                #expect(cache.statistics.bytes <= maxBytes, "seed \(seed)")
            }
            #expect(cache.statistics.hits > 0, "seed \(seed)")
            #expect((cache.statistics.evictions > 0) == (maxBytes < 1 << 20), "seed \(seed)")
        }
    }

    @Test func whatIsKnownIsNotReadAgain() throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        let events = try Corpus(&generator, batches: 8, wide: false).events
        let blocks = try segmentBlocks(events)
        for text in [
            "nowhere", "error | count() n", "* | stats by (service) sum(seq) s", "error level:ERROR | count() n",
        ] {
            let cache = QueryCache()
            let options = ExecutionOptions.anyOrder.with { $0.cache = cache }
            // Sums of groups are kept for a question that comes again.
            if text.hasPrefix("*") { _ = try run(text, on: blocks, options) }
            let first = try run(text, on: blocks, options)
            #expect(cache.statistics.hits == 0 && cache.statistics.misses == blocks.count, "\(text), seed \(seed)")
            let again = try run(text, on: blocks, options)
            #expect(cache.statistics.hits == blocks.count && cache.statistics.misses == blocks.count, "\(text)")
            #expect(again.summary.scannedRows == 0 && again.rows == first.rows, "\(text), seed \(seed)")
            // Another reader of the same bytes is the same segment; other events are not.
            let reopened = try run(text, on: try segmentBlocks(events), options)
            #expect(reopened.summary.scannedRows == 0 && reopened.rows == first.rows, "\(text), seed \(seed)")
            let others = try segmentBlocks(Array(events.dropLast()))
            #expect(try run(text, on: others, options).rows == run(text, on: others).rows, "\(text), seed \(seed)")
        }
    }

    /// What a search found serves counts, and the other way round, where few rows match.
    @Test func searchesAndCountsShareWhatTheyFind() throws {
        let events = (0..<400).map { PlainEvent(Corpus.epoch + Int64($0), $0 == 7 ? "rare" : "common \($0 % 3)") }
        let blocks = try segmentBlocks(events)
        let cache = QueryCache()
        let options = ExecutionOptions.anyOrder.with { $0.cache = cache }
        #expect(try run("rare", on: blocks, options).rows.count == 1)
        let count = try run("rare | count() n", on: blocks, options)
        #expect(values("n", of: count) == ["1"] && count.summary.scannedRows == 0)
        #expect(cache.statistics.hits == 1 && cache.statistics.misses == 1)
    }

    @Test func rowsComeBackAsTheyWere() {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        for rowCount in [1, 63, 64, 65, 1_000, 65_536, 70_000] {
            for chance in [0, 1, 6, 50, 99, 100] {
                var rows = RowBitmap(rowCount: rowCount, filled: false)
                for row in 0..<rowCount where generator.chance(chance) { rows.insert(row) }
                let kept = KeptRows(rows)
                #expect(kept.bitmap(rowCount: rowCount) == rows, "seed \(seed)")
                #expect(kept.isEmpty == rows.isEmpty, "seed \(seed)")
                #expect(kept.memoryBytes <= rowCount / 8 + 48, "seed \(seed)")
            }
        }
    }

    @Test func aLongQuestionIsNotKept() throws {
        let blocks = try segmentBlocks((0..<50).map { PlainEvent(Corpus.epoch + Int64($0), "m \($0)") })
        let cache = QueryCache()
        let words = (0..<2_000).map { "word\($0)" }.joined(separator: ",")
        let options = ExecutionOptions.anyOrder.with { $0.cache = cache }
        for _ in 0..<2 { #expect(try run("_msg:in(\(words)) | count() n", on: blocks, options).rows.count == 1) }
        #expect(cache.statistics.entries == 0 && cache.statistics.hits == 0)
    }
}

extension ExecutionOptions {
    /// With a budget and progress of its own, as each query has.
    fileprivate var fresh: ExecutionOptions {
        with {
            $0.budget = QueryBudget()
            $0.progress = QueryProgress()
        }
    }
}
