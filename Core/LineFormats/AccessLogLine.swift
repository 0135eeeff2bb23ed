public import LogModel

/// One line of a web server's access log in the common or the combined format of Apache and nginx; what stands behind
/// these is left alone. The parts are ranges of the line; what is written `-` is nil.
///
/// `127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 200 2326 "http://from/" "Mozilla/4.08"`
public struct AccessLogLine: Equatable, Sendable {
    /// The client's address or name.
    public var client: Range<Int>
    /// Who has logged in.
    public var user: Range<Int>?
    /// The time without its brackets.
    public var time: Range<Int>
    /// `GET`; nil when the request is not of three words.
    public var method: Range<Int>?
    /// What was asked for, its query included.
    public var path: Range<Int>?
    /// `HTTP/1.1`.
    public var version: Range<Int>?
    /// The request as it came, when it is not of the usual form.
    public var request: Range<Int>?
    /// Three digits.
    public var status: Range<Int>
    /// The first digit of the status.
    public var statusClass: Int
    /// Bytes of the answer's body.
    public var bytes: Range<Int>?
    /// Where the client came from.
    public var referrer: Range<Int>?
    /// What the client calls itself.
    public var userAgent: Range<Int>?

    /// How severe an answer is: from 500 on an error, from 400 on a warning, else information.
    public var level: Level { statusClass >= 5 ? .error : statusClass == 4 ? .warn : .info }

    /// Reads a line; nil when it has another form.
    public init?(_ text: UnsafeRawBufferPointer) {
        let line = unsafe LineBytes(text)
        var index = 0
        guard let client = AccessLogLine.word(line, &index), AccessLogLine.word(line, &index) != nil else { return nil }
        self.client = client
        // The user may have blanks in its name; the time's bracket ends it.
        let userStart = index
        while index < line.count, line[index] != 0x5B { index += 1 }
        guard line[index] == 0x5B, index > userStart + 1, line[index - 1] == 0x20 else { return nil }
        user = AccessLogLine.value(line, userStart..<(index - 1))
        let timeStart = index + 1
        while index < line.count, line[index] != 0x5D { index += 1 }
        guard line[index] == 0x5D, line[index + 1] == 0x20 else { return nil }
        time = timeStart..<index
        index += 2
        guard let request = AccessLogLine.quoted(line, &index) else { return nil }
        guard let status = AccessLogLine.word(line, &index), status.count == 3, line.number(status.lowerBound, 3) >= 0
        else { return nil }
        self.status = status
        statusClass = line.number(status.lowerBound, 1)
        guard let bytes = AccessLogLine.word(line, &index) else { return nil }
        let size = AccessLogLine.value(line, bytes)
        guard size.map({ line.endOfDigits($0.lowerBound) == $0.upperBound }) ?? true else { return nil }
        self.bytes = size
        if line[index] == 0x22, let referrer = AccessLogLine.quoted(line, &index) {
            self.referrer = AccessLogLine.value(line, referrer)
            if line[index] == 0x22, let agent = AccessLogLine.quoted(line, &index) {
                userAgent = AccessLogLine.value(line, agent)
            }
        }
        split(line, request)
    }

    private mutating func split(_ line: LineBytes, _ request: Range<Int>) {
        var index = request.lowerBound
        while line.isLetter(index), index < request.upperBound { index += 1 }
        let method = request.lowerBound..<index
        var end = request.upperBound
        while end > index, line[end - 1] != 0x20 { end -= 1 }
        guard !method.isEmpty, line[index] == 0x20, end - 1 > index + 1,
            line[end] == 0x48, line[end + 1] == 0x54, line[end + 2] == 0x54, line[end + 3] == 0x50
        else {
            self.request = AccessLogLine.value(line, request)
            return
        }
        self.method = method
        path = (index + 1)..<(end - 1)
        version = end..<request.upperBound
    }

    /// A run without blanks, and the blank behind it.
    private static func word(_ line: LineBytes, _ index: inout Int) -> Range<Int>? {
        let start = index
        while index < line.count, line[index] != 0x20 { index += 1 }
        let word = start..<index
        if index < line.count { index += 1 }
        return word.isEmpty ? nil : word
    }

    /// What stands between quotes, and the blank behind them. A backslash takes the next byte along.
    private static func quoted(_ line: LineBytes, _ index: inout Int) -> Range<Int>? {
        guard line[index] == 0x22 else { return nil }
        let start = index + 1
        var end = start
        while end < line.count, line[end] != 0x22 { end += line[end] == 0x5C ? 2 : 1 }
        guard end < line.count else { return nil }
        index = end + 1
        if line[index] == 0x20 { index += 1 }
        return start..<end
    }

    private static func value(_ line: LineBytes, _ range: Range<Int>) -> Range<Int>? {
        range.isEmpty || (range.count == 1 && line[range.lowerBound] == 0x2D) ? nil : range
    }
}
