public import LogModel

/// The parts of a syslog line as ranges of it.
public struct SyslogLine: Equatable, Sendable {
    /// Facility and severity, `<34>`: 0 to 191.
    public var priority: Int?
    /// The time; nil where it is written `-`.
    public var time: Timestamp?
    /// The host's name.
    public var host: Range<Int>?
    /// The program, without its number.
    public var program: Range<Int>?
    /// The process' number, or what the program takes for it.
    public var process: Range<Int>?
    /// RFC 5424's kind of message.
    public var messageID: Range<Int>?
    /// RFC 5424's structured data, brackets included.
    public var structuredData: Range<Int>?
    /// Where the message begins; it ends where the line does.
    public var messageStart: Int

    /// The severity as a level; `.unknown` without a priority.
    public var level: Level { priority.map { Self.level(severity: $0 & 7) } ?? .unknown }

    /// The facility by its usual name; nil without a priority.
    public var facility: StaticString? { priority.flatMap { Self.name(facility: $0 >> 3) } }

    /// What a severity means, 0 (emergency) to 7 (debug).
    public static func level(severity: Int) -> Level {
        switch severity {
        case ...2: .fatal
        case 3: .error
        case 4: .warn
        case 5, 6: .info
        default: .debug
        }
    }

    /// The usual name of a facility; nil when there is none of that number.
    public static func name(facility: Int) -> StaticString? {
        facilities.indices.contains(facility) ? facilities[facility] : nil
    }

    private static let facilities: [StaticString] = [
        "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
        "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
    ]
}

/// Reads syslog lines: RFC 5424, RFC 3164 with and without a host, and what daemons write into files, which is RFC 3164
/// without a priority and perhaps with an RFC 3339 time. One owner, one thread at a time.
public struct SyslogReader {
    private var times: TimeGuess

    /// Makes a reader.
    ///
    /// - Parameter offsets: what zone times without one are in.
    public init(offsets: LocalOffsets = .utc) {
        times = TimeGuess(offsets: offsets)
    }

    /// Takes a line apart.
    ///
    /// - Parameters:
    ///   - text: one line without its line break; any bytes.
    ///   - now: chooses the year of times that have none.
    /// - Returns: its parts; nil when it is no syslog.
    public mutating func read(_ text: UnsafeRawBufferPointer, now: Timestamp) -> SyslogLine? {
        let line = unsafe LineBytes(text)
        var result = SyslogLine(messageStart: 0)
        var index = 0
        if line[0] == 0x3C {
            let close = line.endOfDigits(1)
            guard line[close] == 0x3E, close > 1, close <= 4 else { return nil }
            let priority = line.number(1, close - 1)
            guard priority <= 191 else { return nil }
            result.priority = priority
            index = close + 1
            if line[index] == 0x31, line[index + 1] == 0x20 { return protocol5424(line, index + 2, result, now) }
        }
        // Other times, such as those of web servers, are found as well; here one must stand at the start.
        guard line.isDigit(index) || line.isLetter(index),
            let found = times.find(in: line, now: now), line[found.end] == 0x20
        else { return nil }
        result.time = found.time
        index = found.end + 1
        guard let host = SyslogReader.word(line, &index) else { return nil }
        // Programs that log on their own machine leave the host out: the tag with its colon follows at once.
        if line[host.upperBound - 1] == 0x3A, line[host.upperBound - 2] != 0x3A {
            index = host.lowerBound
        } else {
            result.host = host
        }
        tag(line, index, &result)
        return result
    }

    /// `tag[123]: message`; without a tag all of it is the message.
    private func tag(_ line: LineBytes, _ start: Int, _ result: inout SyslogLine) {
        var index = start
        while SyslogReader.isTag(line[index]), index - start <= 64 { index += 1 }
        let program = start..<index
        var process: Range<Int>?
        if line[index] == 0x5B {
            let first = index + 1
            while index < line.count, line[index] != 0x5D, index - first < 32 { index += 1 }
            if line[index] == 0x5D {
                process = first..<index
                index += 1
            }
        }
        result.messageStart = start
        guard !program.isEmpty, line[index] == 0x3A else { return }
        result.program = program
        result.process = process.flatMap { $0.isEmpty ? nil : $0 }
        index += 1
        if line[index] == 0x20 { index += 1 }
        result.messageStart = min(index, line.count)
    }

