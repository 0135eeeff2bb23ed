internal import ByteCoding

/// Runs of decimal digits as numbers.
enum DecimalForm {
    /// 10 to the power of the index.
    static let powers: [UInt64] = (0..<20).map { exponent in (0..<exponent).reduce(UInt64(1)) { power, _ in power * 10 }
    }

    /// Runs of digits, zeros in front told apart, have numbers of their own: those of length n begin at this one.
    /// Added to the value, it makes "7", "07" and "007" three different numbers.
    static let firstOfLength: [UInt64] = (0..<19).map { length in
        (1..<max(1, length)).reduce(UInt64(0)) { $0 + powers[$1] }
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    /// The digits that a number of a run stands for, and how many they are.
    static func run(_ number: UInt64) -> (value: UInt64, length: Int) {
        var length = 1
        var first: UInt64 = 0
        var count: UInt64 = 10
        while length < 18, number - first >= count {
            first += count
            count *= 10
            length += 1
        }
        return (number - first, length)
    }

    /// How many digits a number has.
    @inline(__always)
    static func digitCount(_ value: UInt64) -> Int {
        if value < 100 { return value < 10 ? 1 : 2 }
        if value < 10_000 { return value < 1_000 ? 3 : 4 }
        var count = 5
        var rest = value / 10_000
        while rest >= 10 {
            rest /= 10
            count += 1
        }
        return count
    }
}

/// Hexadecimal digits.
enum HexadecimalForm {
    /// The value of a digit; over 15 for any other byte.
    static func value(_ byte: UInt8) -> UInt8 {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: 0xFF
        }
    }
}

extension DecimalForm {
    /// Appends a number in decimal.
    ///
    /// - Parameters:
    ///   - value: the number.
    ///   - digits: how many digits, the last ones, with zeros in front; 0 for as many as it has.
    ///   - output: where they go.
    @inline(__always)
    static func append(_ value: UInt64, digits: Int, to output: inout ReusableBuffer<UInt8>) {
        let count = digits == 0 ? digitCount(value) : digits
        let start = output.count
        output.resize(to: start + count)
        let target = unsafe output.pointer + start
        var rest = value
        var index = count
        while index > 0 {
            index -= 1
            let next = rest / 10
            unsafe target[index] = UInt8(truncatingIfNeeded: 0x30 + (rest - next * 10))
            rest = next
        }
    }
}

extension HexadecimalForm {
    /// Appends bytes as hexadecimal digits.
    static func append(
        _ bytes: UnsafeRawBufferPointer, isUpper: Bool, hasPrefix: Bool, to output: inout ReusableBuffer<UInt8>
    ) {
        let letters: UInt8 = isUpper ? 0x41 - 10 : 0x61 - 10
        func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : letters + value }
        var index = output.count
        output.resize(to: index + bytes.count * 2 + (hasPrefix ? 2 : 0))
        if hasPrefix {
            output[index] = 0x30
            output[index + 1] = 0x78
            index += 2
        }
        for position in 0..<bytes.count {
            let byte = unsafe bytes[position]
            output[index] = digit(byte >> 4)
            output[index + 1] = digit(byte & 15)
            index += 2
        }
    }
}
