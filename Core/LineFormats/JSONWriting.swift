public import ByteCoding

extension ByteWriter {
    /// Appends bytes as a JSON string with its quotes. Quotes, backslashes and control characters are escaped; runs
    /// that are no valid UTF-8 become U+FFFD, because JSON is text.
    public mutating func append(jsonString bytes: UnsafeRawBufferPointer) {
        reserve(bytes.count + 2)
        append(0x22)
        var index = 0
        var clean = 0
        let count = bytes.count
        while index < count {
            let byte = unsafe bytes[index]
            if byte < 0x80 {
                if byte >= 0x20, byte != 0x22, byte != 0x5C {
                    index += 1
                    continue
                }
                unsafe append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[clean..<index]))
                append(jsonEscape: byte)
                index += 1
                clean = index
                continue
            }
            let length = unsafe validSequence(bytes, at: index)
            if length > 0 {
                index += length
                continue
            }
            unsafe append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[clean..<index]))
            append(0xEF)
            append(0xBF)
            append(0xBD)
            index += 1
            clean = index
        }
        unsafe append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[clean..<index]))
        append(0x22)
    }

    /// Appends text as a JSON string with its quotes.
    public mutating func append(jsonString text: String) {
        var copy = text
        copy.withUTF8 { unsafe append(jsonString: UnsafeRawBufferPointer($0)) }
    }

    private mutating func append(jsonEscape byte: UInt8) {
        append(0x5C)
        switch byte {
        case 0x22, 0x5C: append(byte)
        case 0x0A: append(0x6E)
        case 0x0D: append(0x72)
        case 0x09: append(0x74)
        case 0x08: append(0x62)
        case 0x0C: append(0x66)
        default:
            append(0x75)
            append(0x30)
            append(0x30)
            append(hexDigit(byte >> 4))
            append(hexDigit(byte & 15))
        }
    }
}

private func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? 0x30 + value : 0x61 + value - 10
}

/// The length of the well-formed UTF-8 sequence at `index` (Unicode 15, table 3-7), or 0 when it is ill-formed.
func validSequence(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Int {
    func continuation(_ at: Int, _ low: UInt8 = 0x80, _ high: UInt8 = 0xBF) -> Bool {
        guard at < bytes.count else { return false }
        let byte = unsafe bytes[at]
        return byte >= low && byte <= high
    }
    switch unsafe bytes[index] {
    case 0x00...0x7F: return 1
    case 0xC2...0xDF: return continuation(index + 1) ? 2 : 0
    case 0xE0: return continuation(index + 1, 0xA0) && continuation(index + 2) ? 3 : 0
    case 0xED: return continuation(index + 1, 0x80, 0x9F) && continuation(index + 2) ? 3 : 0
    case 0xE1...0xEF: return continuation(index + 1) && continuation(index + 2) ? 3 : 0
    case 0xF0:
        return continuation(index + 1, 0x90) && continuation(index + 2) && continuation(index + 3) ? 4 : 0
    case 0xF4:
        return continuation(index + 1, 0x80, 0x8F) && continuation(index + 2) && continuation(index + 3) ? 4 : 0
    case 0xF1...0xF3:
        return continuation(index + 1) && continuation(index + 2) && continuation(index + 3) ? 4 : 0
    default: return 0
    }
}