    private mutating func protocol5424(
        _ line: LineBytes, _ start: Int, _ head: SyslogLine, _ now: Timestamp
    ) -> SyslogLine? {
        var result = head
        var index = start
        guard let time = SyslogReader.word(line, &index) else { return nil }
        if let value = SyslogReader.value(line, time) {
            guard let parsed = unsafe Timestamp(rfc3339: line.slice(value)) else { return nil }
            result.time = parsed
        }
        guard let host = SyslogReader.word(line, &index), let program = SyslogReader.word(line, &index),
            let process = SyslogReader.word(line, &index), let messageID = SyslogReader.word(line, &index)
        else { return nil }
        result.host = SyslogReader.value(line, host)
        result.program = SyslogReader.value(line, program)
        result.process = SyslogReader.value(line, process)
        result.messageID = SyslogReader.value(line, messageID)
        if line[index] == 0x2D {
            index += 1
        } else {
            let first = index
            while line[index] == 0x5B {
                guard let end = SyslogReader.element(line, index) else { return nil }
                index = end
            }
            guard index > first else { return nil }
            result.structuredData = first..<index
        }
        guard index == line.count || line[index] == 0x20 else { return nil }
        index = min(index + 1, line.count)
        // A byte order mark says that the message is UTF-8, which it is taken for anyway.
        if line[index] == 0xEF, line[index + 1] == 0xBB, line[index + 2] == 0xBF { index += 3 }
        result.messageStart = index
        return result
    }

    /// The index behind `[id name="value" ...]`.
    private static func element(_ line: LineBytes, _ start: Int) -> Int? {
        var index = start + 1
        var isQuoted = false
        while index < line.count {
            switch line[index] {
            case 0x5C where isQuoted: index += 1
            case 0x22: isQuoted.toggle()
            case 0x5D where !isQuoted: return index + 1
            default: break
            }
            index += 1
        }
        return nil
    }

    /// Goes over the parameters of structured data: the id of their element, name, value, and whether it has escapes.
    public static func parameters(
        of text: UnsafeRawBufferPointer, in range: Range<Int>,
        _ body: (_ id: Range<Int>, _ name: Range<Int>, _ value: Range<Int>, _ hasEscapes: Bool) -> Void
    ) {
        let line = unsafe LineBytes(text)
        var index = range.lowerBound
        while index < range.upperBound, line[index] == 0x5B {
            let idStart = index + 1
            index = idStart
            while index < range.upperBound, line[index] != 0x20, line[index] != 0x5D { index += 1 }
            let id = idStart..<index
            while index < range.upperBound, line[index] == 0x20 {
                let nameStart = index + 1
                index = nameStart
                while index < range.upperBound, line[index] != 0x3D, line[index] != 0x5D { index += 1 }
                let name = nameStart..<index
                guard line[index] == 0x3D, line[index + 1] == 0x22 else { break }
                let first = index + 2
                index = first
                var hasEscapes = false
                while index < range.upperBound, line[index] != 0x22 {
                    if line[index] == 0x5C {
                        hasEscapes = true
                        index += 1
                    }
                    index += 1
                }
                guard index < range.upperBound else { return }
                if !name.isEmpty { body(id, name, first..<index, hasEscapes) }
                index += 1
            }
            while index < range.upperBound, line[index] != 0x5D { index += 1 }
            index += 1
        }
    }

    private static func word(_ line: LineBytes, _ index: inout Int) -> Range<Int>? {
        let start = index
        while index < line.count, line[index] != 0x20 { index += 1 }
        let word = start..<index
        if index < line.count { index += 1 }
        return word.isEmpty ? nil : word
    }

    private static func value(_ line: LineBytes, _ range: Range<Int>) -> Range<Int>? {
        range.count == 1 && line[range.lowerBound] == 0x2D ? nil : range
    }

    private static func isTag(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || byte == 0x2D || byte == 0x2E || byte == 0x5F || byte == 0x2F
            || byte == 0x40 || byte == 0x28 || byte == 0x29
    }
}
