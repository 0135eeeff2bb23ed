import ConsoleRuntime
import LogModel
import Testing

@Suite struct TimeArgumentTests {
    private let now = Timestamp(parsing: "2026-03-05T14:03:27.500Z") ?? .distantPast

    struct Case: Sendable {
        let text: String
        let meaning: String?
    }

    @Test(arguments: [
        Case(text: "2026-03-05T14:00:00Z", meaning: "2026-03-05T14:00:00Z"),
        Case(text: "2026-03-05T14:00:00.25+02:00", meaning: "2026-03-05T12:00:00.250Z"),
        Case(text: "2026-03-05 14:00:00", meaning: "2026-03-05T14:00:00Z"),
        Case(text: "14:03", meaning: "2026-03-05T14:03:00Z"), Case(text: "14:03:27", meaning: "2026-03-05T14:03:27Z"),
        Case(text: "14:04", meaning: "2026-03-04T14:04:00Z"), Case(text: "-15m", meaning: "2026-03-05T13:48:27.500Z"),
        Case(text: "15m", meaning: "2026-03-05T13:48:27.500Z"),
        Case(text: "1h30m", meaning: "2026-03-05T12:33:27.500Z"),
        Case(text: "2026-03-05", meaning: "2026-03-05T00:00:00Z"),
        Case(text: "2026-03-05T14:03", meaning: "2026-03-05T14:03:00Z"), Case(text: "2026-02-30", meaning: nil),
        Case(text: "1772719407500000", meaning: "2026-03-05T14:03:27.500Z"),
        Case(text: "now", meaning: "2026-03-05T14:03:27.500Z"),
        Case(text: "1772719407", meaning: "2026-03-05T14:03:27Z"),
        Case(text: "1772719407500", meaning: "2026-03-05T14:03:27.500Z"), Case(text: "24:00", meaning: nil),
        Case(text: "14:60", meaning: nil), Case(text: "--15m", meaning: nil), Case(text: "yesterday", meaning: nil),
        Case(text: "", meaning: nil), Case(text: "1:2:3:4", meaning: nil),
    ])
    func timesAreReadAsPeopleWriteThem(sample: Case) {
        let moment = TimeArgument.parse(sample.text, now: now, zone: .utc)
        #expect(moment?.description == sample.meaning)
    }

    @Test func timesArePrintedInOneWidth() {
        #expect(TimeZoneChoice.utc.text(now) == "2026-03-05T14:03:27.500Z")
        let whole = Timestamp(parsing: "2026-03-05T14:03:27Z") ?? .distantPast
        #expect(TimeZoneChoice.utc.text(whole) == "2026-03-05T14:03:27.000Z")
        #expect(TimeZoneChoice.utc.text(whole, digits: 9) == "2026-03-05T14:03:27.000000000Z")
        #expect(TimeZoneChoice.local.text(whole).hasPrefix("2026-03-0"))
    }

    @Test func theDateOfAnAnswerIsRead() {
        #expect(HTTPDate.parse("Sun, 06 Nov 1994 08:49:37 GMT")?.description == "1994-11-06T08:49:37Z")
        #expect(HTTPDate.parse("Sunday, 06-Nov-94 08:49:37 GMT") == nil)
    }
}
