package import LogModel

/// A time as a query writes it: counted from now, or a date that may leave out its small parts.
package enum TimePoint: Hashable, Sendable {
    /// So many nanoseconds after now; negative for `now-5m`.
    case relative(nanoseconds: Int64)
    /// A year, month, day, hour, minute, second or fraction of a second.
    case calendar(CalendarPeriod)

    /// Reads `now`, `now-5m`, `5m` and `-5m` (both five minutes ago), a date such as `2025-06` or
    /// `2025-06-15T14:00:00+02:00`, or seconds to nanoseconds since the epoch. Nil for anything else.
    package init?(_ text: String) {
        if let period = CalendarPeriod(text) {
            self = .calendar(period)
        } else if text.lowercased() == "now" {
            self = .relative(nanoseconds: 0)
        } else if text.lowercased().hasPrefix("now"), text.dropFirst(3).first.map({ "+-".contains($0) }) == true,
            let duration = Duration(logForm: String(text.dropFirst(3)))
        {
            self = .relative(nanoseconds: duration.wholeNanoseconds)
        } else if let duration = Duration(logForm: text) {
            self = .relative(nanoseconds: text.hasPrefix("-") ? duration.wholeNanoseconds : -duration.wholeNanoseconds)
        } else if text.utf8.count >= 9, let moment = Timestamp(parsing: text) {
            // Fewer digits would be a date in 1970 or, more likely, a mistake.
            self = .calendar(CalendarPeriod(moment))
        } else {
            return nil
        }
    }

    /// The first and the last nanosecond of the time.
    package func bounds(now: Timestamp) -> ClosedRange<Int64> {
        switch self {
        case .relative(let nanoseconds):
            let moment = now.adding(nanoseconds: nanoseconds).nanoseconds
            return moment...moment
        case .calendar(let period): return period.bounds
        }
    }
}

extension TimePoint: CustomStringConvertible {
    /// The time in canonical form.
    package var description: String {
        switch self {
        case .relative(0): "now"
        case .relative(let nanoseconds):
            "now" + (nanoseconds > 0 ? "+" : "") + Duration.nanoseconds(nanoseconds).logForm
        case .calendar(let period): period.description
        }
    }
}

