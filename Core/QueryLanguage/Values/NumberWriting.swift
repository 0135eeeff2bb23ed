/// Writes numbers as LogsQL does in results.
package enum NumberWriting {
    /// The shortest digits that read back as the same number, without an exponent; `NaN`, `+Inf`, `-Inf`.
    package static func decimal(_ number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-Inf" : "+Inf" }
        if number == number.rounded(), number.magnitude < 1e15 { return "\(Int64(number))" }
        let text = "\(number)"
        guard let mark = text.firstIndex(of: "e"), let exponent = Int(text[text.index(after: mark)...]) else {
            return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
        }
        let mantissa = text[..<mark]
        let sign = mantissa.hasPrefix("-") ? "-" : ""
        let parts = mantissa.drop { $0 == "-" }.split(separator: ".")
        let whole = String(parts[0])
        let fraction = parts.count > 1 && parts[1] != "0" ? String(parts[1]) : ""
        let digits = whole + fraction
        let point = whole.count + exponent
        if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
        if point >= digits.count { return sign + digits + String(repeating: "0", count: point - digits.count) }
        return sign + digits.prefix(point) + "." + digits.dropFirst(point)
    }

    /// A duration of so many nanoseconds: `1w2d3h4m5.678s`, `12ms5µs`, `0`.
    package static func duration(_ nanoseconds: Int64) -> String {
        if nanoseconds == 0 { return "0" }
        var result = nanoseconds < 0 ? "-" : ""
        var rest = nanoseconds.magnitude
        func take(_ unit: UInt64, _ name: String) {
            guard rest >= unit else { return }
            result += "\(rest / unit)\(name)"
            rest %= unit
        }
        let isLong = rest >= 1_000_000_000
        take(604_800_000_000_000, "w")
        take(86_400_000_000_000, "d")
        take(3_600_000_000_000, "h")
        take(60_000_000_000, "m")
        if isLong, rest >= 1_000_000_000 { return result + decimal(Double(rest) / 1e9) + "s" }
        take(1_000_000, "ms")
        take(1_000, "µs")
        take(1, "ns")
        return result
    }

    /// An address in its four parts.
    package static func ipv4(_ address: UInt32) -> String {
        "\(address >> 24).\(address >> 16 & 0xFF).\(address >> 8 & 0xFF).\(address & 0xFF)"
    }
}
