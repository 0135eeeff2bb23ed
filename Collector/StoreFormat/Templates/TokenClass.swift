/// What kinds of bytes a token is made of, as bits; zero is a byte that separates tokens.
///
/// Tokens are runs of ASCII word bytes, as `WordRule` has them, and of all bytes from 0x80. So no word that search knows
/// of ever lies across the border of a token.
enum TokenClass {
    static let digit: UInt8 = 1
    static let lowerHex: UInt8 = 2
    static let upperHex: UInt8 = 4
    static let letterX: UInt8 = 8
    static let other: UInt8 = 16
    /// From 0x80: parts of words or not.
    static let wide: UInt8 = 64
    /// Not of a byte: the value is a whole message, of any bytes.
    static let wholeMessage: UInt8 = 32

    /// Stands in templates where a variable was taken out: the control character SUB, "substitute".
    static let placeholder: UInt8 = 0x1A

    /// The class of each byte.
    static let table: [UInt8] = (0..<256).map { byte in
        switch byte {
        case 0x30...0x39: digit
        case 0x61...0x66: lowerHex
        case 0x41...0x46: upperHex
        case 0x78: letterX
        case 0x5F, 0x41...0x5A, 0x61...0x7A: other
        case 0x80...0xFF: wide
        default: 0
        }
    }

    /// Whether a token of these classes is a variable wherever it stands: it holds a digit, or is a piece of hex.
    static func isVariable(_ classes: UInt8, length: Int) -> Bool {
        classes & digit != 0 || (classes & ~(lowerHex | upperHex) == 0 && length >= 4)
    }
}

/// A variable of a message: where its bytes are, how many, and of what classes; packed, for there are millions.
struct VariableValue: BitwiseCopyable {
    private let bits: UInt64

    /// The longest value; blocks with longer messages are not split.
    static let longest = 1 << 24 - 1

    init(offset: Int, length: Int, classes: UInt8) {
        bits =
            UInt64(truncatingIfNeeded: offset) << 32 | UInt64(truncatingIfNeeded: length) << 8 | UInt64(classes)
    }

    /// From the start of the block's messages.
    var offset: Int { Int(truncatingIfNeeded: bits >> 32) }
    var length: Int { Int(truncatingIfNeeded: bits >> 8 & 0xFF_FFFF) }
    var classes: UInt8 { UInt8(truncatingIfNeeded: bits) }
}

/// The bytes of the messages of a block. Eight bytes behind the end can be read, whatever they are.
@unsafe
struct MessageBytes {
    let base: UnsafePointer<UInt8>

    /// The up to eight bytes of a value, the first in the lowest byte, zeros behind them.
    func word(_ value: VariableValue) -> UInt64 {
        let all = unsafe UInt64(
            littleEndian: UnsafeRawPointer(base + value.offset).loadUnaligned(as: UInt64.self))
        return value.length >= 8 ? all : all & ((1 << UInt64(value.length * 8)) - 1)
    }

    func bytes(_ value: VariableValue) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: base + value.offset, count: value.length)
    }

    func equal(_ left: VariableValue, _ right: VariableValue) -> Bool {
        guard left.length == right.length else { return false }
        var index = 0
        while left.length - index >= 8 {
            let one = unsafe UnsafeRawPointer(base + left.offset + index).loadUnaligned(as: UInt64.self)
            let two = unsafe UnsafeRawPointer(base + right.offset + index).loadUnaligned(as: UInt64.self)
            if one != two { return false }
            index += 8
        }
        while index < left.length {
            if unsafe base[left.offset + index] != base[right.offset + index] { return false }
            index += 1
        }
        return true
    }

    /// The number that up to 18 digits spell.
    @inline(__always)
    func decimal(_ value: VariableValue) -> UInt64 {
        if value.length <= 8 {
            // Shifted, so that missing digits in front are zeros.
            return unsafe Self.eightDigits(unsafe load(value.offset) << UInt64(64 - value.length * 8))
        }
        return unsafe longDecimal(value)
    }

    private func longDecimal(_ value: VariableValue) -> UInt64 {
        var number: UInt64 = 0
        var offset = value.offset
        var left = value.length
        while left > 8 {
            number = unsafe number &* 100_000_000 &+ Self.eightDigits(load(offset))
            offset += 8
            left -= 8
        }
        let last = unsafe load(offset) << UInt64(64 - left * 8)
        return unsafe number &* DecimalForm.powers[left] &+ Self.eightDigits(last)
    }

    private func load(_ offset: Int) -> UInt64 {
        unsafe UInt64(littleEndian: UnsafeRawPointer(base + offset).loadUnaligned(as: UInt64.self))
    }

    /// Eight digits, the first in the lowest byte, joined to pairs, then fours, then all.
    private static func eightDigits(_ bytes: UInt64) -> UInt64 {
        var word = bytes & 0x0F0F_0F0F_0F0F_0F0F
        word = (word &* 2_561) >> 8 & 0x00FF_00FF_00FF_00FF
        word = (word &* 6_553_601) >> 16 & 0x0000_FFFF_0000_FFFF
        return (word &* 42_949_672_960_001) >> 32
    }
}
