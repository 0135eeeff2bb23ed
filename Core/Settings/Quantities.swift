/// Bytes from `4096`, `64KiB`, `1.5 GiB`, `10MB`; nil when the text is no size or does not fit.
package func parseByteSize(_ text: String) -> Int? {
    let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "_") }
    guard let number = Double(digits.filter { $0 != "_" }), number.isFinite, number >= 0 else { return nil }
    let unit = text[digits.endIndex...].drop { $0 == " " }.lowercased()
    let factors: [String: Double] = [
        "": 1, "b": 1, "kib": 0x1p10, "mib": 0x1p20, "gib": 0x1p30, "tib": 0x1p40, "k": 0x1p10, "m": 0x1p20,
        "g": 0x1p30, "t": 0x1p40, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
    ]
    guard let factor = factors[unit] else { return nil }
    let product = number * factor
    return product < 0x1p62 ? Int(product) : nil
}

/// A size as people write it: `64MiB` when it is a whole number of them, else bytes.
package func byteSizeText(_ bytes: Int) -> String {
    for (shift, unit) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")]
    where bytes > 0 && bytes & ((1 << shift) - 1) == 0 {
        return "\(bytes >> shift)\(unit)"
    }
    return "\(bytes)"
}

/// A span of time from `250ms`, `30s`, `1.5h`, `1h30m`, `7d`, or a bare `0`; nil when the text is none.
package func parseDuration(_ text: String) -> Duration? {
    if text == "0" { return .zero }
    let nanoseconds: [String: Double] = [
        "ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9, "d": 86400e9, "w": 604800e9,
    ]
    var rest = Substring(text)
    var total = 0.0
    if rest.isEmpty { return nil }
    while !rest.isEmpty {
        let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        rest = rest[digits.endIndex...]
        let unit = rest.prefix { $0.isLetter }
        rest = rest[unit.endIndex...]
        guard let number = Double(digits), let factor = nanoseconds[String(unit)] else { return nil }
        total += number * factor
    }
    return total < 0x1p62 ? .nanoseconds(Int64(total.rounded())) : nil
}

/// A span of time as people write it, in its largest whole unit.
package func durationText(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    if attoseconds == 0 {
        for (length, unit) in [(86400, "d"), (3600, "h"), (60, "m")] as [(Int64, String)]
        where seconds != 0 && seconds % length == 0 {
            return "\(seconds / length)\(unit)"
        }
        return "\(seconds)s"
    }
    let nanoseconds = seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000
    if nanoseconds % 1_000_000 == 0 { return "\(nanoseconds / 1_000_000)ms" }
    return nanoseconds % 1000 == 0 ? "\(nanoseconds / 1000)us" : "\(nanoseconds)ns"
}

/// The word that differs least from `word`, if it is near enough to have been meant.
package func nearest(to word: String, among candidates: [String]) -> String? {
    let limit = max(1, word.count / 3)
    var best: (word: String, distance: Int)?
    for candidate in candidates {
        let distance = editDistance(Array(word.lowercased()), Array(candidate.lowercased()))
        if distance <= limit, distance < (best?.distance ?? .max) { best = (candidate, distance) }
    }
    return best?.word
}

/// Insertions, deletions, replacements and swaps of neighbours that make one word of the other.
private func editDistance(_ left: [Character], _ right: [Character]) -> Int {
    // Keys are short; without a bound a megabyte as a key would take its square in time.
    if left.count > 64 || right.count > 64 { return .max }
    var rows = [Array(0...right.count)]
    for i in 0..<left.count {
        var row = [i + 1]
        for j in 0..<right.count {
            var cost = min(row[j] + 1, rows[i][j + 1] + 1, rows[i][j] + (left[i] == right[j] ? 0 : 1))
            if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                cost = min(cost, rows[i - 1][j - 1] + 1)
            }
            row.append(cost)
        }
        rows.append(row)
    }
    return rows[left.count][right.count]
}
