internal import LogModel
internal import QueryLanguage
internal import StoreFormat
internal import RegularExpressions

extension UpdatePipe {
    /// What the pipe does to blocks.
    func change(_ options: ExecutionOptions) -> (ResultBlock) -> ResultBlock {
        let condition = PipeCondition(condition, options)
        let update = update()
        let field = field
        return { block in
            let chosen = condition.rows(of: block)
            let column = block.column(field)
            // A block without the field has empty values, and there is something in an empty value for `x*` to match.
            if column == nil, update([]).isEmpty { return block }
            return block.writing(field) { row in
                if let chosen, !chosen.contains(row) { return nil }
                return update(column?.value(at: row) ?? [])
            }
        }
    }

    private func update() -> ([UInt8]) -> [UInt8] {
        switch change {
        case .replace(let old, let new, let limit):
            return { TextUpdates.replacing(old.bytes, with: new.bytes, limit: Int(clamping: limit ?? .max), in: $0) }
        case .replaceExpression(let text, let new, let limit):
            // The parser has seen that it can be compiled.
            guard let expression = try? RegularExpression(text.bytes) else { return { $0 } }
            let template = ReplacementTemplate(new.bytes, expression)
            return { template.replacing(in: $0, limit: Int(clamping: limit ?? .max)) }
        case .collapseNumbers(let isPretty):
            return {
                isPretty ? CollapsedNumbers.pretty(CollapsedNumbers.collapsing($0)) : CollapsedNumbers.collapsing($0)
            }
        case .decolorize: return { TextUpdates.decolorizing($0) }
        }
    }
}

/// Changes to text that need no state.
enum TextUpdates {
    /// Puts one text in the place of another, from the start on.
    static func replacing(_ old: [UInt8], with new: [UInt8], limit: Int, in text: [UInt8]) -> [UInt8] {
        guard !old.isEmpty, text.count >= old.count else { return text }
        var result: [UInt8] = []
        var index = 0
        var left = limit
        while index < text.count {
            if left > 0, text[index] == old[0], text[index...].starts(with: old) {
                result += new
                index += old.count
                left -= 1
            } else {
                result.append(text[index])
                index += 1
            }
        }
        return result
    }

    /// Takes out what starts with ESC `[` and tells a terminal what to do.
    static func decolorizing(_ text: [UInt8]) -> [UInt8] {
        guard text.contains(0x1B) else { return text }
        var result: [UInt8] = []
        var index = 0
        while index < text.count {
            guard text[index] == 0x1B, index + 1 < text.count, text[index + 1] == 0x5B else {
                result.append(text[index])
                index += 1
                continue
            }
            index += 2
            while index < text.count, (0x30...0x3F).contains(text[index]) { index += 1 }
            while index < text.count, (0x20...0x2F).contains(text[index]) { index += 1 }
            if index < text.count, (0x30...0x7E).contains(text[index]) { index += 1 }
        }
        return result
    }
}

/// The text to put in the place of a match: `$1`, `${1}`, `$name` and `${name}` stand for groups, `$$` for a dollar.
struct ReplacementTemplate {
    private enum Part {
        case text([UInt8])
        /// A group, 0 is the whole match; nil is none, which is empty.
        case group(Int?)
    }

    private var parts: [Part] = []
    private let expression: RegularExpression

    init(_ template: [UInt8], _ expression: RegularExpression) {
        self.expression = expression
        var text: [UInt8] = []
        var index = 0
        func isName(_ byte: UInt8) -> Bool { WordRule.isWordByte(byte) }
        while index < template.count {
            guard template[index] == 0x24, index + 1 < template.count else {
                text.append(template[index])
                index += 1
                continue
            }
            if template[index + 1] == 0x24 {
                text.append(0x24)
                index += 2
                continue
            }
            let isBraced = template[index + 1] == 0x7B
            let start = index + (isBraced ? 2 : 1)
            var end = start
            while end < template.count, isName(template[end]) { end += 1 }
            guard end > start, !isBraced || (end < template.count && template[end] == 0x7D) else {
                text.append(0x24)
                index += 1
                continue
            }
            parts.append(.text(text))
            text = []
            let name = String(decoding: template[start..<end], as: UTF8.self)
            if let number = Int(name) {
                parts.append(.group(number <= expression.groupCount ? number : nil))
            } else {
                parts.append(.group(expression.groupNames.firstIndex(of: name).map { $0 + 1 }))
            }
            index = end + (isBraced ? 1 : 0)
        }
        parts.append(.text(text))
    }

    /// Replaces each match that does not overlap one before, at most `limit` of them.
    func replacing(in text: [UInt8], limit: Int) -> [UInt8] {
        var result: [UInt8] = []
        var copied = 0
        var place = 0
        var left = limit
        text.withUnsafeBytes { bytes in
            var lastEnd = -1
            while left > 0, place <= bytes.count, let groups = expression.firstMatch(in: bytes, from: place),
                let match = groups[0]
            {
                // An empty match right behind a match is none.
                if !match.isEmpty || match.lowerBound != lastEnd {
                    result += bytes[copied..<match.lowerBound]
                    for part in parts {
                        switch part {
                        case .text(let text): result += text
                        case .group(let group):
                            if let group, let range = groups[group] { result += bytes[range] }
                        }
                    }
                    copied = match.upperBound
                    lastEnd = match.upperBound
                    left -= 1
                }
                // A step over a whole character, so that no match starts inside one.
                place =
                    match.isEmpty
                    ? match.upperBound
                        + (match.upperBound < bytes.count
                            ? WordRule.scalar(at: match.upperBound, in: bytes)?.length ?? 1 : 1)
                    : match.upperBound
            }
            result += bytes[copied...]
        }
        return result
    }
}
