import LogModel

/// Writes names and values so that the parser reads them back.
enum Quoting {
    /// The name of a field, in quotes if needed.
    static func name(_ name: String) -> String {
        value(QueryText(name))
    }

    /// A value, in quotes if needed.
    static func value(_ text: QueryText) -> String {
        if let string = text.string, isBare(string) { return string }
        return quoted(text)
    }

    /// Whether a value needs no quotes wherever it stands.
    private static func isBare(_ text: String) -> Bool {
        guard !text.isEmpty, text.unicodeScalars.allSatisfy({ Lexer.isBareScalar($0) }) else { return false }
        let lower = text.lowercased()
        return !KnownNames.keywords.contains(lower) && !KnownNames.filters.contains(lower)
            && KnownNames.missingFilter(lower) == nil && !KnownNames.pipeNames.contains(lower)
    }

    /// A value between double quotes. Bytes that are no UTF-8, and control characters, become escapes.
    static func quoted(_ text: QueryText) -> String {
        var result = "\""
        text.bytes.withUnsafeBytes { bytes in
            var index = 0
            while index < bytes.count {
                guard let (scalar, length) = WordRule.scalar(at: index, in: bytes) else {
                    result += escape(bytes[index])
                    index += 1
                    continue
                }
                switch scalar {
                case "\"": result += "\\\""
                case "\\": result += "\\\\"
                case "\n": result += "\\n"
                case "\r": result += "\\r"
                case "\t": result += "\\t"
                case let control where control.value < 0x20 || control.value == 0x7F: result += escape(bytes[index])
                default: result.unicodeScalars.append(scalar)
                }
                index += length
            }
        }
        return result + "\""
    }

    private static func escape(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return "\\x" + (digits.utf8.count == 1 ? "0" : "") + digits
    }
}
