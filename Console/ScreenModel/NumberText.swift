/// Numbers as people read them.
package enum NumberText {
    /// `84312` as `84,312`.
    package static func grouped(_ value: Int) -> String {
        let digits = String(value.magnitude)
        var out = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { out.append(",") }
            out.append(digit)
        }
        return value < 0 ? "-" + out : out
    }

    /// At most five characters: `999`, `1.2k`, `42k`, `1.2M`.
    package static func short(_ value: Int) -> String {
        var amount = Double(value.magnitude)
        var unit = ""
        for next in ["k", "M", "G", "T", "P"] where amount >= 1000 {
            amount /= 1000
            unit = next
        }
        let sign = value < 0 ? "-" : ""
        if unit.isEmpty { return sign + String(value.magnitude) }
        return sign + (amount < 10 ? fixed(amount, digits: 1) : String(Int(amount))) + unit
    }

    /// Bytes in powers of 1024: `512 B`, `29 KiB`, `1.5 MiB`.
    package static func bytes(_ value: Int) -> String {
        var amount = Double(value.magnitude)
        var unit = "B"
        for next in ["KiB", "MiB", "GiB", "TiB", "PiB"] where amount >= 1024 {
            amount /= 1024
            unit = next
        }
        return (unit == "B" || amount >= 10 ? String(Int(amount)) : fixed(amount, digits: 1)) + " " + unit
    }

    /// A length of time in its largest unit: `0.4s`, `12s`, `5m`, `2h`, `3d`.
    package static func duration(nanoseconds: Int64) -> String {
        let seconds = nanoseconds / 1_000_000_000
        switch seconds {
        case ..<1: return "\(max(0, nanoseconds / 1_000_000))ms"
        case ..<120: return "\(seconds)s"
        case ..<7200: return "\(seconds / 60)m"
        case ..<172_800: return "\(seconds / 3600)h"
        default: return "\(seconds / 86400)d"
        }
    }

    /// `value` with a fixed number of digits after the point.
    package static func fixed(_ value: Double, digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        guard value.isFinite, value.magnitude < 1e15 else { return "-" }
        let whole = Int((value.magnitude * scale).rounded())
        let unit = Int(scale)
        let fraction = String(whole % unit)
        let padding = String(repeating: "0", count: max(0, digits - fraction.count))
        return (value < 0 ? "-" : "") + String(whole / unit) + (digits > 0 ? "." + padding + fraction : "")
    }
}
