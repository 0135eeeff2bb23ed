/// A moment: nanoseconds since 1970-01-01T00:00:00Z, from 1677 to 2262.
public struct Timestamp: Hashable, Comparable, Sendable {
    /// Nanoseconds since the epoch, negative before 1970.
    public var nanoseconds: Int64

    /// Makes a moment from nanoseconds since the epoch.
    @inlinable
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// Makes a moment from whole seconds and nanoseconds after them; nil outside 1677 to 2262.
    @inlinable
    public init?(seconds: Int64, nanoseconds: Int64 = 0) {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflowAgain) = product.addingReportingOverflow(nanoseconds)
        if overflow || overflowAgain { return nil }
        self.nanoseconds = sum
    }

    /// Earlier comes first.
    @inlinable
    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.nanoseconds < right.nanoseconds }

    /// The earliest moment.
    public static let distantPast = Timestamp(nanoseconds: .min)
    /// The latest moment.
    public static let distantFuture = Timestamp(nanoseconds: .max)

    /// The moment `nanoseconds` later, held at the ends of the range instead of overflowing.
    public func adding(nanoseconds: Int64) -> Timestamp {
        let (sum, overflow) = self.nanoseconds.addingReportingOverflow(nanoseconds)
        if overflow { return nanoseconds > 0 ? .distantFuture : .distantPast }
        return Timestamp(nanoseconds: sum)
    }
}

/// A day of the proleptic Gregorian calendar, UTC.
public struct CivilDate: Equatable, Sendable {
    /// The year, 1 is 1 CE.
    public var year: Int
    /// 1 to 12.
    public var month: Int
    /// 1 to 31.
    public var day: Int

    /// Makes a date; nothing is checked, see ``isValid``.
    public init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// The date that lies `days` after 1970-01-01. Howard Hinnant, "chrono-compatible low-level date algorithms".
    public init(daysSinceEpoch days: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Days since 1970-01-01.
    public var daysSinceEpoch: Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// Whether the calendar has this day.
    public var isValid: Bool {
        guard month >= 1, month <= 12, day >= 1 else { return false }
        return day <= CivilDate.length(ofMonth: month, year: year)
    }

    /// Days in a month.
    public static func length(ofMonth month: Int, year: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        default: 31
        }
    }

    /// The day of the week, 0 is Sunday.
    public var weekday: Int {
        let days = daysSinceEpoch
        return ((days % 7) + 11) % 7
    }
}
