import LineFormats
import LogModel
import TestSupport
import Testing

struct PlainLineTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var line: String
        var time: String?
        var level: Level
        var testDescription: String { line }
    }

    /// 2026-11-21T07:00:00Z
    static let now = Timestamp(parsing: "2026-11-21T07:00:00Z") ?? .distantPast

    private func read(
        _ line: String, offsets: LocalOffsets = .utc, now: Timestamp = PlainLineTests.now
    ) -> (time: Timestamp?, level: Level) {
        var reader = PlainLineReader(offsets: offsets)
        return Array(line.utf8).withUnsafeBytes { reader.read($0, now: now) }
    }

    static let shapes: [Case] = [
        Case(
            line: "03-17 16:13:38.811  1702  2395 D WindowManager: printing ERROR", time: "2026-03-17T16:13:38.811Z",
            level: .debug),
        Case(line: "03-17 16:13:38.811  1702  2395 V Tag: x", time: "2026-03-17T16:13:38.811Z", level: .trace),
        Case(line: "03-17 16:13:38.811  1702  2395 F Tag: x", time: "2026-03-17T16:13:38.811Z", level: .fatal),
        Case(line: "[Sun Dec 04 04:47:44 2005] [notice] init() ok\r", time: "2005-12-04T04:47:44Z", level: .info),
        Case(
            line: "[Sun Dec 04 04:47:44.123456 2005] [core:error] child", time: "2005-12-04T04:47:44.123456Z",
            level: .error),
        Case(
            line: "- 1117838570 2005.06.03 R02-M1 2005-06-03-15.42.50.675872 R02-M1 RAS KERNEL INFO cache",
            time: "2005-06-03T22:42:50Z", level: .info),
        Case(line: "081109 203615 148 WARN dfs.DataNode: x", time: "2008-11-09T20:36:15Z", level: .warn),
        Case(line: "134681 node-246 unix.hw state_change 1077804742 1 Component", time: nil, level: .unknown),
        Case(
            line: "2015-10-18 18:01:47,978 INFO [main] org.x: Created", time: "2015-10-18T18:01:47.978Z", level: .info),
        Case(line: "2015-07-29 17:41:44,747 - ERROR [Peer@774] - out", time: "2015-07-29T17:41:44.747Z", level: .error),
        Case(
            line: "Jun 14 15:16:01 combo sshd(pam_unix)[19939]: failure", time: "2026-06-14T15:16:01Z", level: .unknown),
        Case(line: "Jul  1 09:00:55 host kernel[0]: error: x", time: "2026-07-01T09:00:55Z", level: .unknown),
        Case(line: "Dec 10 06:55:46 LabSZ sshd[24200]: reverse", time: "2025-12-10T06:55:46Z", level: .unknown),
        Case(line: "Nov 22 06:59:59 h x", time: "2026-11-22T06:59:59Z", level: .unknown),
        Case(line: "Nov 22 07:00:01 h x", time: "2025-11-22T07:00:01Z", level: .unknown),
        Case(line: "Feb 29 00:00:00 h x", time: "2024-02-29T00:00:00Z", level: .unknown),
        Case(line: "17/06/09 20:10:40 INFO executor.Backend: x", time: "2017-06-09T20:10:40Z", level: .info),
        Case(line: "2016-09-28 04:30:30, Info                  CBS    x", time: "2016-09-28T04:30:30Z", level: .info),
        Case(line: "<34>Oct 11 22:14:15 mymachine su: 'su root'", time: "2026-10-11T22:14:15Z", level: .fatal),
        Case(line: "<165>1 2003-10-11T22:14:15.003Z host app - ID47", time: "2003-10-11T22:14:15.003Z", level: .info),
        Case(line: "<3>oops", time: nil, level: .error),
        Case(line: "<999>oops", time: nil, level: .unknown),
        Case(
            line: "127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200",
            time: "2000-10-10T20:55:36Z", level: .unknown),
        Case(line: "2026/01/02 03:04:05 [warn] 12#12: *3 x", time: "2026-01-02T03:04:05Z", level: .warn),
        Case(line: "2026-01-02T03:04:05.123456789+02:00 x", time: "2026-01-02T01:04:05.123456789Z", level: .unknown),
        Case(line: "2026-01-02 03:04:05 +0200 FATAL: x", time: "2026-01-02T01:04:05Z", level: .fatal),
        Case(line: "2026-01-02 03:04:05.5 UTC [12] LOG: x", time: "2026-01-02T03:04:05.5Z", level: .unknown),
        Case(line: "[2026-01-02T03:04:05Z DEBUG a::b] x", time: "2026-01-02T03:04:05Z", level: .debug),
        Case(line: "1700000000 x", time: "2023-11-14T22:13:20Z", level: .unknown),
        Case(line: "1700000000.25 x", time: "2023-11-14T22:13:20.25Z", level: .unknown),
        Case(line: "1700000000123 x", time: "2023-11-14T22:13:20.123Z", level: .unknown),
        Case(line: "17000000001 x", time: nil, level: .unknown),
        Case(line: "0000000001 x", time: nil, level: .unknown),
        Case(line: "ts=x level=warn msg=\"ERROR\"", time: nil, level: .warn),
        Case(line: "severity=\"DEBUG\" x", time: nil, level: .debug),
        Case(line: "ERROR: disk", time: nil, level: .error),
        Case(line: "no ERRORS, my_ERROR, /ERROR/x here; info", time: nil, level: .unknown),
        Case(line: "2026-13-02 03:04:05 x", time: nil, level: .unknown),
        Case(line: "2026-02-30 03:04:05 x", time: nil, level: .unknown),
        Case(line: "2026-01-02 25:04:05 x", time: nil, level: .unknown),
        Case(line: "", time: nil, level: .unknown),
        Case(line: "[", time: nil, level: .unknown),
        Case(line: "Jun", time: nil, level: .unknown),
    ]

    @Test(arguments: shapes) func readsWhatPlainlyStandsThere(_ item: Case) {
        let (time, level) = read(item.line)
        #expect(time == item.time.flatMap { Timestamp(parsing: $0) })
        #expect(level == item.level)
    }

    @Test func aTimeWithoutAZoneIsLocal() {
        let offsets = LocalOffsets { $0 < 1_780_000_000 ? 3600 : 7200 }
        #expect(read("2015-10-18 18:01:47 x", offsets: offsets).time == Timestamp(parsing: "2015-10-18T17:01:47Z"))
        #expect(read("2026-10-18 18:01:47 x", offsets: offsets).time == Timestamp(parsing: "2026-10-18T16:01:47Z"))
        #expect(read("2015-10-18 18:01:47Z x", offsets: offsets).time == Timestamp(parsing: "2015-10-18T18:01:47Z"))
        #expect(read("Jun 14 15:16:02 x", offsets: offsets).time == Timestamp(parsing: "2026-06-14T13:16:02Z"))
    }

    @Test func theYearIsTheOneClosestToNow() {
        let newYear = Timestamp(parsing: "2027-01-01T00:00:10Z") ?? .distantPast
        #expect(read("Dec 31 23:59:59 x", now: newYear).time == Timestamp(parsing: "2026-12-31T23:59:59Z"))
        let lastDay = Timestamp(parsing: "2026-12-31T23:59:50Z") ?? .distantPast
        #expect(read("Jan  1 00:00:01 x", now: lastDay).time == Timestamp(parsing: "2027-01-01T00:00:01Z"))
    }

    @Test func bytesOfAnyKindDoNoHarm() {
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        var reader = PlainLineReader()
        let alphabet = Array("0123456789-/:., []<>JunDecTZ+=level\0\u{FF}".utf8)
        for _ in 0..<20_000 {
            let bytes = (0..<random.below(48)).map { _ in random.pick(alphabet) }
            let first = bytes.withUnsafeBytes { reader.read($0, now: PlainLineTests.now) }
            // What stands behind the end of the line must not be looked at.
            let longer = bytes + Array("0123456789".utf8)
            var other = PlainLineReader()
            let second = longer.withUnsafeBytes { buffer in
                other.read(UnsafeRawBufferPointer(rebasing: buffer[..<bytes.count]), now: PlainLineTests.now)
            }
            #expect(first.time == second.time && first.level == second.level, "seed \(seed), line \(bytes)")
        }
    }
}
