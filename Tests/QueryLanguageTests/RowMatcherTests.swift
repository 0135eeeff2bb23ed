import LogModel
import Testing

@testable import QueryLanguage

@Suite struct RowMatcherTests {
    static let now = Timestamp(parsing: "2025-06-15T12:00:00Z") ?? .distantPast

    /// Three events: two of one stream, one of another.
    static func batch() -> EventBatch {
        var builder = EventBatchBuilder()
        func add(
            _ builder: inout EventBatchBuilder, _ time: String, _ message: String, _ labels: [(String, String)],
            _ fields: [(String, String)]
        ) {
            for (name, value) in fields {
                let index = builder.name(name)
                Array(value.utf8).withUnsafeBytes { builder.add(field: index, value: $0) }
            }
            for (name, value) in labels {
                let index = builder.name(name)
                Array(value.utf8).withUnsafeBytes { builder.add(label: index, value: $0) }
            }
            Array(message.utf8).withUnsafeBytes {
                builder.endEvent(time: Timestamp(parsing: time) ?? .distantPast, level: .unknown, message: $0)
            }
        }
        add(
            &builder, "2025-06-15T11:00:00Z", "cannot open file", [("service", "cart"), ("host", "a")],
            [("level", "ERROR"), ("http.status", "500")])
        add(&builder, "2025-06-15T11:58:00Z", "opened file", [("service", "cart"), ("host", "a")], [("level", "info")])
        add(
            &builder, "2025-06-15T11:59:00Z", "login failed", [("service", "auth")],
            [("level", "warn"), ("level", "error"), ("host", "z"), ("empty", "")])
        return builder.finish()
    }

    struct Case: CustomTestStringConvertible {
        var filter: String
        var rows: [Int]
        var testDescription: String { filter }
    }

    @Test(arguments: [
        Case(filter: "*", rows: [0, 1, 2]),
        Case(filter: "!*", rows: []),
        Case(filter: "file", rows: [0, 1]),
        Case(filter: "file !cannot", rows: [1]),
        Case(filter: "i(CANNOT) or login", rows: [0, 2]),
        Case(filter: "level:i(error)", rows: [0, 2]),
        Case(filter: "level:warn", rows: []),
        Case(filter: "level:in(info,ERROR)", rows: [0, 1]),
        Case(filter: "service:cart", rows: [0, 1]),
        Case(filter: "service:=\"auth\"", rows: [2]),
        Case(filter: "host:a", rows: [0, 1]),
        Case(filter: "host:z", rows: [2]),
        Case(filter: "http.status:*", rows: [0]),
        Case(filter: "http.status:\"\"", rows: [1, 2]),
        Case(filter: "nowhere:\"\"", rows: [0, 1, 2]),
        Case(filter: "nowhere:*", rows: []),
        Case(filter: "empty:\"\"", rows: [0, 1, 2]),
        Case(filter: "{service=\"cart\"}", rows: [0, 1]),
        Case(filter: "{service!=\"cart\"}", rows: [2]),
        Case(filter: "{host=\"\"}", rows: [2]),
        Case(filter: "{service=\"cart\",host=\"b\" or service=\"auth\"}", rows: [2]),
        Case(filter: "{}", rows: [0, 1, 2]),
        Case(filter: "_stream:cart", rows: [0, 1]),
        Case(filter: "_time:5m", rows: [1, 2]),
        Case(filter: "_time:2025-06-15T11:58", rows: [1]),
        Case(filter: "!_time:5m", rows: [0]),
        Case(filter: "_time:[2025-02,2025-01)", rows: []),
        Case(filter: "(file or failed) _time:5m {service=\"auth\"}", rows: [2]),
    ])
    func rowsPass(_ test: Case) throws {
        let batch = Self.batch()
        let matcher = RowMatcher(try Filter(parsing: test.filter), now: Self.now)
        #expect(matcher.prepare(batch).matchingRows() == test.rows)
        for row in 0..<batch.count { #expect(matcher.matches(batch, row: row) == test.rows.contains(row)) }
    }

    @Test func streamIDsAreHexadecimal() throws {
        let batch = Self.batch()
        let id = batch.streams[Int(batch.streamIndexes[2])].id
        func digits(_ number: UInt64) -> String {
            let text = String(number, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }
        let filter = try Filter(parsing: "_stream_id:" + digits(id.high) + digits(id.low))
        #expect(RowMatcher(filter, now: Self.now).prepare(batch).matchingRows() == [2])
    }

    @Test func oneMatcherServesBatchesWithOtherNames() throws {
        let matcher = RowMatcher(try Filter(parsing: "level:info"), now: Self.now)
        var builder = EventBatchBuilder()
        let other = builder.name("other")
        let level = builder.name("level")
        Array("info".utf8).withUnsafeBytes { value in
            builder.add(field: other, value: value)
            builder.endEvent(time: Self.now, level: .unknown, message: value)
            builder.add(field: level, value: value)
            builder.endEvent(time: Self.now, level: .unknown, message: value)
        }
        #expect(matcher.prepare(builder.finish()).matchingRows() == [1])
        #expect(matcher.prepare(Self.batch()).matchingRows() == [1])
        #expect(matcher.prepare(builder.finish()).matchingRows() == [])
    }
}
