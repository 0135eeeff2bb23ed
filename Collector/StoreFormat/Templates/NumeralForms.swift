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
        while length < 18, number >= firstOfLength[length + 1] { length += 1 }
        return (number - firstOfLength[length], length)
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
    static func append(_ value: UInt64, digits: Int, to output: inout ReusableBuffer<UInt8>) {
        var count = digits
        if count == 0 {
            count = 1
            while count < 20, value >= powers[count] { count += 1 }
        }
        let start = output.count
        output.resize(to: start + count)
        var rest = value
        var index = start + count
        while index > start {
            index -= 1
            output[index] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
            rest /= 10
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
