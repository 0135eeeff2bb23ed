internal import LogModel

/// Puts `<N>` in the place of numbers, so that messages that differ in nothing else become the same.
enum CollapsedNumbers {
    /// Decimal numbers, and hexadecimal ones with an even number of at least four digits, that are no part of a word.
    static func collapsing(_ text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var copied = 0
        var start = -1
        func add(_ end: Int, isNumber: Bool) {
            result += text[copied..<start]
            if isNumber, canBeNumber(text[start..<end]) {
                result += [0x3C, 0x4E, 0x3E]
            } else {
                result += text[start..<end]
            }
            copied = end
            start = -1
        }
        text.withUnsafeBytes { bytes in
            var previous: Unicode.Scalar?
            var index = 0
            while index < bytes.count {
                let (scalar, length) = WordRule.scalar(at: index, in: bytes) ?? ("\u{FFFD}", 1)
                if isDigit(scalar) {
                    if start < 0, previous.map({ mayStandBefore($0) || !WordRule.isWordScalar($0) }) ?? true {
                        start = index
                    }
                } else if start >= 0 {
                    add(index, isNumber: mayStandBehind(scalar) || !WordRule.isWordScalar(scalar))
                }
                previous = scalar
                index += length
            }
            if start >= 0 { add(bytes.count, isNumber: true) }
        }
        result += text[copied...]
        return result
    }

    /// Collapsed text with names for what numbers and signs together mean.
    static func pretty(_ text: [UInt8]) -> [UInt8] {
        var result = String(decoding: text, as: UTF8.self)
        func replace(_ old: String, _ new: String, skipping tails: [String] = []) {
            var parts = result.split(separator: old, omittingEmptySubsequences: false).map { String($0) }
            for index in parts.indices.dropFirst() {
                if let tail = tails.first(where: { parts[index].hasPrefix($0) }) {
                    parts[index].removeFirst(tail.count)
                }
            }
            result = parts.joined(separator: new)
        }
        let zones = ["Z", "-<N>:<N>", "+<N>:<N>"]
        replace("<N>-<N>-<N>-<N>-<N>", "<UUID>")
        replace("<N>.<N>.<N>.<N>", "<IP4>")
        replace("<N>:<N>:<N>", "<TIME>", skipping: [".<N>", ",<N>"])
        replace("<N>-<N>-<N>", "<DATE>")
        replace("<N>/<N>/<N>", "<DATE>")
        replace("<DATE>T<TIME>", "<DATETIME>", skipping: zones)
        replace("<DATE> <TIME>", "<DATETIME>", skipping: zones)
        return Array(result.utf8)
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "0"..."9", "a"..."f", "A"..."F": true
        default: false
        }
    }

    /// Letters that numbers may follow: of times, versions and `0x`.
    private static func mayStandBefore(_ scalar: Unicode.Scalar) -> Bool { "TXxvshm".unicodeScalars.contains(scalar) }

    /// Letters that may follow numbers: units and parts of times.
    private static func mayStandBehind(_ scalar: Unicode.Scalar) -> Bool {
        "TZsmhμun".unicodeScalars.contains(scalar)
    }

    private static func canBeNumber(_ digits: ArraySlice<UInt8>) -> Bool {
        let isDecimal = digits.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
        return isDecimal || (digits.count >= 4 && digits.count % 2 == 0)
    }
}
