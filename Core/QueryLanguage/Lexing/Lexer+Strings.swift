extension Lexer {
    /// Reads text in quotes. Between backticks nothing is special; in the others `\` starts an escape.
    mutating func quotedBytes() throws(QueryError) -> [UInt8] {
        let start = index
        let quote = scalars[index]
        index += 1
        var bytes: [UInt8] = []
        while index < scalars.count, scalars[index] != quote {
            if scalars[index] == "\\", quote != "`" {
                try appendEscape(to: &bytes)
            } else {
                bytes.append(contentsOf: source.bytes[offsets[index]..<offsets[index + 1]])
                index += 1
            }
        }
        guard index < scalars.count else {
            throw source.failure(
                "the closing \(quote) is missing", offset: offsets[start], length: 1, expected: ["\(quote)"])
        }
        index += 1
        return bytes
    }

    private mutating func appendEscape(to bytes: inout [UInt8]) throws(QueryError) {
        let start = index
        index += 1
        guard index < scalars.count else { return }  // The missing quote is reported instead.
        let letter = scalars[index]
        index += 1
        switch letter {
        case "n": bytes.append(0x0A)
        case "r": bytes.append(0x0D)
        case "t": bytes.append(0x09)
        case "a": bytes.append(0x07)
        case "b": bytes.append(0x08)
        case "f": bytes.append(0x0C)
        case "v": bytes.append(0x0B)
        case "\\", "\"", "'", "`": bytes.append(UInt8(truncatingIfNeeded: letter.value))
        case "x":
            guard let value = hexadecimal(digits: 2) else { throw badEscape(from: start, "two hexadecimal digits") }
            bytes.append(UInt8(truncatingIfNeeded: value))
        case "u", "U":
            let digits = letter == "u" ? 4 : 8
            guard let value = hexadecimal(digits: digits), let scalar = Unicode.Scalar(value) else {
                throw badEscape(from: start, "\(digits) hexadecimal digits of a Unicode scalar")
            }
            bytes.append(contentsOf: String(scalar).utf8)
        default:
            throw source.failure(
                "unknown escape \\\(letter); write \\\\ for a backslash, or put the text between backticks",
                offset: offsets[start], length: offsets[index] - offsets[start])
        }
    }

    private mutating func hexadecimal(digits: Int) -> UInt32? {
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard index < scalars.count, scalars[index].isASCII,
                let digit = Character(scalars[index]).hexDigitValue
            else { return nil }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }

    private func badEscape(from start: Int, _ wanted: String) -> QueryError {
        let letter = scalars[start + 1]
        return source.failure(
            "\\\(letter) needs \(wanted) after it", offset: offsets[start], length: offsets[index] - offsets[start])
    }
}
