/// How text is written as bytes in a file.
package enum TextEncoding: String, Sendable, CaseIterable {
    /// As it is: bytes that are no UTF-8 are kept as well.
    case utf8 = "utf-8"
    /// As its byte order mark says; without one as ``utf16LittleEndian``.
    case utf16 = "utf-16"
    /// UTF-16, the lower byte first.
    case utf16LittleEndian = "utf-16le"
    /// UTF-16, the higher byte first.
    case utf16BigEndian = "utf-16be"
    /// ISO 8859-1: each byte is a character.
    case latin1 = "latin-1"
    /// Windows' version of it.
    case windows1252 = "windows-1252"

    /// Bytes of one unit.
    package var unitBytes: Int {
        switch self {
        case .utf8, .latin1, .windows1252: 1
        case .utf16, .utf16LittleEndian, .utf16BigEndian: 2
        }
    }

}

/// Turns text of other encodings into UTF-8, and tells how far in the file a place in the UTF-8 text is. What is no
/// character becomes U+FFFD. One owner, one thread at a time; memory grows with the longest run of bytes.
final class Transcoder {
    private var buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)

    deinit {
        buffer.deallocate()
    }

    /// Converts the whole characters at the start of `bytes`.
    ///
    /// - Parameters:
    ///   - bytes: what stands in the file.
    ///   - encoding: one whose byte order is known.
    ///   - isFinal: whether nothing follows, so that half a character counts as one.
    /// - Returns: their text, valid until the next call.
    func convert(
        _ bytes: UnsafeRawBufferPointer, from encoding: TextEncoding, isFinal: Bool
    ) -> UnsafeRawBufferPointer {
        // A byte becomes three at most; so do the two of a unit, and the one that is left over.
        let most = bytes.count * 3
        if buffer.count < most {
            buffer.deallocate()
            buffer = .allocate(byteCount: most, alignment: 16)
        }
        var written = 0
        var index = 0
        while index < bytes.count, let next = Transcoder.character(bytes, index, encoding, isFinal) {
            written += Transcoder.write(next.scalar, to: buffer, at: written)
            index += next.length
        }
        return UnsafeRawBufferPointer(rebasing: buffer[..<written])
    }

    /// How many of `bytes` make the first `count` bytes of the converted text; without a character that is cut.
    func length(
        of count: Int, in bytes: UnsafeRawBufferPointer, from encoding: TextEncoding, isFinal: Bool
    ) -> Int {
        var written = 0
        var index = 0
        while index < bytes.count, let next = Transcoder.character(bytes, index, encoding, isFinal) {
            written += Transcoder.width(next.scalar)
            if written > count { break }
            index += next.length
        }
        return index
    }

    /// The character at `index` and how many bytes it has; nil when its rest has not come yet.
    private static func character(
        _ bytes: UnsafeRawBufferPointer, _ index: Int, _ encoding: TextEncoding, _ isFinal: Bool
    ) -> (scalar: UInt32, length: Int)? {
        func unit(_ at: Int) -> UInt32 {
            let (first, second) = (UInt32(bytes[at]), UInt32(bytes[at + 1]))
            return encoding == .utf16BigEndian ? first << 8 | second : second << 8 | first
        }
        switch encoding {
        case .utf8, .latin1: return (UInt32(bytes[index]), 1)
        case .windows1252:
            let byte = bytes[index]
            return (byte &- 0x80 < 0x20 ? windows[Int(byte) - 0x80] : UInt32(byte), 1)
        case .utf16, .utf16LittleEndian, .utf16BigEndian:
            guard index + 2 <= bytes.count else { return isFinal ? (0xFFFD, 1) : nil }
            let high = unit(index)
            guard high &- 0xD800 < 0x800 else { return (high, 2) }
            guard high < 0xDC00 else { return (0xFFFD, 2) }
            guard index + 4 <= bytes.count else { return isFinal ? (0xFFFD, 2) : nil }
            let low = unit(index + 2)
            guard low &- 0xDC00 < 0x400 else { return (0xFFFD, 2) }
            return (0x10000 + (high - 0xD800) << 10 + (low - 0xDC00), 4)
        }
    }

    private static func width(_ scalar: UInt32) -> Int {
        scalar < 0x80 ? 1 : scalar < 0x800 ? 2 : scalar < 0x10000 ? 3 : 4
    }

    private static func write(_ scalar: UInt32, to target: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
        func put(_ place: Int, _ bits: UInt32) { target[offset + place] = UInt8(truncatingIfNeeded: bits) }
        switch width(scalar) {
        case 1: put(0, scalar)
        case 2:
            put(0, 0xC0 | scalar >> 6)
            put(1, 0x80 | scalar & 0x3F)
        case 3:
            put(0, 0xE0 | scalar >> 12)
            put(1, 0x80 | scalar >> 6 & 0x3F)
            put(2, 0x80 | scalar & 0x3F)
        default:
            put(0, 0xF0 | scalar >> 18)
            put(1, 0x80 | scalar >> 12 & 0x3F)
            put(2, 0x80 | scalar >> 6 & 0x3F)
            put(3, 0x80 | scalar & 0x3F)
        }
        return width(scalar)
    }

    /// What Windows-1252 has in the place of the control characters 80 to 9F; the five that it leaves out stay those.
    private static let windows: [UInt32] = [
        0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,
        0x017D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A,
        0x0153, 0x9D, 0x017E, 0x0178,
    ]
}
