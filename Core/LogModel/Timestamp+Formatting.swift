public import ByteCoding

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC with as many digits of the fraction as needed: none, 3, 6 or 9.
    public var description: String {
        var writer = ByteWriter(capacity: 32)
        write(to: &writer)
        return unsafe writer.withBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// Appends RFC 3339 in UTC, e.g. `2025-06-15T14:23:01.123Z`.
    ///
    /// - Parameters:
    ///   - writer: where to append.
    ///   - fractionDigits: 0 to 9; nil for as many as needed: none, 3, 6 or 9.
    public func write(to writer: inout ByteWriter, fractionDigits: Int? = nil) {
        let (days, nanosOfDay) = Timestamp.divide(nanoseconds, by: 86_400_000_000_000)
        let date = CivilDate(daysSinceEpoch: Int(days))
        let second = Int(nanosOfDay / 1_000_000_000)
        let nanos = nanosOfDay % 1_000_000_000
        writer.reserve(32)
        Timestamp.write(date.year, digits: 4, to: &writer)
        writer.append(0x2D)
        Timestamp.write(date.month, digits: 2, to: &writer)
        writer.append(0x2D)
        Timestamp.write(date.day, digits: 2, to: &writer)
        writer.append(0x54)
        Timestamp.write(second / 3_600, digits: 2, to: &writer)
        writer.append(0x3A)
        Timestamp.write(second / 60 % 60, digits: 2, to: &writer)
        writer.append(0x3A)
        Timestamp.write(second % 60, digits: 2, to: &writer)
        let needed = nanos == 0 ? 0 : nanos % 1_000_000 == 0 ? 3 : nanos % 1_000 == 0 ? 6 : 9
        let digits = min(9, max(0, fractionDigits ?? needed))
        if digits > 0 {
            var scale: Int64 = 1
            for _ in digits..<9 { scale *= 10 }
            writer.append(0x2E)
            Timestamp.write(Int(nanos / scale), digits: digits, to: &writer)
        }
        writer.append(0x5A)
    }

    /// Floor division, so that moments before 1970 fall on the right day.
    static func divide(_ value: Int64, by unit: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: unit)
        return remainder < 0 ? (quotient - 1, remainder + unit) : (quotient, remainder)
    }

    /// The start of the interval of `unit` nanoseconds that this moment lies in, counted from the epoch.
    public func floored(toMultipleOf unit: Int64) -> Timestamp {
        let (_, remainder) = Timestamp.divide(nanoseconds, by: max(1, unit))
        return adding(nanoseconds: -remainder)
    }

    private static func write(_ value: Int, digits: Int, to writer: inout ByteWriter) {
        var divisor = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            writer.append(UInt8(0x30 + value / divisor % 10))
            divisor /= 10
        }
    }
}
