import LogModel
import QueryEngine
import StoreFormat
import Synchronization
import Testing

@Suite struct BoundsTests {
    private func blocks(broken: Set<String> = []) throws -> [SpyBlock] {
        try (0..<4).map { number in
            let events = (0..<10).map { row in
                PlainEvent(Int64(number * 10 + row), "m\(row)", fields: [("u", "\(number)-\(row)"), ("v", "x")])
            }
            return SpyBlock(try memoryBlock(events, position: UInt64(number + 1)), broken: number == 1 ? broken : [])
        }
    }

    private func between(_ from: Int64?, _ to: Int64?) -> ExecutionOptions {
        .anyOrder.with {
            $0.from = from.map { Timestamp(nanoseconds: $0) }
            $0.to = to.map { Timestamp(nanoseconds: $0) }
        }
    }

    @Test func fromIsIncludedAndToIsNot() throws {
        let blocks = try blocks()
        let some = try run("* | fields _time", on: blocks, between(12, 25))
        #expect(some.rows.count == 13 && some.summary.prunedBlocks == 2 && some.summary.hits == 13)
        #expect(try run("*", on: blocks, between(nil, 10)).summary.prunedBlocks == 3)
        #expect(try run("*", on: blocks, between(39, nil)).rows.count == 1)
        #expect(try run("*", on: blocks, between(20, 20)).rows.isEmpty)
        #expect(try run("*", on: blocks, between(30, 20)).rows.isEmpty)
        #expect(try run("* | stats count() n", on: blocks, between(30, 20)).rows == [["n": [0x30]]])
    }

    @Test func aTimeFilterAndTheOptionsBothCount() throws {
        let blocks = try blocks()
        func moment(_ nanos: Int) -> String { "1970-01-01T00:00:00.0000000\(nanos)Z" }
        let both = try run("_time:[\(moment(15)), \(moment(38))]", on: blocks, between(20, 37))
        #expect(both.rows.count == 17 && both.summary.prunedBlocks == 2)
        let inverse = try run("!_time:[\(moment(15)), \(moment(38))]", on: blocks, between(10, nil))
        #expect(inverse.rows.count == 6)
        let either = try run("_time:\(moment(11)) or _time:\(moment(13))", on: blocks)
        #expect(either.rows.count == 2 && either.summary.prunedBlocks == 3)
    }

    @Test(arguments: ["v", "times", "ids", "_msg"])
    func aBlockThatCannotBeReadMakesTheAnswerIncomplete(broken: String) throws {
        let query = broken == "v" ? "v:x" : "*"
        for order in [RowOrder.newestFirst, .any] {
            if order == .any, broken == "ids" { continue }
            let answer = try run(query, on: try blocks(broken: [broken]), .anyOrder.with { $0.order = order })
            #expect(answer.rows.count == 30, "\(broken) \(order)")
            #expect(!answer.summary.isComplete && answer.summary.gaps.count == 1)
            #expect(answer.summary.gaps.first?.contains("10 events cannot be read") == true)
            #expect(answer.summary.unreadable.map(\.times) == [10...19])
            #expect(answer.summary.unreadable.map(\.rowCount) == [10])
        }
    }

    @Test func aCancelledQueryThrowsAndAnOverdueOneSaysSo() throws {
        let blocks = try blocks()
        for order in [RowOrder.any, .oldestFirst] {
            let cancelled = ExecutionOptions.anyOrder.with {
                $0.order = order
                $0.isCancelled = { true }
            }
            let error = #expect(throws: ExecutionError.self) { try run("*", on: blocks, cancelled) }
            #expect(error?.code == .cancelled)
            final class Counter: Sendable { let calls = Atomic<Int>(0) }
            let counter = Counter()
            let overdue = ExecutionOptions.anyOrder.with {
                $0.order = order
                $0.isOverdue = { counter.calls.add(1, ordering: .relaxed).newValue > 2 }
            }
            let answer = try run("*", on: blocks, overdue)
            #expect(answer.rows.count == 20 && !answer.summary.isComplete && answer.summary.gaps.count == 1)
        }
    }

