internal import LogModel
internal import QueryLanguage

/// Reads lines of syslog, RFC 3164 and RFC 5424.
struct Syslog {
    /// Times without a year lie in the last twelve months.
    let now: Timestamp
    /// How far east of UTC times without a zone are, nanoseconds.
    let offset: Int64

    private static let facilities = [
        "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
        "security", "console", "solaris-cron", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
        "local7",
    ]
    private static let levels = ["emerg", "alert", "critical", "error", "warning", "notice", "info", "debug"]

    typealias Fields = [(name: String, value: [UInt8])]

    /// The fields of a line; as many as can be told.
    func fields(of text: [UInt8]) -> Fields {
        var fields: Fields = []
        var rest = text[...]
        if rest.first == 0x3C {
            guard let end = rest.firstIndex(of: 0x3E) else { return [] }
            let digits = Array(rest[(rest.startIndex + 1)..<end])
            fields.append(("priority", digits))
            guard let priority = NumberReading.unsigned(digits) else { return fields }
            let (facility, severity) = (priority / 8, priority % 8)
            let keyword = facility < 24 ? Self.facilities[Int(facility)] : "unknown"
            fields.append(("facility_keyword", Array(keyword.utf8)))
            fields.append(("level", Array(Self.levels[Int(severity)].utf8)))
            fields.append(("facility", Array("\(facility)".utf8)))
            fields.append(("severity", Array("\(severity)".utf8)))
            rest = rest[(end + 1)...]
        }
        if rest.isEmpty { return fields }
        if rest.starts(with: Array("1 ".utf8)) {
            fields.append(("format", Array("rfc5424".utf8)))
            readNew(rest.dropFirst(2), into: &fields)
        } else {
            fields.append(("format", Array("rfc3164".utf8)))
            readOld(rest, into: &fields)
        }
        return fields
    }

    /// Reads up to a space as a field; false at the end.
    private func take(_ name: String, _ rest: inout ArraySlice<UInt8>, into fields: inout Fields) -> Bool {
        let space = rest.firstIndex(of: 0x20)
        fields.append((name, Array(rest[..<(space ?? rest.endIndex)])))
        guard let space else { return false }
        rest = rest[(space + 1)...]
        return true
    }

    private func readNew(_ text: ArraySlice<UInt8>, into fields: inout Fields) {
        var rest = text
        if rest.isEmpty { return }
        for name in ["timestamp", "hostname", "app_name", "proc_id", "msg_id"] {
            guard take(name, &rest, into: &fields) else { return }
        }
        if rest.starts(with: Array("- ".utf8)) {
            rest = rest.dropFirst(2)
        } else {
            while true {
                guard readElement(&rest, into: &fields) else { return }
                guard rest.first == 0x20 else { continue }
                rest = rest.dropFirst()
                break
            }
        }
        fields.append(("message", Array(rest)))
    }

    /// Reads `[id name="value" ...]`; false when there is none, or it has no end.
    private func readElement(_ rest: inout ArraySlice<UInt8>, into fields: inout Fields) -> Bool {
        guard rest.first == 0x5B,
            let idEnd = rest.firstIndex(where: { $0 == 0x20 || $0 == 0x5D })
        else { return false }
        var id = rest[(rest.startIndex + 1)..<idEnd]
        if let equals = id.firstIndex(of: 0x3D) {
            fields.append((String(decoding: id[..<equals], as: UTF8.self), Array(id[(equals + 1)...])))
            id = []
        }
        var index = idEnd
        var isQuoted = false
        while index < rest.endIndex {
            let byte = rest[index]
            if byte == 0x5C, isQuoted {
                index += 2
                continue
            }
            if byte == 0x22 { isQuoted.toggle() }
            if byte == 0x5D, !isQuoted { break }
            index += 1
        }
        guard index < rest.endIndex else { return false }
        var body: [UInt8] = []
        for byte in rest[idEnd..<index] {
            // `\]` is an escape here, and nowhere else.
            if byte == 0x5D, body.last == 0x5C { body.removeLast() }
            body.append(byte)
        }
        let start = body.firstIndex { $0 != 0x20 } ?? body.endIndex
        let found = Logfmt.fields(of: Array(body[start...]))
        let name = String(decoding: id, as: UTF8.self)
        if found.isEmpty, !name.isEmpty { fields.append((name, [])) }
        for field in found { fields.append((name.isEmpty ? field.name : name + "." + field.name, field.value)) }
        rest = rest[(index + 1)...]
        return true
    }

    private func readOld(_ text: ArraySlice<UInt8>, into fields: inout Fields) {
        var rest = text
        guard rest.count >= 15, let time = time(rest.prefix(15)) else {
            fields.append(("message", Array(rest)))
            return
        }
        fields.append(("timestamp", Array(milliseconds(time).utf8)))
        rest = rest.dropFirst(15)
        guard rest.first == 0x20 else {
            if !rest.isEmpty { fields.append(("message", Array(rest))) }
            return
        }
        rest = rest.dropFirst()
        guard take("hostname", &rest, into: &fields) else { return }
        let tagEnd = rest.firstIndex { $0 == 0x5B || $0 == 0x3A || $0 == 0x20 }
        fields.append(("app_name", Array(rest[..<(tagEnd ?? rest.endIndex)])))
        guard let tagEnd else { return }
        rest = rest[tagEnd...]
        if rest.first == 0x5B {
            guard let end = rest.firstIndex(of: 0x5D) else { return }
            fields.append(("proc_id", Array(rest[(rest.startIndex + 1)..<end])))
            rest = rest[(end + 1)...]
        }
        if rest.first == 0x3A { rest = rest.dropFirst() }
        if rest.first == 0x20 { rest = rest.dropFirst() }
        if !rest.isEmpty { fields.append(("message", Array(rest))) }
    }

    /// `Jun  5 14:00:01` as the latest such time that is not more than a day ahead.
    private func time(_ text: ArraySlice<UInt8>) -> Timestamp? {
        let bytes = Array(text)
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func number(_ start: Int, padded: Bool = false) -> Int? {
            let tens = bytes[start]
            guard let ones = Int(String(decoding: [bytes[start + 1]], as: UTF8.self)) else { return nil }
            if padded, tens == 0x20 { return ones }
            return Int(String(decoding: [tens], as: UTF8.self)).map { $0 * 10 + ones }
        }
        guard let month = months.firstIndex(of: String(decoding: bytes[0..<3], as: UTF8.self)), bytes[3] == 0x20,
            bytes[6] == 0x20, bytes[9] == 0x3A, bytes[12] == 0x3A, let day = number(4, padded: true),
            let hour = number(7), let minute = number(10), let second = number(13), hour < 24, minute < 60, second < 60
        else { return nil }
        let today = now.nanoseconds / 86_400_000_000_000
        let year = CivilDate(daysSinceEpoch: Int(today)).year
        func moment(_ year: Int) -> Timestamp? {
            let date = CivilDate(year: year, month: month + 1, day: day)
            guard date.isValid || (month == 1 && day == 29) else { return nil }
            let seconds = date.daysSinceEpoch * 86_400 + hour * 3_600 + minute * 60 + second
            return Timestamp(seconds: Int64(seconds))?.adding(nanoseconds: offset == .min ? .max : -offset)
        }
        guard let time = moment(year) else { return nil }
        return time > now.adding(nanoseconds: 86_400_000_000_000) ? moment(year - 1) : time
    }

    private func milliseconds(_ time: Timestamp) -> String {
        let text = time.description
        return text.utf8.count == 20 ? text.dropLast() + ".000Z" : text
    }
}
