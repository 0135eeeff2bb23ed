extension Timestamp {
    /// Reads RFC 3339 from all of `text`, and the near forms that loggers write: a space for the `T`, a comma for the
    /// point, no zone (meaning UTC), `+0200` for `+02:00`. Digits past nanoseconds are cut off.
    ///
    /// Returns nil for anything else, for impossible dates, and for years outside 1677 to 2262. A leap second (`:60`)
    /// becomes the first moment of the next minute. With `needsZone` a text without a zone is nothing either.
    public init?(rfc3339 text: UnsafeRawBufferPointer, needsZone: Bool = false) {
        // SAFETY: every index below is checked against `count` before it is read.
        let count = text.count
        guard count >= 19 else { return nil }
        func digit(_ index: Int) -> Int { unsafe Int(text[index]) - 0x30 }
        func pair(_ index: Int) -> Int {
            let tens = digit(index)
            let ones = digit(index + 1)
            return UInt(bitPattern: tens) > 9 || UInt(bitPattern: ones) > 9 ? -1 : tens * 10 + ones
        }
        let century = pair(0)
        let yearOfCentury = pair(2)
        let month = pair(5)
        let day = pair(8)
        let hour = pair(11)
        let minute = pair(14)
        let second = pair(17)
        guard century >= 0, yearOfCentury >= 0, unsafe text[4] == 0x2D, unsafe text[7] == 0x2D else { return nil }
        let separator = unsafe text[10] | 0x20
        guard separator == 0x74 || separator == 0x20 else { return nil }
        guard unsafe text[13] == 0x3A, unsafe text[16] == 0x3A else { return nil }
        guard hour >= 0, hour <= 23, minute >= 0, minute <= 59, second >= 0, second <= 60 else { return nil }
        let date = CivilDate(year: century * 100 + yearOfCentury, month: month, day: day)
        guard date.isValid else { return nil }

        var index = 19
        var nanoseconds: Int64 = 0
        if index < count, unsafe text[index] == 0x2E || text[index] == 0x2C {
            index += 1
            let first = index
            var scale: Int64 = 100_000_000
            while index < count, case let value = digit(index), value >= 0, value <= 9 {
                nanoseconds += Int64(value) * scale
                scale /= 10
                index += 1
            }
            guard index > first else { return nil }
        }
        var offsetSeconds = 0
        if index < count {
            guard let zone = unsafe Timestamp.zoneOffset(UnsafeRawBufferPointer(rebasing: text[index...])) else {
                return nil
            }
            offsetSeconds = zone
        } else if needsZone {
            return nil
        }
        let seconds = date.daysSinceEpoch * 86_400 + hour * 3_600 + minute * 60 + second - offsetSeconds
        self.init(seconds: Int64(seconds), nanoseconds: nanoseconds)
    }

    /// Seconds east of UTC that `Z`, `+02:00`, `-0330` or `+02` means; nil for anything else.
    public static func zoneOffset(_ text: UnsafeRawBufferPointer) -> Int? {
        guard text.count > 0 else { return nil }
        let sign = unsafe text[0]
        if text.count == 1 { return sign | 0x20 == 0x7A ? 0 : nil }
        guard sign == 0x2B || sign == 0x2D else { return nil }
        var digits: [Int] = []
        for index in 1..<text.count {
            let byte = unsafe text[index]
            if byte == 0x3A, index == 3, text.count == 6 { continue }
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            digits.append(Int(byte) - 0x30)
        }
        guard digits.count == 4 || digits.count == 2 else { return nil }
        let hours = digits[0] * 10 + digits[1]
        let minutes = digits.count == 4 ? digits[2] * 10 + digits[3] : 0
        guard hours <= 23, minutes <= 59 else { return nil }
        let seconds = hours * 3_600 + minutes * 60
        return sign == 0x2D ? -seconds : seconds
    }

    /// Reads a number of seconds, milliseconds, microseconds or nanoseconds since the epoch, told apart by size:
    /// below 1e11 are seconds (until the year 5138), below 1e14 milliseconds, below 1e17 microseconds. Seconds and
    /// milliseconds may have a fraction. Nil for anything that is not such a number.
    public init?(epoch text: UnsafeRawBufferPointer) {
        guard text.count > 0, text.count <= 32 else { return nil }
        var index = 0
        let negative = unsafe text[0] == 0x2D
        if negative { index = 1 }
        let firstDigit = index
        var whole: Int64 = 0
        while index < text.count, case let byte = unsafe text[index], byte >= 0x30, byte <= 0x39 {
            let (product, overflow) = whole.multipliedReportingOverflow(by: 10)
            let (sum, overflowAgain) = product.addingReportingOverflow(Int64(byte) - 0x30)
            if overflow || overflowAgain { return nil }
            whole = sum
            index += 1
        }
        guard index > firstDigit else { return nil }
        let unit: Int64 =
            switch whole {
            case ..<100_000_000_000: 1_000_000_000
            case ..<100_000_000_000_000: 1_000_000
            case ..<100_000_000_000_000_000: 1_000
            default: 1
            }
        var fraction: Int64 = 0
        if index < text.count {
            guard unsafe text[index] == 0x2E else { return nil }
            index += 1
            var scale = unit
            while index < text.count {
                let byte = unsafe text[index]
                guard byte >= 0x30, byte <= 0x39 else { return nil }
                scale /= 10
                fraction += (Int64(byte) - 0x30) * scale
                index += 1
            }
        }
        let (scaled, overflow) = whole.multipliedReportingOverflow(by: unit)
        let (sum, overflowAgain) = scaled.addingReportingOverflow(fraction)
        if overflow || overflowAgain { return nil }
        self.init(nanoseconds: negative ? -sum : sum)
    }

    /// Reads RFC 3339 or an epoch number, whichever `text` is. With `needsZone` RFC 3339 must have a zone.
    public init?(parsing text: UnsafeRawBufferPointer, needsZone: Bool = false) {
        if text.count >= 19, unsafe text[4] == 0x2D {
            unsafe self.init(rfc3339: text, needsZone: needsZone)
        } else {
            unsafe self.init(epoch: text)
        }
    }

    /// Reads RFC 3339 or an epoch number, whichever `text` is.
    public init?(parsing text: String) {
        var copy = text
        let parsed = copy.withUTF8 { unsafe Timestamp(parsing: UnsafeRawBufferPointer($0)) }
        guard let parsed else { return nil }
        self = parsed
    }
}