    @Test(arguments: [
        "* | stats by (u) count()", "* | stats count_uniq(u)", "* | sort by (u)", "* | uniq by (u)", "* | top 5 by (u)",
        "* | stats by (v) max(u)", "*", "* | stats values(u)", "* | stats by (v) uniq_values(u)", "* | stats median(u)",
        "* | stats json_values()", "* | stats by (u) row_any()", "* | sort by (v) partition by (u) limit 1",
        "* | field_values u", "* | join by (v) (* | fields u, v)", "* | join by (u) (* | fields u) inner",
        "u:in(* | fields u)", "* | filter u:in(* | uniq by (u))",
        "* | patterns by (u)", "* | sort by (_time) | patterns by (u)",
        "* | facets 5 max_value_len 2000", "* | stream_context before 1",
        "* | format '{\"<u>\":\"1\",\"a<u>\":\"2\"}' | unpack_json",
    ])
    func whatNeedsTooMuchMemoryFails(query: String) throws {
        let long = String(repeating: "x", count: 1_000)
        let blocks = try (0..<5).map { number in
            try memoryBlock(
                (0..<40).map { PlainEvent(1, "m", fields: [("u", "\(number)-\($0)" + long), ("v", "\($0)")]) })
        }
        let options = ExecutionOptions.anyOrder.with {
            $0.memoryLimit = query == "*" ? 4_000 : 60_000
            $0.order = query == "*" ? .newestFirst : .any
        }
        let error = #expect(throws: ExecutionError.self) { try run(query, on: blocks, options) }
        #expect(error?.code == .memory)
        #expect(query == "*" || error?.message.contains("one query may hold 58 KiB") == true)
        // With a limit, or enough memory, the same is possible.
        #expect(try !run(query, on: blocks).rows.isEmpty)
    }

    @Test func memoryIsGivenBackAndHasABoundOverAllQueries() throws {
        let all = QueryMemory(limit: 600_000)
        let blocks = try (0..<5).map { number in
            try memoryBlock((0..<400).map { PlainEvent(1, "m", fields: [("u", "\(number)-\($0)")]) })
        }
        let other = QueryBudget(limit: 1 << 20, of: all)
        let claim = MemoryClaim(other)
        for (held, fits) in [(0, true), (590_000, false), (0, true)] {
            try claim.set(held, "rows", "ask for less")
            let budget = QueryBudget(limit: 1 << 20, of: all)
            let options = ExecutionOptions.anyOrder.with { $0.budget = budget }
            if fits {
                #expect(try run("* | uniq by (u)", on: blocks, options).rows.count == 2_000)
                #expect(budget.peak > 10_000)
            } else {
                let error = #expect(throws: ExecutionError.self) { try run("* | uniq by (u)", on: blocks, options) }
                #expect(error?.code == .memoryOfAll && error?.limit == 600_000 && error?.needed ?? 0 > 10_000)
            }
            #expect(budget.current == 0 && all.current == held)
        }
    }

    @Test func aQueryReadsNoMoreRowsThanItMayAndNamesTheTimesLeftOut() throws {
        let blocks = try blocks()
        for (order, left) in [(RowOrder.newestFirst, 0...19 as ClosedRange<Int64>), (.oldestFirst, 20...39)] {
            let options = ExecutionOptions.anyOrder.with {
                $0.order = order
                $0.maximumRows = 15
            }
            let answer = try run("*", on: blocks, options)
            #expect(answer.rows.count == 20 && !answer.summary.isComplete)
            #expect(answer.summary.gaps.first?.contains("may read 15 rows") == true)
            #expect(answer.summary.skipped?.reason == .rows)
            // The times of two blocks, which have a nanosecond each between them and the next.
            let intervals = try #require(answer.summary.skipped?.intervals)
            #expect(intervals.first?.lowerBound == left.lowerBound && intervals.last?.upperBound == left.upperBound)
        }
        #expect(try run("*", on: blocks).summary.skipped == nil)
    }

    @Test func aLimitLetsASortPassWithLittleMemory() throws {
        let long = String(repeating: "x", count: 1_000)
        let blocks = try (0..<5).map { number in
            try memoryBlock((0..<40).map { PlainEvent(1, "m", fields: [("u", "\(number * 40 + $0)"), ("w", long)]) })
        }
        let answer = try run("* | sort by (u desc) limit 3", on: blocks, .anyOrder.with { $0.memoryLimit = 60_000 })
        #expect(values("u", of: answer) == ["199", "198", "197"])
    }
}
