import Glibc
package import LogModel

/// The zone in which times without one are read and all times are printed.
package enum TimeZoneChoice: String, Sendable, CaseIterable {
    case utc = "UTC"
    case local = "Local"

    /// Seconds east of UTC at a moment.
    package func offset(at moment: Timestamp) -> Int {
        guard self == .local else { return 0 }
        var seconds = time_t(moment.floored(toMultipleOf: 1_000_000_000).nanoseconds / 1_000_000_000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        return parts.tm_gmtoff
    }

    /// RFC 3339 in this zone, with `digits` digits of the fraction.
    package func text(_ moment: Timestamp, digits: Int = 3) -> String {
        let offset = offset(at: moment)
        let text = moment.adding(nanoseconds: Int64(offset) * 1_000_000_000)
        var out = Self.format(text, digits: digits)
        guard self == .local else { return out }
        out.removeLast()
        let minutes = abs(offset) / 60
        return out + (offset < 0 ? "-" : "+") + Self.two(minutes / 60) + ":" + Self.two(minutes % 60)
    }

    private static func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

    private static func format(_ moment: Timestamp, digits: Int) -> String {
        // The shortest form has no fraction on whole seconds; columns want the same width everywhere.
        let whole = moment.floored(toMultipleOf: 1_000_000_000)
        var text = whole.description
        guard digits > 0 else { return text }
        text.removeLast()
        let nanos = String(moment.nanoseconds - whole.nanoseconds)
        let padded = String(repeating: "0", count: 9 - nanos.count) + nanos
        return text + "." + padded.prefix(digits) + "Z"
    }
}

/// A moment as people write it: RFC 3339, a day `2025-06-15`, a minute `2025-06-15T14:03`, `14:03` or `14:03:27` (the last time it was that late), `15m` or `-15m` (ago),
/// `now`, or a number of seconds, milliseconds, microseconds or nanoseconds since 1970.
package enum TimeArgument {
    /// Reads a moment; nil when `text` is none.
    package static func parse(_ text: String, now: Timestamp, zone: TimeZoneChoice) -> Timestamp? {
        if text == "now" { return now }
        if let moment = clockTime(text, now: now, zone: zone) { return moment }
        let span = text.hasPrefix("-") ? String(text.dropFirst()) : text
        if let length = Duration(logForm: span), !span.hasPrefix("-"), !span.hasPrefix("+") {
            return now.adding(nanoseconds: -length.wholeNanoseconds)
        }
        // A day, or a minute of a day, is its beginning.
        let isDate = text.utf8.count >= 10 && text.utf8.dropFirst(4).first == 0x2D
        let rest = !isDate ? "" : text.utf8.count == 10 ? "T00:00:00" : text.utf8.count == 16 ? ":00" : ""
        guard let moment = Timestamp(parsing: text + rest) else { return nil }
        // A number since the epoch needs no zone; RFC 3339 has it behind the seconds and their fraction.
        func isNumeric(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) || byte == 0x2E || byte == 0x2C }
        let namesZone = text.utf8.allSatisfy(isNumeric) || !text.utf8.dropFirst(19).allSatisfy(isNumeric)
        return namesZone ? moment : fromZone(moment, zone: zone)
    }

    /// Takes a clock reading of the zone for what it is in UTC.
    private static func fromZone(_ reading: Timestamp, zone: TimeZoneChoice) -> Timestamp {
        let guess = zone.offset(at: reading)
        // Around a change of the offset the second look decides.
        let offset = zone.offset(at: reading.adding(nanoseconds: -Int64(guess) * 1_000_000_000))
        return reading.adding(nanoseconds: -Int64(offset) * 1_000_000_000)
    }

    private static func clockTime(_ text: String, now: Timestamp, zone: TimeZoneChoice) -> Timestamp? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3, parts.allSatisfy({ (1...2).contains($0.utf8.count) }) else {
            return nil
        }
        let numbers = parts.compactMap { part in part.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } ? Int(part) : nil }
        guard numbers.count == parts.count, numbers[0] < 24, numbers[1] < 60, numbers.last ?? 0 < 60 else { return nil }
        let seconds = numbers[0] * 3600 + numbers[1] * 60 + (numbers.count == 3 ? numbers[2] : 0)
        let day: Int64 = 86_400_000_000_000
        let local = now.adding(nanoseconds: Int64(zone.offset(at: now)) * 1_000_000_000)
        let reading = local.floored(toMultipleOf: day).adding(nanoseconds: Int64(seconds) * 1_000_000_000)
        let moment = fromZone(reading, zone: zone)
        return moment <= now ? moment : fromZone(reading.adding(nanoseconds: -day), zone: zone)
    }
}
