package import ByteCoding

/// How the numbers of a column are spelled: each value is the prefix, a number, and the suffix.
///
/// Two values of the same form are equal if and only if their numbers are.
package struct NumberForm: Hashable, Sendable {
    /// How the digits of a number are written. Raw values are written into files.
    package enum Spelling: UInt8, Sendable {
        /// An integer without zeros in front.
        case integer = 0
        /// ``NumberForm/digits`` digits, with zeros in front; no sign.
        case padded = 1
        /// ``NumberForm/digits`` digits behind the point, always.
        case fixedPoint = 2
        /// Up to ``NumberForm/digits`` digits behind the point, no zeros at the end, no point without digits.
        case shortest = 3
        /// As `shortest`, but at least one digit behind the point: "3.0".
        case shortestWithPoint = 4
    }

    /// Digits that a number may have, so that all fit 64 bits with room for differences.
    static let mostDigits = 18
    /// The longest prefix or suffix.
    static let mostAffixBytes = 255

    /// Bytes before the number; when there are any, no number is negative.
    package let prefix: [UInt8]
    /// Bytes behind the number.
    package let suffix: [UInt8]
    /// How the number is written.
    package let spelling: Spelling
    /// Digits of a `padded` number; of one with a point, digits behind the point: numbers are multiples of
    /// 10^-digits; else 0.
    package let digits: Int

    /// The power of ten that values of the column have been multiplied by.
    package var scale: Int { spelling == .padded ? 0 : digits }

    /// Whether values are numbers and nothing else.
    package var isPlain: Bool { prefix.isEmpty && suffix.isEmpty }

    /// Appends the text of a number.
    package func write(_ value: Int64, to writer: inout ByteWriter) {
        writer.append(contentsOf: prefix)
        if value < 0 { writer.append(0x2D) }
        switch spelling {
        case .integer: Self.write(value.magnitude, digits: 0, to: &writer)
        case .padded: Self.write(value.magnitude, digits: digits, to: &writer)
        case .fixedPoint, .shortest, .shortestWithPoint: writeWithPoint(value.magnitude, to: &writer)
        }
        writer.append(contentsOf: suffix)
    }

    /// The number that a text stands for; nil when it is not spelled exactly as this form would write it.
    package func number(of text: UnsafeRawBufferPointer) -> Int64? {
        let end = text.count - suffix.count
        guard prefix.count < end, unsafe text.starts(with: prefix), unsafe text[end...].elementsEqual(suffix) else {
            return nil
        }
        var index = prefix.count
        let isNegative = unsafe text[index] == 0x2D
        if isNegative { index += 1 }
        var magnitude: UInt64 = 0
        var digits = 0
        // Digits behind the point; nil before it.
        var fraction: Int?
        while index < end {
            let byte = unsafe text[index]
            index += 1
            if byte == 0x2E, fraction == nil {
                fraction = 0
                continue
            }
            guard DecimalForm.isDigit(byte), digits < Self.mostDigits else { return nil }
            magnitude = magnitude * 10 + UInt64(byte - 0x30)
            digits += 1
            fraction = fraction.map { $0 + 1 }
        }
        let missing = scale - (fraction ?? 0)
        guard digits > 0, missing >= 0, digits + missing <= Self.mostDigits else { return nil }
        let value = Int64(magnitude * DecimalForm.powers[missing])
        let number = isNegative ? -value : value
        var writer = ByteWriter(capacity: 64)
        write(number, to: &writer)
        return unsafe writer.withBytes { unsafe $0.elementsEqual(text) } ? number : nil
    }

    private func writeWithPoint(_ magnitude: UInt64, to writer: inout ByteWriter) {
        let unit = DecimalForm.powers[digits]
        var fraction = magnitude % unit
        var count = digits
        if spelling != .fixedPoint {
            let least = spelling == .shortest ? 0 : 1
            while count > least, fraction % 10 == 0 {
                fraction /= 10
                count -= 1
            }
        }
        Self.write(magnitude / unit, digits: 0, to: &writer)
        guard count > 0 else { return }
        writer.append(0x2E)
        Self.write(fraction, digits: count, to: &writer)
    }

    /// Appends so many digits of a number, or, for 0, as many as it has.
    private static func write(_ value: UInt64, digits: Int, to writer: inout ByteWriter) {
        let count = digits == 0 ? DecimalForm.digitCount(value) : digits
        unsafe writer.append(room: count) { target in
            var rest = value
            var index = count
            while index > 0 {
                index -= 1
                unsafe target[index] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
                rest /= 10
            }
            return count
        }
    }

    func encode(into writer: inout ByteWriter) {
        writer.append(spelling.rawValue)
        writer.append(UInt8(digits))
        unsafe prefix.withUnsafeBytes { unsafe writer.append(lengthPrefixed: $0) }
        unsafe suffix.withUnsafeBytes { unsafe writer.append(lengthPrefixed: $0) }
    }

    init(from reader: inout ByteReader) throws(ByteCodingError) {
        guard let spelling = Spelling(rawValue: unsafe try reader.byte()) else {
            throw unsafe .invalid(offset: reader.offset, what: "unknown spelling of numbers")
        }
        self.spelling = spelling
        digits = unsafe Int(try reader.byte())
        guard digits <= Self.mostDigits else { throw unsafe .invalid(offset: reader.offset, what: "too many digits") }
        prefix = unsafe Array(try reader.lengthPrefixed())
        suffix = unsafe Array(try reader.lengthPrefixed())
        guard prefix.count <= Self.mostAffixBytes, suffix.count <= Self.mostAffixBytes else {
            throw unsafe .invalid(offset: reader.offset, what: "too much around numbers")
        }
    }

    init(prefix: [UInt8], suffix: [UInt8], spelling: Spelling, digits: Int) {
        self.prefix = prefix
        self.suffix = suffix
        self.spelling = spelling
        self.digits = digits
    }
}
