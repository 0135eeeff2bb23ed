import Glibc
import LogModel
import QueryEngine
import QueryLanguage
import StoreFormat
import Testing

@Suite struct ConformanceTests {
    static let names = [
        "filters", "logic-and-syntax", "times", "stats", "sorting", "columns", "transforms", "unpacking", "math",
        "queries-in-queries", "stream-context", "left-out", "examples",
        "patterns", "storage",
    ]

    private static func load(_ name: String) throws -> ConformanceFile {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        let file = try #require(fopen(root + "/Fixtures/Queries/\(name).cases", "r"), "\(name).cases is missing")
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        try #require(count < bytes.count)
        return try ConformanceFile(name: name, text: String(decoding: bytes[..<count], as: UTF8.self))
    }

    /// Relative times count from here.
    private static let now = Timestamp(parsing: "2025-06-15T12:00:00Z") ?? .distantFuture

    /// The events in memory, in one segment, and one to a block, the last ones first.
    private func stores(_ events: [PlainEvent]) throws -> [[any BlockSource]] {
        if events.isEmpty { return [[]] }
        let single = try events.enumerated().map { try memoryBlock([$1], position: UInt64($0 + 1)) }
        return [[try memoryBlock(events)], try segmentBlocks(events), single, single.reversed()]
    }

    @Test(arguments: names)
    func answersAreThoseOfTheReference(_ name: String) throws {
        let file = try Self.load(name)
        #expect(!file.cases.isEmpty)
        for test in file.cases {
            let place = "\(name).cases:\(test.line): \(test.query)"
            if test.kind == .error {
                let error = #expect(throws: QueryError.self, "\(place)") { try Query(parsing: test.query) }
                let wanted = test.expected.joined(separator: "\n")
                #expect(error?.message.contains(wanted) == true && !wanted.isEmpty, "\(place)\n\(error?.message ?? "")")
                continue
            }
            do {
                let query = try Query(parsing: test.query)
                #expect(try Query(parsing: query.description) == query, "\(place) changes when it is written: \(query)")
                let expected = try test.expected.map { try Self.text(ConformanceFile.row($0)) }
                for blocks in try stores(file.events[test.events]) {
                    let answer = try run(test.query, on: blocks, ExecutionOptions(now: Self.now))
                    #expect(answer.summary.isComplete, "\(place)")
                    let found = answer.rows.map { row in
                        Self.text(row.mapValues { String(decoding: $0, as: UTF8.self) }.filter { !$0.value.isEmpty })
                    }
                    let isSame = test.kind == .ordered ? found == expected : found.sorted() == expected.sorted()
                    guard !isSame else { continue }
                    let lists =
                        "found:\n\(found.joined(separator: "\n"))\nexpected:\n\(expected.joined(separator: "\n"))"
                    Issue.record("\(place)\n\(lists)")
                    break
                }
            } catch {
                Issue.record("\(place)\n\(error)")
            }
        }
    }

    /// Whichever thread looks at a block, the answer has the same rows in the same order.
    @Test(arguments: names)
    func severalThreadsGiveTheAnswersOfOne(_ name: String) throws {
        let file = try Self.load(name)
        let threads = try QueryThreads(limit: 4, patience: .zero)
        defer { threads.stop() }
        // By chance.
        for test in file.cases where test.kind != .error && !test.query.contains("sample") {
            for blocks in try stores(file.events[test.events]) where blocks.count > 1 {
                var options = ExecutionOptions(now: Self.now)
                let expected = try run(test.query, on: blocks, options)
                options.threads = threads
                options.budget = QueryBudget()
                let found = try run(test.query, on: blocks, options)
                #expect(found.rows == expected.rows, "\(name).cases:\(test.line): \(test.query)")
                #expect(found.summary == expected.summary, "\(name).cases:\(test.line): \(test.query)")
            }
        }
    }

    private static func text(_ row: [String: String]) -> String {
        row.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "; ")
    }

    @Test func everyNameOfTheLanguageComesUpInACase() throws {
        let queries = try Self.names.flatMap { try Self.load($0).cases }.map(\.query).joined(separator: "\n")
        for name in KnownNames.filters { #expect(queries.contains(name + "("), "filter \(name)") }
        for name in KnownNames.pipes { #expect(queries.contains("| " + name), "pipe \(name)") }
        for name in KnownNames.statsFunctions { #expect(queries.contains(name + "("), "function \(name)") }
    }
}