/// A year, or a smaller part of one, in some time zone.
package struct CalendarPeriod: Hashable, Sendable {
    /// How much of a date is given.
    package enum Precision: Hashable, Sendable {
        case year, month, day, hour, minute, second
        /// So many digits of the fraction of a second, 1 to 9.
        case fraction(digits: Int)
    }

    /// The first nanosecond.
    package let start: Int64
    /// How long the period is.
    package let precision: Precision
    /// The zone that its hours and days are counted in, seconds east of UTC.
    package let zoneSeconds: Int

    /// One moment, to the nanosecond.
    package init(_ moment: Timestamp) {
        start = moment.nanoseconds
        precision = .fraction(digits: 9)
        zoneSeconds = 0
    }

    /// Reads `2025`, `2025-06`, `2025-06-15`, `2025-06-15T14`, `...T14:05`, `...T14:05:30`, `...T14:05:30.123`, each
    /// with `Z`, `+02:00` or `-07:00` after it or none, meaning UTC. Nil for anything else, for dates that do not
    /// exist, and for years outside 1678 to 2261.
    package init?(_ text: String) {
        var bytes = Array(text.utf8)
        var zone = 0
        if bytes.last == 0x5A || bytes.last == 0x7A {
            bytes.removeLast()
        } else if bytes.count >= 10, bytes[bytes.count - 3] == 0x3A,
            bytes[bytes.count - 6] == 0x2B || bytes[bytes.count - 6] == 0x2D
        {
            guard let offset = bytes.suffix(6).withUnsafeBytes({ Timestamp.zoneOffset($0) }) else { return nil }
            zone = offset
            bytes.removeLast(6)
        }
        guard let parts = CalendarPeriod.parts(of: bytes) else { return nil }
        let date = CivilDate(year: parts.numbers[0], month: parts.numbers[1], day: parts.numbers[2])
        guard date.year >= 1678, date.year <= 2261, date.isValid, parts.numbers[3] < 24, parts.numbers[4] < 60,
            parts.numbers[5] < 60
        else { return nil }
        let clock = parts.numbers[3] * 3_600 + parts.numbers[4] * 60 + parts.numbers[5]
        let seconds = Int64(date.daysSinceEpoch * 86_400 + clock - zone)
        guard let moment = Timestamp(seconds: seconds, nanoseconds: parts.nanoseconds) else { return nil }
        start = moment.nanoseconds
        precision = parts.precision
        zoneSeconds = zone
    }

    /// The first and the last nanosecond.
    package var bounds: ClosedRange<Int64> {
        let (local, overflow) = start.addingReportingOverflow(Int64(zoneSeconds) * 1_000_000_000)
        let day = CalendarPeriod.civilDay(of: overflow ? start : local)
        let days: Int
        switch precision {
        case .year: days = CivilDate(year: day.year + 1, month: 1, day: 1).daysSinceEpoch - day.daysSinceEpoch
        case .month: days = CivilDate.length(ofMonth: day.month, year: day.year)
        case .day: days = 1
        default: days = 0
        }
        var length = Int64(days) * 86_400_000_000_000
        switch precision {
        case .hour: length = 3_600_000_000_000
        case .minute: length = 60_000_000_000
        case .second: length = 1_000_000_000
        case .fraction(let digits):
            length = 1_000_000_000
            for _ in 0..<digits { length /= 10 }
        default: break
        }
        return start...Timestamp(nanoseconds: start).adding(nanoseconds: max(1, length) - 1).nanoseconds
    }

    private static func civilDay(of nanoseconds: Int64) -> CivilDate {
        let unit: Int64 = 86_400_000_000_000
        let (quotient, remainder) = nanoseconds.quotientAndRemainder(dividingBy: unit)
        return CivilDate(daysSinceEpoch: Int(remainder < 0 ? quotient - 1 : quotient))
    }

    private struct Parts {
        /// Year, month, day, hour, minute, second; what is not given is the first.
        var numbers = [0, 1, 1, 0, 0, 0]
        var nanoseconds: Int64 = 0
        var precision = Precision.year
    }

    /// Takes the digits apart; ranges of months and so on are not checked.
    private static func parts(of bytes: [UInt8]) -> Parts? {
        func number(_ range: Range<Int>) -> Int? {
            guard range.upperBound <= bytes.count else { return nil }
            var value = 0
            for byte in bytes[range] {
                guard byte >= 0x30, byte <= 0x39 else { return nil }
                value = value * 10 + Int(byte) - 0x30
            }
            return value
        }
        guard let year = number(0..<4) else { return nil }
        var parts = Parts()
        parts.numbers[0] = year
        var index = 4
        let steps: [(separators: [UInt8], precision: Precision)] = [
            ([0x2D], .month), ([0x2D], .day), ([0x54, 0x74], .hour), ([0x3A], .minute), ([0x3A], .second),
        ]
        for (position, step) in steps.enumerated() {
            if index == bytes.count { return parts }
            guard step.separators.contains(bytes[index]), let value = number(index + 1..<index + 3) else { return nil }
            parts.numbers[position + 1] = value
            parts.precision = step.precision
            index += 3
        }
        if index == bytes.count { return parts }
        let digits = bytes.count - index - 1
        guard bytes[index] == 0x2E, digits >= 1, digits <= 9, let fraction = number(index + 1..<bytes.count) else {
            return nil
        }
        parts.nanoseconds = Int64(fraction)
        for _ in digits..<9 { parts.nanoseconds *= 10 }
        parts.precision = .fraction(digits: digits)
        return parts
    }
}

extension CalendarPeriod: CustomStringConvertible {
    /// The date with its zone, as far as it is given: `2025-06Z`, `2025-06-15T14:00+02:00`.
    package var description: String {
        let (local, overflow) = start.addingReportingOverflow(Int64(zoneSeconds) * 1_000_000_000)
        // Near the ends of time the zone is left out rather than wrapped around.
        let zone = overflow ? 0 : zoneSeconds
        let text = Array(CalendarPeriod.fullText(of: overflow ? start : local).utf8)
        let length: Int
        switch precision {
        case .year: length = 4
        case .month: length = 7
        case .day: length = 10
        case .hour: length = 13
        case .minute: length = 16
        case .second: length = 19
        case .fraction(let digits): length = 20 + digits
        }
        var result = String(decoding: text.prefix(length), as: UTF8.self)
        if zone == 0 { return result + "Z" }
        let minutes = abs(zone) / 60
        func twoDigits(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
        result += (zone < 0 ? "-" : "+") + twoDigits(minutes / 60) + ":" + twoDigits(minutes % 60)
        return result
    }

    /// `2025-06-15T14:23:01.000000000` of nanoseconds since the epoch.
    private static func fullText(of nanoseconds: Int64) -> String {
        let unit: Int64 = 1_000_000_000
        let remainder = nanoseconds % unit
        let fraction = remainder < 0 ? remainder + unit : remainder
        let whole = Timestamp(nanoseconds: nanoseconds - fraction).description
        let digits = String(fraction)
        return String(whole.dropLast()) + "." + String(repeating: "0", count: 9 - digits.utf8.count) + digits
    }
}
