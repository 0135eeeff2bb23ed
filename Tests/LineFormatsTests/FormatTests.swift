import LineFormats
import LogModel
import TestSupport
import Testing

struct FormatTests {
    private static let now = Timestamp(parsing: "2026-11-21T07:00:00Z") ?? .distantPast

    private func text(_ line: String, _ range: Range<Int>?) -> String? {
        range.map { String(decoding: Array(line.utf8)[$0], as: UTF8.self) }
    }

    private func withLine<R>(_ line: String, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        Array(line.utf8).withUnsafeBytes { body($0) }
    }

    // MARK: Access logs

    @Test func combinedLinesAreTakenApart() throws {
        let line =
            #"203.0.113.7 - jane doe [10/Oct/2000:13:55:36 -0700] "GET /a b?c=1 HTTP/1.1" 503 2326 "#
            + #""https://from/" "Mozilla \"x\" (5.0)" 0.004"#
        let found = try #require(withLine(line) { AccessLogLine($0) })
        #expect(text(line, found.client) == "203.0.113.7")
        #expect(text(line, found.user) == "jane doe")
        #expect(text(line, found.time) == "10/Oct/2000:13:55:36 -0700")
        #expect(text(line, found.method) == "GET")
        #expect(text(line, found.path) == "/a b?c=1")
        #expect(text(line, found.version) == "HTTP/1.1")
        #expect(text(line, found.status) == "503")
        #expect(text(line, found.bytes) == "2326")
        #expect(text(line, found.referrer) == "https://from/")
        #expect(text(line, found.userAgent) == #"Mozilla \"x\" (5.0)"#)
        #expect(found.level == .error)
    }

    @Test func commonLinesAndOddRequestsAreKnown() throws {
        let line = #"::1 - - [01/Jan/2026:00:00:00 +0000] "\x16\x03\x01" 400 -"#
        let found = try #require(withLine(line) { AccessLogLine($0) })
        #expect(found.user == nil && found.method == nil && found.bytes == nil && found.referrer == nil)
        #expect(text(line, found.request) == #"\x16\x03\x01"#)
        #expect(found.level == .warn)
    }

    @Test(arguments: [
        "", "hello world", "1.2.3.4 - - [x] GET", #"1.2.3.4 - - [x] "GET / HTTP/1.1""#,
        #"1.2.3.4 - - [x] "GET / HTTP/1.1" abc 1"#, #"1.2.3.4 - - [x] "GET / HTTP/1.1 200 1"#,
    ]) func whatIsNoAccessLog(_ line: String) {
        #expect(withLine(line) { AccessLogLine($0) } == nil)
    }

    // MARK: logfmt

    private func pairs(_ line: String) -> [String]? {
        withLine(line) { bytes in
            var scanner = LogfmtScanner(bytes)
            var result: [String] = []
            while true {
                switch scanner.next() {
                case .end: return result
                case .malformed: return nil
                case .pair(let pair):
                    let key = text(line, pair.key) ?? ""
                    result.append(pair.hasValue ? "\(key)=\(text(line, pair.value) ?? "")" : key)
                }
            }
        }
    }

