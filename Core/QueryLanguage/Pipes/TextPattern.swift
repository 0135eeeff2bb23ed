/// Text with fields in it: `ip=<ip> <_>`. `extract` takes it apart, `format` puts it together.
package struct TextPattern: Hashable, Sendable {
    /// Some text, and the field behind it.
    package struct Step: Hashable, Sendable {
        /// The text in front of the field.
        package var prefix: [UInt8]
        /// The field; empty for `<_>`, and behind the last text.
        package var field: String
        /// What stands in front of the field and a colon, such as `plain` or `uc`.
        package var option: String
    }

    /// The pattern as it is written.
    package let text: QueryText
    /// Its parts.
    package let steps: [Step]

    /// Takes a pattern apart; nil with the reason when a `<` is not closed.
    static func parse(_ text: QueryText) -> Result<TextPattern, Mistake> {
        var steps: [Step] = []
        var rest = text.bytes[...]
        while !rest.isEmpty {
            guard let open = rest.firstIndex(of: 0x3C) else {
                steps.append(Step(prefix: unescaped(rest), field: "", option: ""))
                break
            }
            let prefix = rest[..<open]
            guard let close = rest[open...].firstIndex(of: 0x3E) else {
                return .failure(
                    Mistake(message: "a `>` is missing behind `<`; write `&lt;` for a `<` that stands for itself"))
            }
            var name = String(decoding: rest[(open + 1)..<close], as: UTF8.self)
            if name == "_" || name == "*" { name = "" }
            var option = ""
            if let colon = name.firstIndex(of: ":") {
                option = trimmed(String(name[..<colon]))
                name = String(name[name.index(after: colon)...])
            }
            name = trimmed(name)
            if name.hasSuffix("*") {
                return .failure(Mistake(message: "a field in a pattern cannot end with `*`: `\(name)`"))
            }
            steps.append(Step(prefix: unescaped(prefix), field: name, option: option))
            rest = rest[(close + 1)...]
        }
        return .success(TextPattern(text: text, steps: steps))
    }

    /// Why a text is no pattern.
    struct Mistake: Error {
        var message: String
    }

    /// The fields that it names, in order, each once.
    package var fields: [String] {
        var seen: Set<String> = []
        return steps.map(\.field).filter { !$0.isEmpty && seen.insert($0).inserted }
    }

    private static func trimmed(_ text: String) -> String {
        let inner = text.drop { $0 == " " }
        return String(inner.reversed().drop { $0 == " " }.reversed())
    }

    /// Text with `&lt;`, `&gt;`, `&amp;`, `&quot;`, `&apos;` and numbers such as `&#60;` decoded.
    private static func unescaped(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        guard bytes.contains(0x26) else { return Array(bytes) }
        var result: [UInt8] = []
        var index = bytes.startIndex
        while index < bytes.endIndex {
            if bytes[index] == 0x26, let end = bytes[index...].prefix(12).firstIndex(of: 0x3B),
                let decoded = entity(String(decoding: bytes[(index + 1)..<end], as: UTF8.self))
            {
                result.append(contentsOf: decoded.utf8)
                index = end + 1
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return result
    }

    private static func entity(_ name: String) -> String? {
        if let known = ["lt": "<", "gt": ">", "amp": "&", "quot": "\"", "apos": "'", "nbsp": "\u{A0}"][name] {
            return known
        }
        guard name.hasPrefix("#") else { return nil }
        let digits = name.dropFirst()
        let isHexadecimal = digits.hasPrefix("x") || digits.hasPrefix("X")
        guard let number = UInt32(isHexadecimal ? digits.dropFirst() : digits, radix: isHexadecimal ? 16 : 10) else {
            return nil
        }
        return Unicode.Scalar(number).map { String($0) }
    }
}

extension Parser {
    /// Reads a pattern.
    mutating func textPattern() throws(QueryError) -> TextPattern {
        let token = current
        switch TextPattern.parse(try text("a pattern in quotes")) {
        case .success(let pattern): return pattern
        case .failure(let mistake): throw failure(mistake.message, from: token)
        }
    }
}
