import LogModel
import TestSupport
import Testing

@Suite struct TimestampTests {
    struct Case: CustomTestStringConvertible {
        var text: String
        var nanoseconds: Int64?
        var testDescription: String { text }
    }

    @Test(arguments: [
        Case(text: "1970-01-01T00:00:00Z", nanoseconds: 0),
        Case(text: "2025-06-15T14:23:01.123Z", nanoseconds: 1_749_997_381_123_000_000),
        Case(text: "2025-06-15 14:23:01,123456789", nanoseconds: 1_749_997_381_123_456_789),
        Case(text: "2025-06-15T16:23:01+02:00", nanoseconds: 1_749_997_381_000_000_000),
        Case(text: "2025-06-15T10:53:01-0330", nanoseconds: 1_749_997_381_000_000_000),
        Case(text: "1969-12-31T23:59:59.5Z", nanoseconds: -500_000_000),
        Case(text: "2024-02-29T00:00:00Z", nanoseconds: 1_709_164_800_000_000_000),
        Case(text: "2023-02-29T00:00:00Z", nanoseconds: nil),
        Case(text: "2025-06-15T24:00:00Z", nanoseconds: nil),
        Case(text: "2025-06-15T14:23:01.Z", nanoseconds: nil),
        Case(text: "2025-06-15T14:23:01Zx", nanoseconds: nil),
        Case(text: "9999-06-15T14:23:01Z", nanoseconds: nil),
        Case(text: "1749997381", nanoseconds: 1_749_997_381_000_000_000),
        Case(text: "1749997381.5", nanoseconds: 1_749_997_381_500_000_000),
        Case(text: "1749997381123", nanoseconds: 1_749_997_381_123_000_000),
        Case(text: "1749997381123456", nanoseconds: 1_749_997_381_123_456_000),
        Case(text: "1749997381123456789", nanoseconds: 1_749_997_381_123_456_789),
        Case(text: "-1", nanoseconds: -1_000_000_000),
        Case(text: "99999999999999999999", nanoseconds: nil),
        Case(text: "", nanoseconds: nil),
        Case(text: "-", nanoseconds: nil),
        Case(text: "yesterday", nanoseconds: nil),
    ])
    func parses(_ example: Case) {
        #expect(Timestamp(parsing: example.text)?.nanoseconds == example.nanoseconds)
    }

    @Test func whatIsWrittenIsReadBack() throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<10_000 {
            let time = Timestamp(nanoseconds: Int64.random(in: (.min / 2)...(.max / 2), using: &generator))
            #expect(Timestamp(parsing: time.description) == time, "seed \(seed), \(time.nanoseconds)")
        }
        #expect(Timestamp(nanoseconds: 0).description == "1970-01-01T00:00:00Z")
        #expect(Timestamp(nanoseconds: -1).description == "1969-12-31T23:59:59.999999999Z")
        #expect(Timestamp(nanoseconds: 1_500_000).description == "1970-01-01T00:00:00.001500Z")
    }

    @Test func durationsAsLogsWriteThem() {
        #expect(Duration(logForm: "1h30m") == .seconds(5_400))
        #expect(Duration(logForm: "1.5s") == .milliseconds(1_500))
        #expect(Duration(logForm: "-15m") == .seconds(-900))
        #expect(Duration(logForm: "2w") == .seconds(1_209_600))
        #expect(Duration(logForm: "15") == nil)
        #expect(Duration(logForm: "") == nil)
        #expect(Duration(logForm: "h") == nil)
        #expect(Duration.seconds(5_400).logForm == "1h30m")
        #expect(Duration.milliseconds(250).logForm == "250ms")
    }

    @Test func levelsBySpelling() {
        #expect(Level(parsing: "ERROR") == .error)
        #expect(Level(parsing: "Warning") == .warn)
        #expect(Level(parsing: "informational") == .info)
        #expect(Level(parsing: "0") == .fatal)
        #expect(Level(parsing: "") == .unknown)
        #expect(Level(parsing: "purple") == .unknown)
        #expect(Level.debug < .error)
    }
}
