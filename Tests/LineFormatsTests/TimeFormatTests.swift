import LineFormats
import LogModel
import TestSupport
import Testing

struct TimeFormatTests {
    private static let now = Timestamp(parsing: "2026-11-21T07:00:00Z") ?? .distantPast

    struct Case: Sendable {
        var format: String
        var text: String
        var time: String?
    }

    @Test(arguments: [
        Case(format: "%Y-%m-%d %H:%M:%S.%f", text: "2026-01-02 03:04:05.25", time: "2026-01-02T03:04:05.25Z"),
        Case(format: "%d/%b/%Y:%H:%M:%S %z", text: "10/Oct/2000:13:55:36 -0700", time: "2000-10-10T20:55:36Z"),
        Case(format: "%d.%m.%y %H:%M", text: "01.02.26 10:00", time: "2026-02-01T10:00:00Z"),
        Case(format: "%b %e %I:%M:%S %p", text: "Nov  3 12:30:00 AM", time: "2026-11-03T00:30:00Z"),
        Case(format: "%b %d %H:%M:%S", text: "Dec 24 12:00:00", time: "2025-12-24T12:00:00Z"),
        Case(format: "%a, %d %B %Y %T %Z", text: "Mon, 05 January 2026 10:11:12 GMT", time: "2026-01-05T10:11:12Z"),
        Case(format: "%Y %j %H", text: "2024 366 23", time: "2024-12-31T23:00:00Z"),
        Case(format: "%s", text: "1700000000", time: "2023-11-14T22:13:20Z"),
        Case(format: "%F %T%z", text: "2026-01-02 03:04:05+02", time: "2026-01-02T01:04:05Z"),
        Case(format: "100%% %F %H", text: "100% 2026-01-02 03", time: "2026-01-02T03:00:00Z"),
        Case(format: "epoch_ms", text: "1700000000123", time: "2023-11-14T22:13:20.123Z"),
        Case(format: "epoch", text: "1700000000.5", time: "2023-11-14T22:13:20.5Z"),
        Case(format: "rfc3339", text: "2026-01-02T03:04:05Z", time: "2026-01-02T03:04:05Z"),
        Case(format: "%Y-%m-%d %H", text: "2026-02-30 10", time: nil),
        Case(format: "%Y-%m-%d %H", text: "2026-02-03", time: nil),
        Case(format: "%Y-%m-%d %H", text: "2026-02-03 10x", time: nil),
        Case(format: "%Y %j %H", text: "2025 366 23", time: nil),
        Case(format: "epoch_ns", text: "99999999999999999999", time: nil),
    ]) func timesAreReadByTheirFormat(_ item: Case) throws {
        var reader = TimeFormatReader(try TimeFormat(item.format))
        let time = Array(item.text.utf8).withUnsafeBytes { reader.readWhole($0, now: Self.now) }
        #expect(time == item.time.flatMap { Timestamp(parsing: $0) })
    }

    @Test func aTimeWithoutAZoneIsInTheGivenOne() throws {
        var reader = TimeFormatReader(try TimeFormat("%F %T"), offsets: LocalOffsets { _ in 7_200 })
        let time = Array("2026-01-02 03:04:05".utf8).withUnsafeBytes { reader.readWhole($0, now: Self.now) }
        #expect(time == Timestamp(parsing: "2026-01-02T01:04:05Z"))
    }

    /// A file of version 1: two hours ahead in summer (from 100,000 to 200,000), else one.
    private static let zone: [UInt8] =
        Array("TZif".utf8) + [UInt8](repeating: 0, count: 16) + [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        + [0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 4] + [0, 0x01, 0x86, 0xA0, 0, 0x03, 0x0D, 0x40] + [1, 0]
        + [0, 0, 0x0E, 0x10, 0, 0, 0, 0, 0x1C, 0x20, 1, 0] + [0x41, 0, 0x42, 0]

    @Test func zonesAreReadFromTheirFiles() throws {
        let zone = try #require(ZoneFile(Self.zone))
        #expect(zone.offset(atLocal: 0) == 3_600)
        #expect(zone.offset(atLocal: 150_000 + 7_200) == 7_200)
        #expect(zone.offset(atLocal: 300_000 + 3_600) == 3_600)
    }

    @Test func damagedZonesAreRefusedOrReadWithoutATrap() {
        var random = SeededGenerator(seed: drawSeed())
        for length in 0..<Self.zone.count { #expect(ZoneFile(Array(Self.zone[..<length])) == nil) }
        for _ in 0..<2_000 {
            var content = Self.zone
            for _ in 0..<3 { content[random.below(content.count)] = UInt8(random.below(256)) }
            _ = ZoneFile(content)?.offset(atLocal: Int64(random.below(500_000)))
        }
    }

    @Test(arguments: ["%Q", "%Y-%m-%d", "%H:%M", "%", "", "%Y %H"]) func formatsThatDoNotTellAMoment(_ text: String) {
        #expect(throws: TimeFormat.Refusal.self) { try TimeFormat(text) }
    }
}
