internal import ByteCoding
internal import LogModel
internal import QueryLanguage
internal import StoreFormat

/// A value to be ordered: no value first, then numbers by size (durations and sizes in bytes are numbers, too), then
/// everything else in ``NaturalOrder``.
enum SortValue: Comparable {
    /// Whole numbers and times: nanoseconds since the epoch need more digits than a double has.
    case integer(Int64)
    case number(Double)
    case text([UInt8])

    /// The value of a row; a missing one is empty text.
    init(_ column: ResultColumn?, _ row: Int) {
        switch column {
        case .times(let times): self = .integer(times[row])
        case .numbers(let numbers) where numbers.form.isPlain && numbers.form.scale == 0 && numbers.rows.contains(row):
            self = .integer(numbers.values[row])
        default: self.init(column?.value(at: row) ?? [])
        }
    }

    /// A value by its looks, whatever field it is in. A time counts as one: as text, `12:00:00Z` comes behind
    /// `12:00:00.5Z`.
    init(_ bytes: [UInt8]) {
        if let integer = SortValue.integer(bytes) {
            self = .integer(integer)
        } else if let number = SortValue.number(bytes) {
            self = .number(number)
        } else if let time = bytes.withUnsafeBytes({ Timestamp(rfc3339: $0) }) {
            self = .integer(time.nanoseconds)
        } else {
            self = .text(bytes)
        }
    }

    /// The plain decimal that the value of a row is; nil when it is none. Times and durations are none.
    static func number(_ column: ResultColumn, _ row: Int) -> Double? {
        // With zeros in front a value is text, here and in its plain form.
        if case .numbers(let numbers) = column, numbers.form.isPlain, numbers.form.spelling != .padded,
            numbers.rows.contains(row)
        {
            return number(numbers.values[row], numbers.form)
        }
        if case .times = column { return nil }
        return NumberReading.decimal(column.value(at: row) ?? [])
    }

    /// The decimal that a number of a plain form, without zeros in front, stands for.
    static func number(_ value: Int64, _ form: NumberForm) -> Double? {
        // A double holds both exactly, and a quotient of such is the double next to the true one, as reading text gives.
        if value.magnitude < 1 << 53 { return Double(value) / powersOfTen[form.scale] }
        var text = ByteWriter(capacity: 40)
        form.write(value, to: &text)
        return NumberReading.decimal(text.array())
    }

    /// 10 to the power of the index, up to the most digits that are stored behind the point.
    private static let powersOfTen: [Double] = (0...18).map { (0..<$0).reduce(1.0) { power, _ in power * 10 } }

    /// The number that text stands for in any of its forms; nil when it is none.
    private static func number(_ bytes: [UInt8]) -> Double? {
        NumberReading.number(bytes)
    }

    private static func integer(_ bytes: [UInt8]) -> Int64? {
        let isNegative = bytes.first == 0x2D
        let digits = bytes.dropFirst(isNegative ? 1 : 0)
        guard !digits.isEmpty, digits.count <= 18 else { return nil }
        var value: Int64 = 0
        for digit in digits {
            guard digit >= 0x30, digit <= 0x39 else { return nil }
            value = value * 10 + Int64(digit - 0x30)
        }
        return isNegative ? -value : value
    }

    static func == (left: SortValue, right: SortValue) -> Bool { left.compared(with: right) == 0 }
    static func < (left: SortValue, right: SortValue) -> Bool { left.compared(with: right) < 0 }

    private func compared(with other: SortValue) -> Int {
        switch (self, other) {
        case (.integer(let left), .integer(let right)): Self.compare(left, right)
        case (.number(let left), .number(let right)): Self.compare(left, right)
        case (.integer(let left), .number(let right)): Self.compare(left, right)
        case (.number(let left), .integer(let right)): -Self.compare(right, left)
        case (.text(let left), .text(let right)): NaturalOrder.compare(left, right)
        case (_, .text(let right)): right.isEmpty ? 1 : -1
        case (.text(let left), _): left.isEmpty ? -1 : 1
        }
    }

    private static func compare<T: Comparable>(_ left: T, _ right: T) -> Int {
        left < right ? -1 : left > right ? 1 : 0
    }

    private static func compare(_ integer: Int64, _ number: Double) -> Int {
        // Rounding keeps the order; where it makes the two equal, the double is a whole number.
        let rounded = Double(integer)
        if rounded != number { return compare(rounded, number) }
        guard let exact = Int64(exactly: number) else { return -1 }
        return compare(integer, exact)
    }
}
