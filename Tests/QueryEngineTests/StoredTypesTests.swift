import LogModel
import QueryEngine
import QueryLanguage
import StoreFormat
import Testing

@Suite("How values are kept")
struct StoredTypesTests {
    private func events(_ count: Int) -> [PlainEvent] {
        (0..<count).map { event($0) }
    }

    private func event(_ number: Int) -> PlainEvent {
        let isOfCart = number % 3 == 0
        let when = Timestamp(nanoseconds: Int64(number) * 1_000_000_000).description
        let kinds: [String] = ["a", "b", "c"]
        var fields: [(String, String)] = [
            ("n", "\(number * 31 % 1_000)"), ("kind", kinds[number % 7 % 3]), ("when", when),
        ]
        if !isOfCart { fields.append(("host", "own \(number % 5)")) }
        return PlainEvent(
            Int64(number) * 1_000, "user \(number) logged in after \(number * 7) ms",
            labels: isOfCart ? ["service": "cart", "host": "h1"] : ["service": "pay"], fields: fields)
    }

    private func types(_ blocks: [any BlockSource], _ query: String) throws -> [String: String] {
        let answer = try run(query, on: blocks)
        var result: [String: String] = [:]
        for row in answer.rows {
            result[String(decoding: row["field"] ?? [], as: UTF8.self)] = String(
                decoding: row["type"] ?? [], as: UTF8.self)
        }
        return result
    }

    @Test func aBlockOfASegmentTellsHowItKeepsEachField() throws {
        let found = try types(try segmentBlocks(events(600)), "* | block_stats")
        #expect(
            found == [
                "_time": "time", "_msg": "templates", "_stream": "stream", "service": "stream", "n": "numbers",
                "kind": "dictionary", "when": "timestamps", "host": "dictionary",
            ])
    }

    @Test func inMemoryThereIsOneKind() throws {
        let found = try types([try memoryBlock(events(10))], "* | keep n, service, _msg | block_stats")
        #expect(found == ["n": "memory", "service": "stream", "_msg": "memory"])
    }

    @Test func bytesAndRowsAreThoseOfTheBlock() throws {
        let blocks = try segmentBlocks(events(600))
        let answer = try run("n:<500 | keep n | block_stats", on: blocks)
        let wanted = (0..<600).filter { $0 * 31 % 1_000 < 500 }.count
        #expect(values("rows", of: answer) == ["\(wanted)"])
        #expect(values("block_rows", of: answer) == ["600"])
        #expect(values("values_bytes", of: answer).compactMap { Int($0 ?? "") }.allSatisfy { $0 > 0 && $0 < 10_000 })
    }

    @Test func valuesAreFoundByHowTheyAreKept() throws {
        let blocks: [any BlockSource] = try segmentBlocks(events(600)) + [try memoryBlock(events(50), position: 9)]
        func count(_ filter: String) throws -> [String?] {
            values("c", of: try run(filter + " | stats count() c", on: blocks))
        }
        #expect(try count("n:value_type(numbers)") == ["600"])
        #expect(try count("n:value_type(memory)") == ["50"])
        #expect(try count("n:value_type(text)") == ["0"])
        #expect(try count("!n:value_type(numbers)") == ["50"])
        // A label of some events, a field of others.
        #expect(try count("host:value_type(stream)") == ["217"])
        #expect(try count("host:value_type(dictionary)") == ["400"])
        #expect(try count("host:value_type(memory)") == ["33"])
        #expect(try count("_stream:value_type(stream)") == ["650"])
        // Behind other pipes values are in memory.
        #expect(try count("* | copy n as m | filter m:value_type(memory)") == ["650"])
    }

    @Test func explainingItWorks() throws {
        let answer = try run(
            "* | block_stats", on: try segmentBlocks(events(60)), .anyOrder.with { $0.trace = QueryTrace(clock: { 0 }) }
        )
        #expect(answer.summary.isComplete && answer.rows.count == 8)
    }
}
