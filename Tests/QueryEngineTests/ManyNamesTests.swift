import QueryEngine
import StoreFormat
import Testing

/// Blocks in which nearly every row has names of its own are worked on in parts: a column for each name and row would
/// not fit into memory.
@Suite struct ManyNamesTests {
    private static let events: [PlainEvent] = (0..<700).map { row in
        let own = (0..<20).map { ("own-\(row)-\($0)", "value \(row * $0)") }
        return PlainEvent(
            Corpus.epoch + Int64(row), "row \(row)", labels: ["service": "s\(row % 3)"],
            fields: own + (row % 7 == 0 ? [("shared", "\(row)")] : []))
    }

    private static func blocks(inSegment: Bool) throws -> [any BlockSource] {
        inSegment ? try segmentBlocks(events) : [try memoryBlock(events)]
    }

    @Test(arguments: [true, false])
    func allRowsComeBackWithTheirOwnNames(inSegment: Bool) throws {
        let answer = try run("*", on: try Self.blocks(inSegment: inSegment))
        #expect(answer.rows == Self.events.map(\.row))
        #expect(answer.blocks.count == 3 && answer.summary.hits == 700)
    }

    @Test(arguments: [true, false], [1, 255, 257, 700, 900])
    func aLimitEndsInAnyPart(inSegment: Bool, limit: Int) throws {
        let blocks = try Self.blocks(inSegment: inSegment)
        let anyOrder = try run("*", on: blocks, .anyOrder.with { $0.limit = limit })
        #expect(anyOrder.rows == Array(Self.events.map(\.row).prefix(limit)))
        let newest = try run(
            "*", on: blocks,
            .anyOrder.with {
                $0.order = .newestFirst
                $0.limit = limit
            })
        #expect(newest.rows == Array(Self.events.map(\.row).reversed().prefix(limit)))
    }

    @Test(arguments: [true, false])
    func namesAreFoundByPrefixAndByValue(inSegment: Bool) throws {
        let blocks = try Self.blocks(inSegment: inSegment)
        let one = try run("own-333-7:=\"value 2331\" | fields own-333*, shared", on: blocks)
        #expect(one.rows.count == 1 && one.rows[0].count == 20)
        let shared = try run("shared:* | count() n", on: blocks)
        #expect(values("n", of: shared) == ["100"])
    }
}
