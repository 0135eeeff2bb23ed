import LogModel
import Testing

@testable import QueryLanguage

@Suite struct TimeFilterTests {
    static let now = Timestamp(parsing: "2025-06-15T12:00:00Z") ?? .distantPast

    struct Case: CustomTestStringConvertible {
        var query: String
        /// First and last moment; empty for an open end.
        var from: String
        var to: String
        var testDescription: String { query }
    }

    @Test(arguments: [
        Case(query: "_time:5m", from: "2025-06-15T11:55:00.000000001Z", to: "2025-06-15T12:00:00Z"),
        Case(query: "_time:1h30m offset 1h", from: "2025-06-15T09:30:00.000000001Z", to: "2025-06-15T11:00:00Z"),
        Case(query: "_time:offset 1h", from: "", to: "2025-06-15T11:00:00Z"),
        Case(query: "_time:2025Z", from: "2025-01-01T00:00:00Z", to: "2025-12-31T23:59:59.999999999Z"),
        Case(query: "_time:2024-02", from: "2024-02-01T00:00:00Z", to: "2024-02-29T23:59:59.999999999Z"),
        Case(query: "_time:2025-06-15", from: "2025-06-15T00:00:00Z", to: "2025-06-15T23:59:59.999999999Z"),
        Case(query: "_time:2025-06-15T14", from: "2025-06-15T14:00:00Z", to: "2025-06-15T14:59:59.999999999Z"),
        Case(query: "_time:2025-06-15T14:05", from: "2025-06-15T14:05:00Z", to: "2025-06-15T14:05:59.999999999Z"),
        Case(query: "_time:2025-06-15T14:00:00Z", from: "2025-06-15T14:00:00Z", to: "2025-06-15T14:00:00.999999999Z"),
        Case(
            query: "_time:2025-06-15T14:00:00.123Z", from: "2025-06-15T14:00:00.123Z",
            to: "2025-06-15T14:00:00.123999999Z"),
        Case(query: "_time:=2025-06-15+05:30", from: "2025-06-14T18:30:00Z", to: "2025-06-15T18:29:59.999999999Z"),
        Case(query: "_time:2023-02-07:00", from: "2023-02-01T07:00:00Z", to: "2023-03-01T06:59:59.999999999Z"),
        Case(
            query: "_time:[2023-04-01Z, 2023-04-30Z]", from: "2023-04-01T00:00:00Z",
            to: "2023-04-30T23:59:59.999999999Z"),
        Case(
            query: "_time:[2023-02-01Z,2023-03-01Z)", from: "2023-02-01T00:00:00Z", to: "2023-02-28T23:59:59.999999999Z"
        ),
        Case(
            query: "_time:(2023-02,2023-03) offset 1w", from: "2023-01-25T00:00:00.000000001Z",
            to: "2023-02-21T23:59:59.999999999Z"),
        Case(query: "_time:[now-1h,now]", from: "2025-06-15T11:00:00Z", to: "2025-06-15T12:00:00Z"),
        Case(query: "_time:[1h,-5m]", from: "2025-06-15T11:00:00Z", to: "2025-06-15T11:55:00Z"),
        Case(query: "_time:[1750000000,1750000000123]", from: "2025-06-15T15:06:40Z", to: "2025-06-15T15:06:40.123Z"),
        Case(query: "_time:>2025-06", from: "2025-06-01T00:00:00.000000001Z", to: ""),
        Case(query: "_time:>=2025-06", from: "2025-06-01T00:00:00Z", to: ""),
        Case(query: "_time:<2025-06", from: "", to: "2025-05-31T23:59:59.999999999Z"),
        Case(query: "_time:<=2025-06", from: "", to: "2025-06-30T23:59:59.999999999Z"),
        Case(query: "_time:>1h", from: "", to: "2025-06-15T10:59:59.999999999Z"),
        Case(query: "_time:>=1h", from: "", to: "2025-06-15T11:00:00Z"),
        Case(query: "_time:<1h", from: "2025-06-15T11:00:00.000000001Z", to: "2025-06-15T12:00:00Z"),
        Case(query: "_time:<=1h", from: "2025-06-15T11:00:00Z", to: "2025-06-15T12:00:00Z"),
        Case(query: "_time:>now-1h", from: "2025-06-15T11:00:00.000000001Z", to: ""),
        Case(
            query: "a _time:1d (b _time:[2025-06-15,2025-06-16])", from: "2025-06-15T00:00:00Z",
            to: "2025-06-15T12:00:00Z"),
        Case(
            query: "_time:[2025-01,2025-02) or _time:2025-03-01", from: "2025-01-01T00:00:00Z",
            to: "2025-03-01T23:59:59.999999999Z"),
        Case(query: "_time:5m or a", from: "", to: ""),
        Case(query: "!_time:5m", from: "", to: ""),
        Case(query: "a", from: "", to: ""),
    ])
    func timesBecomeBounds(_ test: Case) throws {
        let bounds = try #require(try Query(parsing: test.query).timeBounds(now: Self.now))
        let low = test.from.isEmpty ? Int64.min : try #require(Timestamp(parsing: test.from)).nanoseconds
        let high = test.to.isEmpty ? Int64.max : try #require(Timestamp(parsing: test.to)).nanoseconds
        #expect(
            bounds == low...high,
            "\(Timestamp(nanoseconds: bounds.lowerBound)) \(Timestamp(nanoseconds: bounds.upperBound))")
    }

    @Test(arguments: ["_time:[2025-02,2025-01)", "_time:2024 _time:2025", "_time:5m _time:offset 1h", "!*"])
    func timesThatExcludeEachOtherHaveNoBounds(_ query: String) throws {
        #expect(try Query(parsing: query).timeBounds(now: Self.now) == nil)
    }

    @Test(arguments: [
        "5", "5x", "2025-13", "2025-02-30", "2025-06-15T24", "2025-06-15T14:60", "0001", "9999", "20250615", "now5m",
        "2025-06-15T14:00:00.", "x", "2025-06-15+5", "nowhere",
    ])
    func whatIsNoTimeIsReportedAtItsPlace(_ text: String) {
        let error = #expect(throws: QueryError.self) { try Query(parsing: "_time:" + text) }
        #expect(error?.column == 7)
        #expect(error?.length == text.utf8.count)
        #expect(error?.message.contains("is no time") == true)
    }

    @Test(arguments: [
        "_time:5m", "_time:>=1h offset 2h", "_time:2025-06+02:00", "_time:2025-06-15T14:00:00.5-03:30", "_time:now",
        "_time:(now-5m,now+1h]", "_time:offset 1h", "_time:[1750000000,now)",
    ])
    func canonicalFormMeansTheSame(_ text: String) throws {
        let query = try Query(parsing: text)
        #expect(try Query(parsing: query.description) == query)
    }
}
