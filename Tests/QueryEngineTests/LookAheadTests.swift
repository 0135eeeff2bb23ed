import LogModel
import QueryLanguage
import StoreFormat
import StoreTestSupport
import Synchronization
import TestSupport
import Testing

@testable import QueryEngine

/// Several threads look at the blocks of a query; what comes of it is as if one did.
@Suite struct LookAheadTests {
    private static let filters = [
        "*", "error", "error timeout", "привет", "nowhere", "service:=cart", "level:ERROR !error", "user* or ssh",
        "{service=\"pay\"}", "~\"err.r\"", "http.status:>100", "_time:>2025-06-15T15:06:42Z timeout", "!host:*",
    ]

    private static let pipes = [
        "", "| count() n", "| stats by (service, level) count() n, sum(frac) s, min(http.status) a, max(seq) b",
        "| stats by (_time:1s, host) count() n, avg(frac) v, count(level) c", "| stats by (seq) count() n, sum(frac) s",
        "| stats count_uniq(level) u, count() n, sum(frac) s", "| stats by (level) sum(frac) if (error) s, count() n",
        "| top 3 by (level)", "| top 5 by (seq)", "| uniq by (service, host) with hits", "| uniq by (seq) limit 7",
        "| stats by (x-request-id, region) sum_len(_msg) l, count_empty(host) e, rate() r, rate_sum(frac) q",
        "| stats by (level) quantile(0.5, seq) q, median(http.status) m, quantile(0.9, host) h",
        "| stats median(frac) m", "| stats by (host) values(seq) v", "| stats by (_stream) max(level) m, min(level) i",
        "| fields seq, _msg", "| fields seq, _msg | limit 9", "| sort by (_time) desc limit 6",
        "| sort by (seq) limit 5",
        "| sort by (_time) limit 2 partition by (service, host)", "| patterns by (service)", "| facets",
        "| field_names",
        "| math seq + 1 as x | stats sum(x) s, avg(frac) f", "| blocks_count",
        "| level:ERROR | stats by (host) avg(frac) a",
        "| join by (level) (error | fields level, seq)", "| stats by (nothing) count() n, sum(http.status) s",
        "| stats by (frac) count() n, max(frac) m", "| stats row_min(seq) a, row_any() b", "| limit 3",
    ]

    /// A corpus with fractions, in some blocks of which a column cannot be read.
    private func blocks(_ generator: inout SeededGenerator) throws -> [any BlockSource] {
        let plain = try Corpus(&generator, batches: 4, wide: false).blocks
        let corpus = try Corpus(&generator, batches: 8, wide: false)
        var blocks = plain
        var rest = corpus.events[...]
        while !rest.isEmpty {
            var part = Array(rest.prefix(1 + generator.below(40)))
            rest = rest.dropFirst(part.count)
            for row in part.indices where generator.chance(80) {
                let fraction = Double(generator.below(2_000)) / 7 - 100
                part[row].fields.append(("frac", Array("\(fraction)".utf8)))
            }
            let position = UInt64(1_000 + blocks.count)
            blocks +=
                generator.chance(70)
                ? try segmentBlocks(part, position: position) : [try memoryBlock(part, position: position)]
        }
        return blocks.map { block in
            guard generator.chance(4) else { return block }
            return SpyBlock(block, broken: [generator.pick(["seq", "_msg", "level", "times"])])
        }
    }

    @Test func answersAreThoseOfOneThread() throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        let threads = try QueryThreads(limit: 4, patience: .zero)
        defer { threads.stop() }
        for _ in 0..<3 {
            let blocks = try blocks(&generator)
            let cache = generator.chance(50) ? QueryCache() : nil
            for _ in 0..<60 {
                let text = generator.pick(Self.filters) + " " + generator.pick(Self.pipes)
                var options = ExecutionOptions(
                    now: Timestamp(nanoseconds: Corpus.epoch + Int64(generator.below(20)) * 1_000_000_000))
                if generator.chance(30) {
                    options.from = Timestamp(nanoseconds: Corpus.epoch + Int64(generator.below(15)) * 1_000_000_000)
                }
                // What an earlier query knows is not read, so that this limit would end later.
                if cache == nil, generator.chance(20) { options.maximumRows = generator.below(700) }
                if !text.contains("|") {
                    options.order = generator.pick([.newestFirst, .oldestFirst, .any])
                    if generator.chance(70) { options.limit = generator.below(30) }
                    options.countsHits = generator.chance(50)
                }
                let stopAfter = generator.chance(10) ? 1 : Int.max
                let expected = try run(text, on: blocks, options.fresh, stopAfter: stopAfter)
                let shared = options.fresh.with {
                    $0.threads = threads
                    $0.cache = cache
                }
                let found = try run(text, on: blocks, shared, stopAfter: stopAfter)
                let place = "\(text), seed \(seed)"
                #expect(found.rows == expected.rows, "\(place)")
                #expect(found.cursors == expected.cursors, "\(place)")
                if cache == nil { #expect(found.summary == expected.summary, "\(place)") }
                #expect(shared.budget.current == 0, "\(place)")
            }
        }
    }

