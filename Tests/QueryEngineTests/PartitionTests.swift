import LogModel
import QueryEngine
import StoreFormat
import TestSupport
import Testing

@Suite struct PartitionTests {
    @Test(arguments: [
        ["service"], ["service", "host"], ["level"], ["nosuch"], ["service", "nosuch"], ["_stream"],
        ["region", "service"],
    ])
    func eachPartHasItsFirstRowsByTime(fields: [String]) throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<15 {
            let corpus = try Corpus(&generator, batches: 12, wide: false)
            for filter in [NaiveFilter.all, .phrase("_msg", Array("error".utf8), isPrefix: true, ignoringCase: true)] {
                let newest = generator.chance(60)
                let (offset, limit) = (generator.pick([0, 0, 1, 3]), generator.pick([1, 1, 2, 5, 1_000]))
                var parts: [[[UInt8]]: [PlainEvent]] = [:]
                for event in corpus.events where filter.matches(event.row, labels: event.labels) {
                    parts[fields.map { event.row[$0] ?? [] }, default: []].append(event)
                }
                let keys = parts.keys.sorted { left, right in
                    left.lexicographicallyPrecedes(right) { $0.lexicographicallyPrecedes($1) }
                }
                let expected = keys.flatMap { key in
                    let ascending = (parts[key] ?? []).sorted { ($0.time, $0.id) < ($1.time, $1.id) }
                    return (newest ? ascending.reversed() : ascending).dropFirst(offset).prefix(limit)
                }
                let query =
                    "\(filter.text) | sort by (_time\(newest ? " desc" : "")) partition by "
                    + "(\(fields.joined(separator: ", "))) offset \(offset) limit \(limit)"
                let answer = try run(query, on: corpus.blocks.shuffled(using: &generator))
                #expect(answer.rows.map(describe) == expected.map { describe($0.row) }, "\(query), seed \(seed)")
                let some = try run(
                    query + " | fields seq", on: corpus.blocks.shuffled(using: &generator),
                    .anyOrder.with { $0.limit = 3 })
                #expect(
                    some.rows.map(describe) == expected.prefix(3).map { describe(["seq": $0.row["seq"] ?? []]) },
                    "\(query), seed \(seed)")
            }
        }
    }

    private func spies(_ services: [[String]], fields: [(String, String)] = []) throws -> [SpyBlock] {
        try services.enumerated().map { number, services in
            let events = services.enumerated().map { row, service in
                PlainEvent(Int64(number * 100 + row), "m", labels: ["service": service], fields: fields)
            }
            return SpyBlock(try memoryBlock(events, position: UInt64(number + 1)))
        }
    }

    @Test func blocksOfPartsThatAreFullAreNotRead() throws {
        let blocks = try spies([["a", "b"], ["c"], ["a", "b"], ["b", "a"]])
        let answer = try run("* | last by (_time) partition by (service) | fields service, _time", on: blocks)
        #expect(values("service", of: answer) == ["a", "b", "c"])
        #expect(blocks.map(\.reads.isEmpty) == [true, false, true, false])
        #expect(answer.summary.prunedBlocks == 2)
    }

    @Test func aBlockMayHaveNewerRowsOfAFullPart() throws {
        // The second block begins before the first, and ends with it.
        let blocks: [any BlockSource] = [
            try memoryBlock([PlainEvent(5, "x", labels: ["s": "a"]), PlainEvent(9, "y", labels: ["s": "b"])]),
            try memoryBlock(
                [PlainEvent(1, "z", labels: ["s": "b"]), PlainEvent(8, "w", labels: ["s": "a"])], position: 2),
        ]
        let answer = try run("* | last by (_time) partition by (s) | fields _msg", on: blocks)
        #expect(values("_msg", of: answer) == ["w", "y"])
    }

    @Test func aFieldOfTheEventsComesBeforeTheLabel() throws {
        let blocks = try spies([["a"], ["a"]], fields: [("service", "own")]) + spies([["a"]])
        let answer = try run("* | last by (_time) partition by (service) | fields service", on: blocks)
        #expect(values("service", of: answer) == ["a", "own"])
    }

    @Test func tooManyRowsFail() throws {
        let blocks = try (0..<5).map { number in
            try memoryBlock((0..<100).map { PlainEvent(Int64($0), "m", fields: [("u", "\(number)-\($0)")]) })
        }
        let options = ExecutionOptions.anyOrder.with { $0.budget = QueryBudget(limit: 5_000) }
        let error = #expect(throws: ExecutionError.self) {
            try run("* | last by (_time) partition by (u)", on: blocks, options)
        }
        #expect(error?.code == .memory)
    }
}
