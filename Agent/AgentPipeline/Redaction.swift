import ByteCoding
package import RegularExpressions

/// Something that must not be seen, and what stands in its place.
package enum Redaction: Sendable {
    /// Addresses of electronic mail: `[EMAIL]`.
    case emails
    /// Numbers of payment cards, told from other long numbers by their check digit: `[CARD]`.
    case cards
    /// Passwords, keys and tokens: values of fields of such names, behind such names in a text, or of a known form:
    /// `[SECRET]`. Made by ``secrets()``.
    case named(RegularExpression)
    /// What a pattern matches, or its first group if it has one.
    case pattern(RegularExpression, replacement: [UInt8])

    /// Passwords, keys and tokens.
    package static func secrets() throws(RegularExpression.Refusal) -> Redaction {
        // The value behind a name that tells what it is, to the end of its quotes, or of the line when they stay open;
        // then values that tell it themselves.
        let scheme = #"(?:(?:bearer|basic|token)\s+)?"#
        let named =
            #"(?i)(?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|authorization"#
            + #"|client[_-]?secret|session[_-]?id)["']?\s*[:=]\s*(?:"\#(scheme)((?:[^"\\\n]|\\.)+)"#
            + #"|'\#(scheme)((?:[^'\\\n]|\\.)+)|\#(scheme)([^\s"'&,;}\]]{4,}))"#
        let bare =
            #"|\b(?:bearer|basic)\s+([A-Za-z0-9._~+/=-]{12,})"#
            + #"|\b(eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)"#
            + #"|\b((?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20,}|xox[abprs]-[A-Za-z0-9-]{10,}"#
            + #"|sk-[A-Za-z0-9_-]{20,})"#
        return .named(try RegularExpression(Array((named + bare).utf8)))
    }

    private static let email = Array("[EMAIL]".utf8)
    private static let card = Array("[CARD]".utf8)
    /// What stands in the place of a password, key or token.
    static let secret = Array("[SECRET]".utf8)

    /// Writes `text` with what must not be seen replaced.
    ///
    /// - Parameters:
    ///   - text: any bytes.
    ///   - bounds: memory for matches.
    ///   - target: gets the new text; it is left as it is when nothing is found.
    /// - Returns: how many places were replaced.
    func apply(_ text: UnsafeRawBufferPointer, bounds: inout [Int64], to target: inout ByteWriter) -> Int {
        var copied = 0
        var count = 0
        func replace(_ range: Range<Int>, _ replacement: [UInt8]) {
            target.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[copied..<range.lowerBound]))
            target.append(contentsOf: replacement)
            copied = range.upperBound
            count += 1
        }
        var index = 0
        func replaceMatches(of pattern: RegularExpression, by replacement: [UInt8]) {
            while index <= text.count, pattern.firstMatch(in: text, from: index, bounds: &bounds) {
                let whole = Int(bounds[0])..<Int(bounds[1])
                var range = whole
                for group in 0..<pattern.groupCount where bounds[2 * group + 2] >= 0 {
                    range = Int(bounds[2 * group + 2])..<Int(bounds[2 * group + 3])
                    break
                }
                if !range.isEmpty { replace(range, replacement) }
                index = max(whole.upperBound, index + 1)
            }
        }
        switch self {
        case .emails:
            while let at = SecretScanner.next(0x40, in: text, from: index) {
                index = at + 1
                guard let range = SecretScanner.email(in: text, at: at), range.lowerBound >= copied else { continue }
                replace(range, Redaction.email)
                index = range.upperBound
            }
        case .cards:
            while let range = SecretScanner.nextCard(in: text, from: &index) { replace(range, Redaction.card) }
        case .named(let pattern): replaceMatches(of: pattern, by: Redaction.secret)
        case .pattern(let pattern, let replacement): replaceMatches(of: pattern, by: replacement)
        }
        if count > 0 { target.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[copied...])) }
        return count
    }
}