    private func manyBlocks(_ count: Int) throws -> [any BlockSource] {
        try (0..<count).map { number in
            try memoryBlock(
                (0..<20).map {
                    PlainEvent(
                        Corpus.epoch + Int64(number), "m \($0)",
                        labels: ["host": "h\(number)"], fields: [("v", "\(number * $0)")])
                }, position: UInt64(number + 1))
        }
    }

    @Test func whenTheQueryEndsNoThreadWorksForItAnyMore() throws {
        let threads = try QueryThreads(limit: 4, patience: .zero)
        defer { threads.stop() }
        let blocks = try manyBlocks(200)
        for text in ["m | stats by (v) count() n", "m", "m | stats count() n"] {
            for order in [RowOrder.any, .newestFirst] {
                let options = ExecutionOptions.anyOrder.with {
                    $0.order = order
                    $0.threads = threads
                    $0.progress = QueryProgress()
                    $0.isCancelled = { [progress = $0.progress] in progress.blocksDone >= 20 }
                }
                let error = #expect(throws: ExecutionError.self) { try run(text, on: blocks, options) }
                #expect(error?.code == .cancelled)
                try eventually("helpers to be gone") { threads.helpers == 0 }
                let overdue = ExecutionOptions.anyOrder.with {
                    $0.order = order
                    $0.threads = threads
                    $0.progress = QueryProgress()
                    $0.isOverdue = { [progress = $0.progress] in progress.blocksDone >= 20 }
                }
                let answer = try run(text, on: blocks, overdue)
                #expect(!answer.summary.isComplete && answer.summary.scannedRows == 400)
                #expect(answer.summary.hits == 400)
            }
        }
    }

    /// A block whose table of streams takes some memory, and that counts how many are looked at together.
    private final class HeavyBlock: BlockSource {
        private let block: any BlockSource
        let streamBytes: Int
        init(_ block: any BlockSource, streamBytes: Int) {
            self.block = block
            self.streamBytes = streamBytes
        }
        var rowCount: Int { block.rowCount }
        var timeBounds: ClosedRange<Int64> { block.timeBounds }
        var idBounds: ClosedRange<UInt64> { block.idBounds }
        var streams: [StreamIdentity] { get throws { try block.streams } }
        var fieldNames: [String] { block.fieldNames }
        var labelNames: Set<String> { get throws { try block.labelNames } }
        var byteCount: Int { block.byteCount }
        func labels(_ name: String) throws -> LabelValues { try block.labels(name) }
        func opened() -> any BlockSource { self }
        func mayHave(_ search: MessageSearch) -> Bool { block.mayHave(search) }
        func mayHave(_ words: RequiredWords, in field: String) -> Bool { block.mayHave(words, in: field) }
        func times() throws -> [Int64] { try block.times() }
        func ids() throws -> [UInt64] { try block.ids() }
        func levels() throws -> [UInt8] { try block.levels() }
        func streamIndexes() throws -> [UInt32] { try block.streamIndexes() }
        func messages(_ candidates: RowBitmap) throws -> ColumnData { try block.messages(candidates) }
        func messageCandidates(_ search: MessageSearch, among rows: RowBitmap) throws -> MessageCandidates? {
            try block.messageCandidates(search, among: rows)
        }
        func column(_ name: String, _ candidates: RowBitmap) throws -> ColumnData? {
            try block.column(name, candidates)
        }
        func numbers(_ name: String) throws -> NumberColumn? { try block.numbers(name) }
    }

    @Test func aQueryWithoutMemoryForSeveralBlocksGoesOnWithOne() throws {
        let threads = try QueryThreads(limit: 4, patience: .zero)
        defer { threads.stop() }
        let plain = try manyBlocks(60)
        for (bytes, fits) in [(600_000, true), (1_100_000, false)] {
            let blocks = plain.map { HeavyBlock($0, streamBytes: bytes) }
            for order in [RowOrder.any, .newestFirst] {
                let options = ExecutionOptions.anyOrder.with {
                    $0.order = order
                    $0.threads = threads
                    $0.memoryLimit = 1_000_000
                }
                if fits {
                    #expect(try run("m host:h*", on: blocks, options).rows.count == 1_200)
                } else {
                    let error = #expect(throws: ExecutionError.self) { try run("m host:h*", on: blocks, options) }
                    #expect(error?.code == .memory)
                }
                #expect(options.budget.current == 0)
            }
        }
    }

    @Test func helpersAreNeverMoreThanQueriesLeaveThreads() throws {
        let threads = try QueryThreads(limit: 3)
        defer { threads.stop() }
        final class Gate: Sendable { let isOpen = Atomic<Bool>(false) }
        let gate = Gate()
        @Sendable func work() { while !gate.isOpen.load(ordering: .acquiring) {} }
        threads.begin()
        let lent = (0..<3).map { _ in threads.lend(work) }
        #expect(lent == [true, true, false] && !threads.areTooMany)
        threads.begin()
        let isLent = threads.lend(work)
        #expect(!isLent && threads.areTooMany)
        gate.isOpen.store(true, ordering: .releasing)
        threads.end()
        threads.end()
        try eventually("helpers to be gone") { threads.helpers == 0 && threads.lend({}) }
        let single = try QueryThreads(limit: 1)
        let isLentBySingle = single.lend {}
        #expect(!isLentBySingle)
        single.stop()
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
