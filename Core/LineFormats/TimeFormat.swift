internal import LogModel

/// A form of times that a configuration describes, in the letters of `strptime`, compiled.
///
/// | letter | meaning |
/// | --- | --- |
/// | `%Y` `%y` | year of four or two digits |
/// | `%m` `%b` `%B` | month as number, or by its English name |
/// | `%d` `%e` | day of the month, with a zero or a blank in front, or neither |
/// | `%j` | day of the year |
/// | `%H` `%I` `%p` | hour of 24, of 12, `AM` or `PM` |
/// | `%M` `%S` | minute, second |
/// | `%f` `%L` `%N` | digits of a fraction of a second, as many as there are |
/// | `%z` | `Z`, `+02:00`, `+0200` or `+02` |
/// | `%Z` | `UTC`, `GMT` or `Z` |
/// | `%a` `%A` | a weekday's name, passed over |
/// | `%s` | seconds since 1970 |
/// | `%T` `%F` `%D` | `%H:%M:%S`, `%Y-%m-%d`, `%m/%d/%y` |
/// | `%%` | a percent sign |
///
/// Any other character stands for itself; a blank stands for one or more. Besides, `rfc3339`, `epoch`, `epoch_ms`,
/// `epoch_us` and `epoch_ns` are whole formats.
public struct TimeFormat: Sendable, Equatable {
    /// Why a format was refused.
    public struct Refusal: Error, Equatable, Sendable, CustomStringConvertible {
        /// A sentence without a full stop.
        public var description: String
    }

    enum Step: Sendable, Equatable {
        case literal(UInt8), blanks
        case year, shortYear, month, monthName, day, dayOfYear, hour, halfDayHour, halfDay, minute, second, fraction
        case zone, zoneName, word, epochSeconds
        case rfc3339
        case epoch(unit: Int64)
    }

    let steps: [Step]
    /// Whether the format tells the year; else it is chosen so that the time is closest to now.
    let hasYear: Bool

    /// Compiles a format.
    ///
    /// - Throws: ``Refusal`` when a letter is not known, or the format does not tell a day and an hour.
    public init(_ text: String) throws(Refusal) {
        switch text {
        case "rfc3339": steps = [.rfc3339]
        case "epoch": steps = [.epoch(unit: 1_000_000_000)]
        case "epoch_ms": steps = [.epoch(unit: 1_000_000)]
        case "epoch_us": steps = [.epoch(unit: 1_000)]
        case "epoch_ns": steps = [.epoch(unit: 1)]
        default:
            steps = try TimeFormat.compile(Array(text.utf8))
            let hasDay =
                steps.contains(.dayOfYear)
                || steps.contains(.day) && (steps.contains(.month) || steps.contains(.monthName))
            let hasHour = steps.contains(.hour) || steps.contains(.halfDayHour)
            guard steps.contains(.epochSeconds) || hasDay && hasHour else {
                throw Refusal(description: "the format `\(text)` does not tell the day and the hour")
            }
        }
        hasYear = steps.contains(.year) || steps.contains(.shortYear)
    }

    private static func compile(_ text: [UInt8]) throws(Refusal) -> [Step] {
        var steps: [Step] = []
        var index = 0
        while index < text.count {
            let byte = text[index]
            index += 1
            if byte == 0x20 {
                if steps.last != .blanks { steps.append(.blanks) }
                continue
            }
            guard byte == 0x25 else {
                steps.append(.literal(byte))
                continue
            }
            guard index < text.count else { throw Refusal(description: "the format ends with a lone `%`") }
            let letter = text[index]
            index += 1
            switch letter {
            case UInt8(ascii: "Y"): steps.append(.year)
            case UInt8(ascii: "y"): steps.append(.shortYear)
            case UInt8(ascii: "m"): steps.append(.month)
            case UInt8(ascii: "b"), UInt8(ascii: "B"), UInt8(ascii: "h"): steps.append(.monthName)
            case UInt8(ascii: "d"), UInt8(ascii: "e"): steps.append(.day)
            case UInt8(ascii: "j"): steps.append(.dayOfYear)
            case UInt8(ascii: "H"), UInt8(ascii: "k"): steps.append(.hour)
            case UInt8(ascii: "I"), UInt8(ascii: "l"): steps.append(.halfDayHour)
            case UInt8(ascii: "p"), UInt8(ascii: "P"): steps.append(.halfDay)
            case UInt8(ascii: "M"): steps.append(.minute)
            case UInt8(ascii: "S"): steps.append(.second)
            case UInt8(ascii: "f"), UInt8(ascii: "L"), UInt8(ascii: "N"): steps.append(.fraction)
            case UInt8(ascii: "z"): steps.append(.zone)
            case UInt8(ascii: "Z"): steps.append(.zoneName)
            case UInt8(ascii: "a"), UInt8(ascii: "A"): steps.append(.word)
            case UInt8(ascii: "s"): steps.append(.epochSeconds)
            case UInt8(ascii: "T"):
                steps += [.hour, .literal(0x3A), .minute, .literal(0x3A), .second]
            case UInt8(ascii: "F"): steps += [.year, .literal(0x2D), .month, .literal(0x2D), .day]
            case UInt8(ascii: "D"): steps += [.month, .literal(0x2F), .day, .literal(0x2F), .shortYear]
            case UInt8(ascii: "%"): steps.append(.literal(0x25))
            default:
                throw Refusal(
                    description: "the letter `%\(String(UnicodeScalar(letter)))` is not known; known are "
                        + "Y y m b B d e j H I p M S f z Z a A s T F D")
            }
        }
        return steps
    }
}
