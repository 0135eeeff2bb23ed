import LogModel

/// Reads values as LogsQL does where a number is wanted: plain decimals, durations (nanoseconds), sizes in bytes, and
/// whatever else a computer writes as a number.
package enum NumberReading {
    /// A whole number without sign: digits, `_` between them, no leading zero.
    package static func unsigned(_ bytes: UnsafeRawBufferPointer) -> UInt64? {
        guard bytes.count > 0, bytes.count <= 26, bytes.count == 1 || bytes[0] != 0x30 else { return nil }
        var number: UInt64 = 0
        for byte in bytes where byte != 0x5F {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            let (product, overflow) = number.multipliedReportingOverflow(by: 10)
            let (sum, overflowAgain) = product.addingReportingOverflow(UInt64(byte - 0x30))
            if overflow || overflowAgain { return nil }
            number = sum
        }
        return number
    }

    /// A whole number with an optional minus.
    package static func integer(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        guard bytes.count > 0 else { return nil }
        let isNegative = bytes[0] == 0x2D
        guard let magnitude = unsigned(isNegative ? bytes.dropping(1) : bytes) else { return nil }
        if isNegative { return magnitude <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil }
        return Int64(exactly: magnitude)
    }

    /// A decimal such as `-12.5`: no exponent, digits on both sides of the point.
    package static func decimal(_ bytes: UnsafeRawBufferPointer) -> Double? {
        guard bytes.count > 0, bytes.count <= 27 else { return nil }
        let isNegative = bytes[0] == 0x2D
        let digits = isNegative ? bytes.dropping(1) : bytes
        guard let point = digits.firstIndex(of: 0x2E) else {
            guard let number = unsigned(digits) else { return nil }
            return isNegative ? -Double(number) : Double(number)
        }
        let fraction = digits.dropping(point + 1)
        guard point > 0, fraction.count > 0,
            let whole = unsigned(UnsafeRawBufferPointer(rebasing: digits[..<point]))
        else { return nil }
        var zeros = 0
        while zeros < fraction.count - 1, fraction[zeros] == 0x30 { zeros += 1 }
        guard let part = unsigned(fraction.dropping(zeros)) else { return nil }
        let places = fraction.reduce(0) { $0 + ($1 == 0x5F ? 0 : 1) }
        let number = Double(whole).addingProduct(Double(part), negativePowersOfTen[places])
        return isNegative ? -number : number
    }

    private static let negativePowersOfTen: [Double] = (0...28).map { Double("1e-\($0)") ?? 0 }

    /// A duration such as `1h30m` or `-1.5s` in nanoseconds, held at the ends of `Int64`.
    package static func duration(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        sum(bytes) { rest in
            let next: UInt8 = rest.count > 1 ? rest[1] : 0
            switch rest.first {
            case 0xC2 where rest.count > 2 && rest[1] == 0xB5 && rest[2] == 0x73: return (3, 1e3)
            case 0x6D where next == 0x73: return (2, 1e6)
            case 0x6E where next == 0x73: return (2, 1)
            case 0x79: return (1, 365 * 86_400e9)
            case 0x77: return (1, 604_800e9)
            case 0x64: return (1, 86_400e9)
            case 0x68: return (1, 3_600e9)
            case 0x6D: return (1, 60e9)
            case 0x73: return (1, 1e9)
            default: return nil
            }
        }
    }

    /// A size such as `10KiB`, `1.5MB` or `300` in bytes, held at the ends of `Int64`.
    package static func byteCount(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        sum(bytes) { rest in
            if rest.isEmpty { return (0, 1) }
            if rest[0] == 0x42 { return (1, 1) }
            guard let power = [UInt8](arrayLiteral: 0x4B, 0x4D, 0x47, 0x54).firstIndex(of: rest[0]) else { return nil }
            let isBinary = rest.count > 1 && rest[1] == 0x69
            var factor = 1.0
            for _ in 0...power { factor *= isBinary ? 1_024 : 1_000 }
            let length = isBinary ? 2 : 1
            return (length + (rest.count > length && rest[length] == 0x42 ? 1 : 0), factor)
        }
    }

    /// Adds up numbers with units. A number without a unit must be whole.
    private static func sum(
        _ bytes: UnsafeRawBufferPointer, _ unit: (UnsafeRawBufferPointer) -> (length: Int, factor: Double)?
    ) -> Int64? {
        guard bytes.count > 0 else { return nil }
        let isNegative = bytes[0] == 0x2D
        var rest = isNegative ? bytes.dropping(1) : bytes
        guard rest.count > 0 else { return nil }
        var total: Int64 = 0
        while rest.count > 0 {
            var length = 0
            while length < rest.count, isNumberByte(rest[length]) { length += 1 }
            guard let number = decimal(UnsafeRawBufferPointer(rebasing: rest[..<length])) else { return nil }
            rest = rest.dropping(length)
            guard let (unitLength, factor) = unit(rest) else { return nil }
            if rest.isEmpty, number != number.rounded() { return nil }
            rest = rest.dropping(unitLength)
            let part = (number * factor).rounded(.towardZero)
            let clamped = part >= 9.2233720368547758e18 ? Int64.max : Int64(part)
            let (next, overflow) = total.addingReportingOverflow(clamped)
            total = overflow ? .max : next
        }
        return isNegative ? -total : total
    }

    private static func isNumberByte(_ byte: UInt8) -> Bool {
        (byte >= 0x30 && byte <= 0x39) || byte == 0x2E || byte == 0x5F
    }

    /// Any form of a number: a decimal, a duration in nanoseconds, a size in bytes, `1e5`, `0xff`, `inf`.
    package static func number(_ bytes: UnsafeRawBufferPointer) -> Double? {
        guard bytes.count > 0, startsNumber(bytes) else { return nil }
        if let decimal = decimal(bytes) { return decimal }
        if let duration = duration(bytes) { return Double(duration) }
        if let size = byteCount(bytes) { return Double(size) }
        return unusualNumber(bytes)
    }

    /// A number, a time (nanoseconds since the epoch) or an IPv4 address as the number it is; NaN for anything else.
    package static func mathNumber(_ bytes: UnsafeRawBufferPointer) -> Double {
        if let number = number(bytes) { return number }
        if let time = Timestamp(rfc3339: bytes) { return Double(time.nanoseconds) }
        if let address = ipv4(bytes) { return Double(address) }
        return .nan
    }

    /// Whether the bytes can be a number at all: told by the first few.
    package static func startsNumber(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var rest = bytes
        guard let sign = rest.first else { return false }
        if sign == 0x2D || sign == 0x2B { rest = rest.dropping(1) }
        if rest.count == 3, rest[0] | 0x20 == 0x69, rest[1] | 0x20 == 0x6E, rest[2] | 0x20 == 0x66 { return true }
        if rest.first == 0x2E { rest = rest.dropping(1) }
        guard let first = rest.first else { return false }
        return first >= 0x30 && first <= 0x39
    }

    /// `1e5`, `+5`, `.5`, `0x1f`, `0b101`, `0o17`, `-inf`.
    private static func unusualNumber(_ bytes: UnsafeRawBufferPointer) -> Double? {
        guard bytes.count <= 64, !bytes.contains(0x3A) else { return nil }
        var points = 0
        var dashes = 0
        for byte in bytes {
            points += byte == 0x2E ? 1 : 0
            dashes += byte == 0x2D ? 1 : 0
        }
        guard points <= 1, dashes <= 2 else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        if let number = based(text) { return number }
        guard !text.contains("x"), !text.contains("X"), let number = Double(text) else { return nil }
        return number
    }

    private static func based(_ text: String) -> Double? {
        let isNegative = text.hasPrefix("-")
        let digits = text.drop { $0 == "-" || $0 == "+" }
        guard digits.utf8.count > 2, digits.first == "0" else { return nil }
        let radix: Int
        switch digits.utf8[digits.utf8.index(after: digits.utf8.startIndex)] | 0x20 {
        case 0x78: radix = 16
        case 0x62: radix = 2
        case 0x6F: radix = 8
        default: return nil
        }
        guard let number = UInt64(String(digits.dropFirst(2).filter { $0 != "_" }), radix: radix) else { return nil }
        return isNegative ? -Double(number) : Double(number)
    }

    /// An IPv4 address in its four parts.
    package static func ipv4(_ bytes: UnsafeRawBufferPointer) -> UInt32? {
        guard bytes.count >= 7, bytes.count <= 15 else { return nil }
        var address: UInt32 = 0
        var part: UInt32 = 0
        var digits = 0
        var points = 0
        for byte in bytes {
            if byte == 0x2E {
                guard digits > 0, points < 3 else { return nil }
                address = address << 8 | part
                (part, digits, points) = (0, 0, points + 1)
            } else {
                guard byte >= 0x30, byte <= 0x39, digits < 3 else { return nil }
                part = part * 10 + UInt32(byte - 0x30)
                digits += 1
                guard part <= 255 else { return nil }
            }
        }
        guard points == 3, digits > 0 else { return nil }
        return address << 8 | part
    }

    /// A number as arguments of filters and pipes write it: whole, also `0xff`, `0b11`, `1_000`, `4KiB`, `5s`, `inf`.
    package static func wholeArgument(_ text: String) -> UInt64? {
        let lower = text.lowercased()
        if lower == "inf" || lower == "+inf" { return .max }
        return Array(text.utf8).withUnsafeBytes { bytes -> UInt64? in
            if let number = unsigned(bytes) { return number }
            if let number = based(text) { return UInt64(exactly: number) }
            guard let number = byteCount(bytes) ?? duration(bytes), number >= 0 else { return nil }
            return UInt64(number)
        }
    }
}

