internal import QueryLanguage
internal import StoreFormat
internal import RegularExpressions

extension ExtractPipe {
    /// What the pipe does to blocks.
    func change(_ options: ExecutionOptions) -> (ResultBlock) -> ResultBlock {
        let condition = PipeCondition(condition, options)
        let (names, extract) = extraction()
        let (source, rule) = (source, rule)
        return { block in
            let chosen = condition.rows(of: block)
            let column = block.column(source)
            var found: [Int: [[UInt8]]] = [:]
            found.reserveCapacity(block.rows.count)
            for row in block.rows where chosen?.contains(row) ?? true {
                found[row] = extract(column?.value(at: row) ?? [])
            }
            var result = block
            for (index, name) in names.enumerated() {
                result = result.writing(name, rule) { row in found[row]?[index] }
            }
            return result
        }
    }

    /// The fields that are written, and what gives a value for each.
    private func extraction() -> (names: [String], extract: ([UInt8]) -> [[UInt8]]) {
        switch pattern {
        case .text(let pattern): return (pattern.fields, { pattern.values(in: $0) })
        case .expression(let text):
            // The parser has seen that it can be compiled and has named groups.
            guard let expression = try? RegularExpression(text.bytes) else { return ([], { _ in [] }) }
            let groups = expression.groupNames.enumerated().compactMap { index, name in name.map { (index + 1, $0) } }
            return (
                groups.map(\.1),
                { text in
                    text.withUnsafeBytes { bytes in
                        let found = expression.firstMatch(in: bytes)
                        return groups.map { group, _ in (found?[group]).flatMap { $0 }.map { Array(bytes[$0]) } ?? [] }
                    }
                }
            )
        }
    }
}

extension TextPattern {
    /// The text that each of ``fields`` stands for; empty where the pattern does not fit so far.
    func values(in text: [UInt8]) -> [[UInt8]] {
        var found: [String: [UInt8]] = [:]
        var place = text.startIndex
        func index(of part: [UInt8], from start: Int) -> Int? {
            if part.isEmpty { return start }
            guard text.count >= part.count + start else { return nil }
            return (start...(text.count - part.count)).first { text[$0] == part[0] && text[$0...].starts(with: part) }
        }
        func result() -> [[UInt8]] { fields.map { found[$0] ?? [] } }
        guard let first = steps.first, let start = index(of: first.prefix, from: 0) else { return result() }
        place = start + first.prefix.count
        for (number, step) in steps.enumerated() {
            let next = number + 1 < steps.count ? steps[number + 1].prefix : []
            if step.option != "plain", let (value, length) = QuotedText.read(text[place...]) {
                if !step.field.isEmpty { found[step.field] = value }
                place += length
                guard text[place...].starts(with: next) else { return result() }
                place += next.count
            } else if next.isEmpty {
                if !step.field.isEmpty { found[step.field] = Array(text[place...]) }
                return result()
            } else {
                guard let end = index(of: next, from: place) else { return result() }
                if !step.field.isEmpty { found[step.field] = Array(text[place..<end]) }
                place = end + next.count
            }
        }
        return result()
    }
}

/// Text in quotes inside of text.
enum QuotedText {
    /// The text between double quotes or backticks at the start, escapes decoded, and its length with the quotes; nil
    /// when there is none.
    static func read(_ text: ArraySlice<UInt8>) -> (value: [UInt8], length: Int)? {
        guard let quote = text.first, quote == 0x22 || quote == 0x60 else { return nil }
        var value: [UInt8] = []
        var index = text.startIndex + 1
        while index < text.endIndex {
            let byte = text[index]
            if byte == quote { return (value, index + 1 - text.startIndex) }
            if byte == 0x5C, quote == 0x22 {
                guard let length = appendEscape(text[index...], to: &value) else { return nil }
                index += length
            } else {
                if byte == 0x0A, quote == 0x22 { return nil }
                value.append(byte)
                index += 1
            }
        }
        return nil
    }

    /// Decodes the escape at the start; nil when it is none.
    private static func appendEscape(_ text: ArraySlice<UInt8>, to value: inout [UInt8]) -> Int? {
        guard text.count >= 2 else { return nil }
        let start = text.startIndex
        let simple: [UInt8: UInt8] = [
            0x61: 0x07, 0x62: 0x08, 0x66: 0x0C, 0x6E: 0x0A, 0x72: 0x0D, 0x74: 0x09, 0x76: 0x0B, 0x5C: 0x5C, 0x22: 0x22,
        ]
        let letter = text[start + 1]
        if let byte = simple[letter] {
            value.append(byte)
            return 2
        }
        let digits: Int
        switch letter {
        case 0x78: digits = 2
        case 0x75: digits = 4
        case 0x55: digits = 8
        case 0x30...0x37:
            guard text.count >= 4,
                let number = UInt8(String(decoding: text[(start + 1)..<(start + 4)], as: UTF8.self), radix: 8)
            else { return nil }
            value.append(number)
            return 4
        default: return nil
        }
        guard text.count >= 2 + digits,
            let number = UInt32(String(decoding: text[(start + 2)..<(start + 2 + digits)], as: UTF8.self), radix: 16)
        else { return nil }
        if digits == 2 {
            value.append(UInt8(truncatingIfNeeded: number))
        } else {
            guard let scalar = Unicode.Scalar(number) else { return nil }
            value.append(contentsOf: String(scalar).utf8)
        }
        return 2 + digits
    }
}
