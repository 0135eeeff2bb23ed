extension Duration {
    /// Reads a duration as logs and LogsQL write it: `5m`, `1h30m`, `1.5s`, `300ms`, `2d`, `1w`, `1y` (365 days), a
    /// sign in front allowed. Nil for anything else, a bare number included, and for more than 292 years.
    public init?(logForm text: String) {
        guard let nanoseconds = Self.nanoseconds(logForm: Array(text.utf8)) else { return nil }
        self = .nanoseconds(nanoseconds)
    }

    private static func nanoseconds(logForm bytes: [UInt8]) -> Int64? {
        var index = 0
        var negative = false
        if let first = bytes.first, first == 0x2D || first == 0x2B {
            negative = first == 0x2D
            index = 1
        }
        guard index < bytes.count else { return nil }
        var total = 0.0
        while index < bytes.count {
            let numberStart = index
            while index < bytes.count, (bytes[index] >= 0x30 && bytes[index] <= 0x39) || bytes[index] == 0x2E {
                index += 1
            }
            guard let number = Double(String(decoding: bytes[numberStart..<index], as: UTF8.self)) else { return nil }
            let unitStart = index
            while index < bytes.count, bytes[index] > 0x39 || bytes[index] < 0x2E { index += 1 }
            guard let unit = unitNanoseconds[String(decoding: bytes[unitStart..<index], as: UTF8.self)] else {
                return nil
            }
            total += number * unit
        }
        // Above 2^53 a double is no longer exact to the nanosecond; over 104 days nobody writes nanoseconds.
        guard total <= 9.2e18 else { return nil }
        return negative ? -Int64(total.rounded()) : Int64(total.rounded())
    }

    private static let unitNanoseconds: [String: Double] = [
        "ns": 1, "us": 1e3, "µs": 1e3, "μs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3_600e9, "d": 86_400e9,
        "w": 604_800e9, "y": 31_536_000e9,
    ]

    /// The whole duration in nanoseconds, held at the ends of `Int64`.
    public var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, overflowAgain) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflowAgain ? (seconds < 0 ? .min : .max) : sum
    }

    /// The shortest exact form of one or more units, e.g. `1h30m`, `250ms`, `0s`.
    public var logForm: String {
        var rest = wholeNanoseconds
        if rest == 0 { return "0s" }
        var result = rest < 0 ? "-" : ""
        rest = rest == .min ? .max : abs(rest)
        let units: [(String, Int64)] = [
            ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000),
            ("ms", 1_000_000), ("us", 1_000), ("ns", 1),
        ]
        for (name, size) in units where rest >= size {
            result += "\(rest / size)\(name)"
            rest %= size
        }
        return result
    }
}