extension UnsafeRawBufferPointer {
    /// The bytes without the first few.
    func dropping(_ count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self[Swift.min(count, self.count)...])
    }
}

extension NumberReading {
    /// ``number(_:)`` of an array.
    package static func number(_ bytes: [UInt8]) -> Double? { bytes.withUnsafeBytes { number($0) } }
    /// ``mathNumber(_:)`` of an array.
    package static func mathNumber(_ bytes: [UInt8]) -> Double { bytes.withUnsafeBytes { mathNumber($0) } }
    /// ``decimal(_:)`` of an array.
    package static func decimal(_ bytes: [UInt8]) -> Double? { bytes.withUnsafeBytes { decimal($0) } }
    /// ``integer(_:)`` of an array.
    package static func integer(_ bytes: [UInt8]) -> Int64? { bytes.withUnsafeBytes { integer($0) } }
    /// ``unsigned(_:)`` of an array.
    package static func unsigned(_ bytes: [UInt8]) -> UInt64? { bytes.withUnsafeBytes { unsigned($0) } }
    /// ``duration(_:)`` of an array.
    package static func duration(_ bytes: [UInt8]) -> Int64? { bytes.withUnsafeBytes { duration($0) } }
    /// ``ipv4(_:)`` of an array.
    package static func ipv4(_ bytes: [UInt8]) -> UInt32? { bytes.withUnsafeBytes { ipv4($0) } }
}
