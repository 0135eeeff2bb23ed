import LineFormats
import LogModel
import QueryEngine
import QueryLanguage
import StoreFormat
import TestSupport
import Testing

@Suite struct ExplainTests {
    private func explained(
        _ query: String, on blocks: [any BlockSource], _ options: ExecutionOptions = .anyOrder
    ) throws -> (answer: Answer, explanation: Explanation) {
        let trace = QueryTrace(clock: { 0 })
        let answer = try run(query, on: blocks, options.with { $0.trace = trace })
        return (answer, trace.explanation)
    }

    /// Four segments of one block each, with times of their own.
    private func segments() throws -> [any BlockSource] {
        try (0..<4).flatMap { number in
            let events = (0..<200).map { row in
                PlainEvent(
                    Int64(number) * 1_000_000_000 + Int64(row), "request \(row) of \(number == 2 ? "anna" : "bert")",
                    labels: ["service": row % 2 == 0 ? "web" : "api"], fields: [("took", "\(row * 7)")])
            }
            return try segmentBlocks(events, position: UInt64(number + 1))
        }
    }

    @Test func blocksAreLeftOutForAReason() throws {
        let blocks = try segments()
        let (answer, explanation) = try explained(
            "_time:>=1970-01-01T00:00:01Z anna | filter took:>70 | fields took | limit 5", on: blocks)
        let estimate = explanation.estimate
        #expect(estimate.all.count == 4 && estimate.all.rows == 800)
        #expect(estimate.outsideOfTimes.count == 1 && estimate.withoutValues.count == 2)
        #expect(estimate.read.count == 1 && estimate.read.rows == 200)
        #expect(
            estimate.all.bytes
                == estimate.outsideOfTimes.bytes + estimate.withoutValues.bytes + estimate.read.bytes)
        #expect(estimate.columnBytes > 0 && estimate.columnBytes < estimate.read.bytes)
        #expect(explanation.plan.filter == "_time:>=1970-01-01T00:00:01Z anna took:>\"70\"")
        #expect(explanation.plan.times?.lowerBound == 1_000_000_000)
        #expect(explanation.plan.pipes == ["fields took", "limit 5"])
        #expect(explanation.plan.fields == ["took"])
        #expect(explanation.measured.blocks == 1)
        #expect(explanation.measured.summary == answer.summary)
        #expect(explanation.measured.rowsBehindPipes == [189, 5])
    }

    @Test func whatIsReadIsMeasured() throws {
        let blocks = try segments()
        let (_, first) = try explained("* | stats by (service) max(took) n", on: blocks)
        let reading = first.measured.reading
        #expect(reading.sections > 0 && reading.bytes > 0 && reading.decompressedBytes > 0)
        #expect(reading.cacheMisses > 0)
        let (_, second) = try explained("* | stats by (service) max(took) n", on: blocks)
        #expect(second.measured.reading.cacheHits > reading.cacheHits)
        #expect(second.measured.reading.cacheMisses == 0)
        #expect(second.measured.reading.bytes < reading.bytes)
        // What only the words say is cheaper than the messages.
        let (_, counted) = try explained("request | count() n", on: blocks)
        let (_, written) = try explained("request", on: blocks)
        #expect(counted.measured.reading.bytes < written.measured.reading.bytes)
    }

    @Test func anEarlyStopShowsInTheBlocks() throws {
        let (_, explanation) = try explained("* | sort by (_time desc) limit 3", on: try segments())
        #expect(explanation.plan.order == .newestFirst && explanation.plan.limit == 3)
        #expect(explanation.plan.pipes.isEmpty)
        #expect(explanation.estimate.read.count == 4 && explanation.measured.blocks == 1)
    }

    @Test(arguments: [
        "error", "* | sort by (_time desc) limit 7", "* | last 2 by (_time) partition by (service)",
        "* | patterns by (service)", "* | stats by (service) count() n", "* | count() n", "* | top 3 by (host)",
        "level:in(* | fields level) | uniq by (level)", "* | join by (host) (* | stats by (host) count() n)",
    ])
    func anExplainedQueryGivesTheSameAnswer(query: String) throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        let corpus = try Corpus(&generator, batches: 9, wide: false)
        let plain = try run(query, on: corpus.blocks)
        let (answer, explanation) = try explained(query, on: corpus.blocks)
        #expect(answer.rows.map(describe) == plain.rows.map(describe), "seed \(seed)")
        #expect(answer.summary == plain.summary, "seed \(seed)")
        #expect(explanation.estimate.all.count == corpus.blocks.count, "queries inside are not followed; seed \(seed)")
        #expect(explanation.measured.summary == plain.summary, "seed \(seed)")
    }

    @Test func theDocumentHasAllOfIt() throws {
        let blocks = [try memoryBlock([PlainEvent(5, "a b"), PlainEvent(9, "a c")])]
        let (_, explanation) = try explained("a | last by (_time) partition by (service) | fields _msg", on: blocks)
        let bytes = explanation.estimate.all.bytes
        let expected = """
            {"query":"a","plan":{"filter":"a","from":null,"to":null,"order":"newest first","limit":1,"offset":0,\
            "partition":["service"],"pipes":["fields _msg"],"fields":["_msg"],"stops_early":"each combination of values \
            when it has its rows, as far as streams tell which ones a block can have"},\
            "estimated":{"blocks":1,"rows":2,"bytes":\(bytes),"pruned":[\
            {"reason":"time","blocks":0,"rows":0,"bytes":0},\
            {"reason":"words, values and fields that they do not have","blocks":0,"rows":0,"bytes":0}],\
            "blocks_to_read":1,"rows_to_read":2,"bytes_to_read_at_most":0},\
            "measured":{"blocks":1,"blocks_by_rollups":0,"rows_by_rollups":0,"blocks_not_needed":0,"rows":2,"rows_matched":2,"rows_out_of_pipes":[1],\
            "sections_read":0,"bytes_read":0,"bytes_decompressed":0,"cache_hits":0,"cache_misses":0,\
            "milliseconds":{"pruning":0.000,"filter":0.000,"columns":0.000,"pipes":0.000,"total":0.000},\
            "complete":true,"gaps":[]}}
            """
        #expect(String(decoding: explanation.json("a").bytes, as: UTF8.self) == expected)
    }

    @Test func whatRollupsTellIsNamed() throws {
        let (_, explanation) = try explained("* | stats by (service) count() n", on: try segments())
        #expect(explanation.measured.byRollups.count == 4 && explanation.measured.byRollups.rows == 800)
        #expect(explanation.measured.blocks == 0)
    }

    @Test func longFiltersAreCut() throws {
        let many = (0..<2_000).map { "w\($0)" }.joined(separator: " ")
        let (_, explanation) = try explained(many, on: [])
        #expect(explanation.plan.filter.utf8.count < 2_100 && explanation.plan.filter.hasSuffix("..."))
    }
}