/// Finds addresses and card numbers in any bytes.
enum SecretScanner {
    /// The first index of a byte from `start` on.
    static func next(_ byte: UInt8, in text: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var index = start
        let ones: UInt64 = 0x0101_0101_0101_0101
        let wanted = UInt64(byte) &* ones
        // Eight bytes a step. SAFETY: eight bytes remain. The lowest set bit is that of the first hit: borrows of the
        // subtraction only reach bytes above one that is a hit.
        while index + 8 <= text.count {
            let word = UInt64(littleEndian: text.loadUnaligned(fromByteOffset: index, as: UInt64.self)) ^ wanted
            let hits = (word &- ones) & ~word & (ones << 7)
            if hits != 0 { return index + hits.trailingZeroBitCount >> 3 }
            index += 8
        }
        while index < text.count {
            if text[index] == byte { return index }
            index += 1
        }
        return nil
    }

    /// The address around an `@`: a name, and a host of at least two parts whose last one has two letters or more.
    static func email(in text: UnsafeRawBufferPointer, at: Int) -> Range<Int>? {
        var start = at
        while start > 0, at - start < 64, isNameByte(text[start - 1]) { start -= 1 }
        var end = at + 1
        while end < text.count, end - at <= 253, isHostByte(text[end]) { end += 1 }
        // A sentence may end behind it.
        while end > at + 1, !isAlphanumeric(text[end - 1]) { end -= 1 }
        guard start < at, end > at + 1 else { return nil }
        var letters = end
        while letters > at + 1, isLetter(text[letters - 1]) { letters -= 1 }
        guard end - letters >= 2, letters > at + 2, text[letters - 1] == 0x2E else { return nil }
        return start..<end
    }

    /// The next number of 13 to 19 digits, alone or in groups with a blank or dash between, whose check digit is right.
    static func nextCard(in text: UnsafeRawBufferPointer, from index: inout Int) -> Range<Int>? {
        while index < text.count {
            guard isDigit(text[index]) else {
                index += 1
                continue
            }
            let start = index
            let isWordBefore = start > 0 && (isAlphanumeric(text[start - 1]) || text[start - 1] == 0x5F)
            var end = start
            var count = 0
            // Groups as they are printed: 4-4-4-4 or 4-6-5.
            var group = 0
            var separator: UInt8?
            // Luhn's sum, once as if the last digit so far were the check digit, once as if the next one were.
            var sums = (odd: 0, even: 0)
            while end < text.count {
                let byte = text[end]
                if isDigit(byte) {
                    let digit = Int(byte &- 0x30)
                    let doubled = digit > 4 ? digit * 2 - 9 : digit * 2
                    sums = (odd: sums.even + digit, even: sums.odd + doubled)
                    count += 1
                    group += 1
                    end += 1
                } else if byte == 0x20 || byte == 0x2D, separator == nil || separator == byte,
                    (group == 4 && count < 16) || (group == 6 && count == 10), end + 1 < text.count,
                    isDigit(text[end + 1])
                {
                    separator = byte
                    group = 0
                    end += 1
                } else {
                    break
                }
            }
            index = end
            let isWordBehind = end < text.count && (isAlphanumeric(text[end]) || text[end] == 0x5F)
            let first = text[start] &- 0x30
            guard (13...19).contains(count), (2...6).contains(first), !isWordBefore, !isWordBehind,
                sums.odd % 10 == 0
            else { continue }
            return start..<end
        }
        return nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
    private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }
    private static func isAlphanumeric(_ byte: UInt8) -> Bool { isDigit(byte) || isLetter(byte) }
    private static func isHostByte(_ byte: UInt8) -> Bool { isAlphanumeric(byte) || byte == 0x2E || byte == 0x2D }
    private static func isNameByte(_ byte: UInt8) -> Bool {
        isHostByte(byte) || byte == 0x5F || byte == 0x25 || byte == 0x2B
    }
}