    @Test func logfmtPairsAreFound() {
        #expect(
            pairs(#"a=1 b="x \"y\" z"  c= d e.f=/p?q=1"# + "\r") == ["a=1", #"b=x \"y\" z"#, "c=", "d", "e.f=/p?q=1"])
        #expect(pairs("") == [])
    }

    @Test(arguments: ["=1", #"a="x"#, #"a="x"y"#, #"a"b=1"#, #"a=b"c"#]) func whatIsNoLogfmt(_ line: String) {
        #expect(pairs(line) == nil)
    }

    // MARK: CRI

    @Test func criLinesAreTakenApart() throws {
        let line = "2026-01-02T03:04:05.678901234+01:00 stderr P:x some text "
        let found = try #require(withLine(line) { CRILine($0) })
        #expect(found.time == Timestamp(parsing: "2026-01-02T02:04:05.678901234Z"))
        #expect(found.stream == .stderr && found.isPartial)
        #expect(text(line, found.textStart..<line.utf8.count) == "some text ")
        let empty = try #require(withLine("2026-01-02T03:04:05Z stdout F") { CRILine($0) })
        #expect(!empty.isPartial && empty.textStart == 29)
    }

    @Test(arguments: [
        "", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z stdin F x", "2026-01-02T03:04:05Z stdout G x",
        "2026-01-02T03:04:05Z stdout Fx", "yesterday stdout F x",
    ]) func whatIsNoCRI(_ line: String) { #expect(withLine(line) { CRILine($0) } == nil) }

    // MARK: Syslog

    private func syslog(_ line: String) -> SyslogLine? {
        var reader = SyslogReader()
        return withLine(line) { reader.read($0, now: Self.now) }
    }

    @Test func protocol5424IsTakenApart() throws {
        let line =
            #"<165>1 2003-10-11T22:14:15.003Z web1 evntslog 12 ID47 [a@1 x="1" y="a\]b"][b z=""] "# + "\u{FEFF}An event"
        let found = try #require(syslog(line))
        #expect(found.priority == 165 && found.level == .info)
        #expect(found.time == Timestamp(parsing: "2003-10-11T22:14:15.003Z"))
        #expect(text(line, found.host) == "web1" && text(line, found.program) == "evntslog")
        #expect(text(line, found.process) == "12" && text(line, found.messageID) == "ID47")
        #expect(text(line, found.messageStart..<line.utf8.count) == "An event")
        let data = try #require(found.structuredData)
        var parameters: [String] = []
        withLine(line) { bytes in
            SyslogReader.parameters(of: bytes, in: data) { id, name, value, hasEscapes in
                parameters.append(
                    "\(text(line, id) ?? "").\(text(line, name) ?? "")=\(text(line, value) ?? "") \(hasEscapes)")
            }
        }
        #expect(parameters == ["a@1.x=1 false", #"a@1.y=a\]b true"#, "b.z= false"])
    }

    @Test func absentPartsOf5424AreNil() throws {
        let found = try #require(syslog("<0>1 - - - - - -"))
        #expect(found.time == nil && found.host == nil && found.program == nil && found.level == .fatal)
        #expect(found.messageStart == 16)
    }

    struct Old: Sendable {
        var line: String
        var host: String
        var program: String?
        var process: String?
        var message: String
    }

    @Test(arguments: [
        Old(
            line: "<34>Oct 11 22:14:15 mymachine su: 'su root' failed", host: "mymachine", program: "su", process: nil,
            message: "'su root' failed"),
        Old(
            line: "Oct  1 02:14:15 web sshd[411]: Accepted", host: "web", program: "sshd", process: "411",
            message: "Accepted"),
        Old(
            line: "2026-01-02T03:04:05.123456+00:00 web kernel: [1.5] x", host: "web", program: "kernel", process: nil,
            message: "[1.5] x"),
        Old(line: "Oct 11 22:14:15 web no tag here", host: "web", program: nil, process: nil, message: "no tag here"),
    ]) func theOldFormIsTakenApart(_ item: Old) throws {
        let found = try #require(syslog(item.line))
        #expect(text(item.line, found.host) == item.host)
        #expect(text(item.line, found.program) == item.program)
        #expect(text(item.line, found.process) == item.process)
        #expect(text(item.line, found.messageStart..<item.line.utf8.count) == item.message)
    }

    @Test(arguments: ["", "hello", "<999>Oct 11 22:14:15 h x", "<34>1 x y z", "<34>1 - - - - - [open"])
    func whatIsNoSyslog(_ line: String) { #expect(syslog(line) == nil) }

    // MARK: Any bytes

    @Test func anyBytesAreReadWithoutATrap() {
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        let pieces: [[UInt8]] = [
            "<34>", "1 ", "2026-01-02T03:04:05Z ", "stdout ", "F ", "P", "\"", "\\", "[", "]", "=", " ", "a", "Oct 11 ",
            "22:14:15 ", "x[", "GET / HTTP/1.1", "- ", "200", "\r", "9999999999999999999", "+99:99", ".",
        ].map { Array($0.utf8) }
        var syslog = SyslogReader()
        var formats = ["%Y-%m-%d %H:%M:%S", "%d/%b/%y %I:%M %p %z", "%j %Y %H", "epoch_ms", "rfc3339", "%s.%f"]
            .compactMap { try? TimeFormat($0) }.map { TimeFormatReader($0) }
        for _ in 0..<20_000 {
            var line: [UInt8] = []
            for _ in 0..<random.below(12) {
                line += random.chance(85) ? random.pick(pieces) : random.bytes(random.below(5))
            }
            line.withUnsafeBytes { bytes in
                if let found = AccessLogLine(bytes) { #expect(found.status.upperBound <= bytes.count, "seed \(seed)") }
                if let found = CRILine(bytes) { #expect(found.textStart <= bytes.count, "seed \(seed)") }
                var scanner = LogfmtScanner(bytes)
                scanning: while true {
                    switch scanner.next() {
                    case .end, .malformed: break scanning
                    case .pair(let pair): #expect(pair.value.upperBound <= bytes.count, "seed \(seed)")
                    }
                }
                if let found = syslog.read(bytes, now: Self.now) {
                    #expect(found.messageStart <= bytes.count, "seed \(seed)")
                    if let data = found.structuredData {
                        SyslogReader.parameters(of: bytes, in: data) { _, _, value, _ in
                            #expect(value.upperBound <= bytes.count, "seed \(seed)")
                        }
                    }
                }
                for index in formats.indices {
                    if let found = formats[index].read(bytes, now: Self.now) {
                        #expect(found.end <= bytes.count, "seed \(seed)")
                    }
                }
            }
        }
    }
}
