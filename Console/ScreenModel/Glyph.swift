/// One character as it will stand on the screen: a base, at most two combining marks, and its columns.
package struct Glyph: Sendable, Equatable {
    package var scalar: UInt32
    package var mark: UInt32 = 0
    package var secondMark: UInt32 = 0
    /// 1 or 2.
    package var columns: Int
    /// Part of a control or invisible character made visible.
    package var isEscape = false
}

/// Turns the bytes of a log line into glyphs that are safe to draw.
///
/// Control bytes, escape sequences, direction marks and invisible characters come out in readable form, never raw;
/// bytes that are not UTF-8 come out as `<FF>`. A tab is filled up to the next multiple of eight columns, counted from
/// the start of the text. Marks beyond the second of one character are left out.
package enum DisplayText {
    /// Calls `body` with each glyph until it returns false.
    ///
    /// - Parameters:
    ///   - bytes: any bytes.
    ///   - ascii: writes each character outside ASCII as `?` in its width, for terminals without UTF-8.
    ///   - body: returns whether to go on.
    package static func forEachGlyph(
        in bytes: UnsafeBufferPointer<UInt8>, ascii: Bool, _ body: (Glyph) -> Bool
    ) {
        var position = 0
        var column = 0
        var pending: Glyph?

        func flush() -> Bool {
            guard let glyph = pending else { return true }
            pending = nil
            column += glyph.columns
            return body(glyph)
        }
        func emit(escape: String) -> Bool {
            guard flush() else { return false }
            for byte in escape.utf8 {
                column += 1
                guard body(Glyph(scalar: UInt32(byte), columns: 1, isEscape: true)) else { return false }
            }
            return true
        }

        while position < bytes.count {
            let byte = bytes[position]
            if byte >= 0x20, byte < 0x7F {
                guard flush() else { return }
                pending = Glyph(scalar: UInt32(byte), columns: 1)
                position += 1
                continue
            }
            if byte == 0x09 {
                guard flush() else { return }
                repeat {
                    column += 1
                    guard body(Glyph(scalar: 0x20, columns: 1)) else { return }
                } while !column.isMultiple(of: 8)
                position += 1
                continue
            }
            guard let (scalar, length) = decode(bytes, at: position) else {
                let digits = String(byte, radix: 16, uppercase: true)
                guard emit(escape: "<" + (digits.count < 2 ? "0" : "") + digits + ">") else { return }
                position += 1
                continue
            }
            position += length
            switch CharacterWidth.kind(of: scalar) {
            case .columns(let columns):
                guard flush() else { return }
                if ascii {
                    for _ in 0..<columns {
                        column += 1
                        guard body(Glyph(scalar: 0x3F, columns: 1)) else { return }
                    }
                } else {
                    pending = Glyph(scalar: scalar.value, columns: columns)
                }
            case .mark:
                guard !ascii else { continue }
                if pending == nil { pending = Glyph(scalar: 0x20, columns: 1) }
                if pending?.mark == 0 {
                    pending?.mark = scalar.value
                } else if pending?.secondMark == 0 {
                    pending?.secondMark = scalar.value
                }
            case .dropped:
                break
            case .escaped:
                guard emit(escape: CharacterWidth.escape(of: scalar)) else { return }
            }
        }
        _ = flush()
    }

    /// Decodes the scalar at `start`; nil when the bytes there are not well-formed UTF-8.
    static func decode(_ bytes: UnsafeBufferPointer<UInt8>, at start: Int) -> (Unicode.Scalar, Int)? {
        let first = bytes[start]
        let length: Int
        var value: UInt32
        switch first {
        case 0x00..<0x80: return (Unicode.Scalar(first), 1)
        case 0xC2..<0xE0: (length, value) = (2, UInt32(first & 0x1F))
        case 0xE0..<0xF0: (length, value) = (3, UInt32(first & 0x0F))
        case 0xF0..<0xF5: (length, value) = (4, UInt32(first & 0x07))
        default: return nil
        }
        guard start + length <= bytes.count else { return nil }
        for offset in 1..<length {
            let next = bytes[start + offset]
            guard next & 0xC0 == 0x80 else { return nil }
            value = value << 6 | UInt32(next & 0x3F)
        }
        let smallest: UInt32 = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000
        guard value >= smallest, let scalar = Unicode.Scalar(value) else { return nil }
        return (scalar, length)
    }

    /// The columns a text takes when drawn in full.
    package static func columns(of text: String, ascii: Bool = false) -> Int {
        var total = 0
        var copy = text
        copy.withUTF8 { bytes in
            forEachGlyph(in: bytes, ascii: ascii) { glyph in
                total += glyph.columns
                return true
            }
        }
        return total
    }

    /// The text with everything unsafe made visible, for output that is not a screen.
    package static func visible(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        if !bytes.contains(where: { $0 < 0x20 || $0 >= 0x7F }) { return Array(bytes) }
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count + 16)
        forEachGlyph(in: bytes, ascii: false) { glyph in
            for value in [glyph.scalar, glyph.mark, glyph.secondMark] where value != 0 {
                if let scalar = Unicode.Scalar(value) { out.append(contentsOf: UTF8.encode(scalar) ?? .init()) }
            }
            return true
        }
        return out
    }
}
