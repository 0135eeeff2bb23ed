/// What a word is, for search and for the filters that let search skip blocks: a run of letters, digits and `_`.
///
/// Text is read as UTF-8. Outside ASCII, scalars of the categories L and Nd are part of words. Bytes that are no UTF-8
/// separate words. Whoever splits values into words and whoever searches for words must use these functions, else
/// pruning would lose matches.
public enum WordRule {
    /// Whether an ASCII byte is part of a word; false for bytes from 0x80.
    @inlinable
    public static func isWordByte(_ byte: UInt8) -> Bool {
        let lower = byte | 0x20
        return (lower >= 0x61 && lower <= 0x7A) || (byte >= 0x30 && byte <= 0x39) || byte == 0x5F
    }

    /// Whether a scalar is part of a word.
    public static func isWordScalar(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x80: return isWordByte(UInt8(truncatingIfNeeded: scalar.value))
        // Common alphabets without the search in the table of categories: Latin-1 letters, Cyrillic, CJK, Hangul.
        case 0xC0...0xFF: return scalar.value != 0xD7 && scalar.value != 0xF7
        case 0x400...0x481, 0x4E00...0x9FFF, 0xAC00...0xD7A3: return true
        default:
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber:
                return true
            default: return false
            }
        }
    }

    /// Whether a word's character starts at `index`.
    ///
    /// - Precondition: `index` lies within `bytes`.
    @inlinable
    public static func isWord(at index: Int, in bytes: UnsafeRawBufferPointer) -> Bool {
        let byte = unsafe bytes[index]
        return byte < 0x80 ? isWordByte(byte) : unsafe isWideWord(at: index, in: bytes)
    }

    /// Whether a word's character ends right before `index`.
    ///
    /// - Precondition: `index` is over 0 and not past the end of `bytes`.
    @inlinable
    public static func isWord(before index: Int, in bytes: UnsafeRawBufferPointer) -> Bool {
        let byte = unsafe bytes[index - 1]
        return byte < 0x80 ? isWordByte(byte) : unsafe isWideWord(before: index, in: bytes)
    }

    /// Calls `body` with each word of `bytes`, in order. Words that occur twice come twice.
    ///
    /// - Complexity: O(`bytes.count`)
    @inlinable
    public static func forEachWord(in bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) {
        var index = 0
        var start = -1
        while index < bytes.count {
            // SAFETY: `index` is within `bytes`; lengths from `scalar(at:in:)` never pass the end.
            let byte = unsafe bytes[index]
            var length = 1
            let isWord: Bool
            if byte < 0x80 {
                isWord = isWordByte(byte)
            } else if let (scalar, scalarLength) = unsafe scalar(at: index, in: bytes) {
                isWord = isWordScalar(scalar)
                length = scalarLength
            } else {
                isWord = false
            }
            if isWord {
                if start < 0 { start = index }
            } else if start >= 0 {
                unsafe body(UnsafeRawBufferPointer(rebasing: bytes[start..<index]))
                start = -1
            }
            index += length
        }
        if start >= 0 { unsafe body(UnsafeRawBufferPointer(rebasing: bytes[start..<index])) }
    }

    /// The scalar whose UTF-8 starts at `index` and its length in bytes; nil when the bytes there are no UTF-8.
    ///
    /// - Precondition: `index` lies within `bytes`.
    public static func scalar(
        at index: Int, in bytes: UnsafeRawBufferPointer
    ) -> (scalar: Unicode.Scalar, length: Int)? {
        // SAFETY: every further byte is read after comparing its index with `count`.
        let first = unsafe UInt32(bytes[index])
        if first < 0x80 { return Unicode.Scalar(first).map { ($0, 1) } }
        let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
        guard first >= 0xC2, first <= 0xF4, index + length <= bytes.count else { return nil }
        var value = first & (0x7F >> UInt32(length))
        for next in index + 1..<index + length {
            let byte = unsafe UInt32(bytes[next])
            guard byte & 0xC0 == 0x80 else { return nil }
            value = value << 6 | byte & 0x3F
        }
        guard value >= (length == 4 ? 0x1_0000 : length == 3 ? 0x800 : 0x80) else { return nil }
        // Surrogates and what lies over U+10FFFF are refused here.
        return Unicode.Scalar(value).map { ($0, length) }
    }

    @usableFromInline
    static func isWideWord(at index: Int, in bytes: UnsafeRawBufferPointer) -> Bool {
        guard let (scalar, _) = unsafe scalar(at: index, in: bytes) else { return false }
        return isWordScalar(scalar)
    }

    @usableFromInline
    static func isWideWord(before index: Int, in bytes: UnsafeRawBufferPointer) -> Bool {
        var start = index - 1
        while start > 0, index - start < 4, unsafe bytes[start] & 0xC0 == 0x80 { start -= 1 }
        guard let (scalar, length) = unsafe scalar(at: start, in: bytes), start + length == index else { return false }
        return isWordScalar(scalar)
    }
}
