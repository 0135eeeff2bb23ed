import LineFormats
import LogModel
@testable import QueryEngine
import QueryLanguage
import RegularExpressions

/// What pipes do to the text of values. Forms of text that have tests of their own are shared with the engine.
enum PlainTexts {
    static func updated(_ row: PlainRow, _ pipe: UpdatePipe, _ now: Timestamp) -> PlainRow {
        guard row.passes(pipe.condition, now) else { return row }
        var result = row
        let old = row[pipe.field]
        switch pipe.change {
        case .replace(let part, let new, let limit):
            result[pipe.field] = replaced(part.bytes, new.bytes, limit ?? .max, in: old)
        case .replaceExpression(let text, let new, let limit):
            guard let expression = try? RegularExpression(text.bytes) else { return row }
            result[pipe.field] = ReplacementTemplate(new.bytes, expression).replacing(
                in: old, limit: Int(clamping: limit ?? .max))
        case .collapseNumbers(let isPretty):
            let collapsed = CollapsedNumbers.collapsing(old)
            result[pipe.field] = isPretty ? CollapsedNumbers.pretty(collapsed) : collapsed
        case .decolorize:
            guard let expression = try? RegularExpression("\\x1b\\[[0-?]*[ -/]*[0-~]".bytes) else { return row }
            let none = ReplacementTemplate([], expression)
            result[pipe.field] = none.replacing(in: old, limit: .max)
        }
        return result
    }

    private static func replaced(_ part: [UInt8], _ new: [UInt8], _ limit: UInt64, in text: [UInt8]) -> [UInt8] {
        if part.isEmpty || limit == 0 { return text }
        guard let place = text.indices.first(where: { text[$0...].starts(with: part) }) else { return text }
        return text[..<place] + new + replaced(part, new, limit - 1, in: Array(text[(place + part.count)...]))
    }

    static func measured(_ row: PlainRow, _ pipe: MeasurePipe) -> PlainRow {
        var result = row
        let value = row[pipe.field]
        switch pipe.kind {
        case .length: result[pipe.result] = "\(value.count)".bytes
        case .arrayLength: result[pipe.result] = "\(elements(value).count)".bytes
        case .hash:
            let hash = value.withUnsafeBytes { XXHash.hash64($0) }
            result[pipe.result] = "\(hash % (1 << 53))".bytes
        }
        return result
    }

    /// The elements of an array in JSON; none of anything else.
    static func elements(_ value: [UInt8]) -> [[UInt8]] {
        guard value.first == 0x5B, let json = try? JSONValue(parsing: value), case .array(let elements) = json else {
            return []
        }
        return elements.map { text($0) }
    }

    private static func text(_ json: JSONValue) -> [UInt8] {
        if case .string(let text) = json { return text.bytes }
        return JSONArrays.text(json)
    }

    static func words(_ row: PlainRow, _ pipe: UnpackWordsPipe) -> PlainRow {
        var result = row
        var words = PlainText(row[pipe.source]).words
        if pipe.dropsDuplicates {
            var seen: Set<[UInt8]> = []
            words = words.filter { seen.insert($0).inserted }
        }
        result[pipe.result] = PlainColumns.array(words)
        return result
    }

    static func unrolled(_ row: PlainRow, _ pipe: UnrollPipe, _ now: Timestamp) -> [PlainRow] {
        guard row.passes(pipe.condition, now) else { return [row] }
        let arrays = pipe.fields.map { elements(row[$0]) }
        return (0..<max(1, arrays.map(\.count).max() ?? 0)).map { index in
            var result = row
            for (name, array) in zip(pipe.fields, arrays) { result[name] = index < array.count ? array[index] : [] }
            return result
        }
    }

    static func formatted(_ row: PlainRow, _ pipe: FormatPipe, _ now: Timestamp) -> PlainRow {
        guard row.passes(pipe.condition, now) else { return row }
        var result = row
        let text = pipe.pattern.steps.flatMap { step in
            step.prefix + (step.field.isEmpty ? [] : FieldFormat.text(row[step.field], step.option))
        }
        result.write(pipe.result, text, pipe.rule)
        return result
    }

    static func extracted(_ row: PlainRow, _ pipe: ExtractPipe, _ now: Timestamp) -> PlainRow {
        guard row.passes(pipe.condition, now) else { return row }
        var result = row
        switch pipe.pattern {
        case .text(let pattern):
            let found = parts(of: row[pipe.source], pattern)
            for name in pattern.fields { result.write(name, found[name] ?? [], pipe.rule) }
        case .expression(let text):
            guard let expression = try? RegularExpression(text.bytes) else { return row }
            let value = row[pipe.source]
            let groups = value.withUnsafeBytes { expression.firstMatch(in: $0) } ?? []
            for (index, name) in expression.groupNames.enumerated() {
                guard let name else { continue }
                let range = index + 1 < groups.count ? groups[index + 1] : nil
                result.write(name, range.map { Array(value[$0]) } ?? [], pipe.rule)
            }
        }
        return result
    }

    private static func parts(of text: [UInt8], _ pattern: TextPattern) -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        var rest = text[...]
        for (number, step) in pattern.steps.enumerated() {
            if number == 0 {
                guard let start = place(of: step.prefix, in: rest) else { return found }
                rest = rest[(start + step.prefix.count)...]
            } else {
                guard rest.starts(with: step.prefix) else { return found }
                rest = rest.dropFirst(step.prefix.count)
            }
            let next = number + 1 < pattern.steps.count ? pattern.steps[number + 1].prefix : []
            let value: [UInt8]
            if step.option != "plain", let (quoted, length) = QuotedText.read(rest) {
                value = quoted
                rest = rest.dropFirst(length)
            } else {
                guard let end = next.isEmpty ? rest.endIndex : place(of: next, in: rest) else { return found }
                value = Array(rest[..<end])
                rest = rest[end...]
            }
            if !step.field.isEmpty { found[step.field] = value }
        }
        return found
    }

    private static func place(of part: [UInt8], in text: ArraySlice<UInt8>) -> Int? {
        if part.isEmpty { return text.startIndex }
        return text.indices.first { text[$0...].starts(with: part) }
    }

    // MARK: Unpacking

    static func unpacked(_ row: PlainRow, _ pipe: UnpackPipe, _ now: Timestamp) -> PlainRow {
        guard row.passes(pipe.condition, now), let found = fields(of: row[pipe.source], pipe, now) else { return row }
        var values: [String: [UInt8]] = [:]
        for (name, value) in found where pipe.fields.isEmpty || pipe.fields.contains(where: { $0.matches(name) }) {
            values[name] = value
        }
        for pattern in pipe.fields where !pattern.isPrefix && values[pattern.name] == nil { values[pattern.name] = [] }
        var result = row
        for (name, value) in values { result.write(pipe.prefix + name, value, pipe.rule) }
        return result
    }

    private static func fields(
        of text: [UInt8], _ pipe: UnpackPipe, _ now: Timestamp
    ) -> [(name: String, value: [UInt8])]? {
        switch pipe.form {
        case .logfmt: return Logfmt.fields(of: text)
        case .syslog: return Syslog(now: now, offset: pipe.offset).fields(of: text)
        case .json:
            guard text.first == 0x7B else { return nil }
            guard let json = try? JSONValue(parsing: text) else { return [] }
            return flat(json, "")
        }
    }

    private static func flat(_ json: JSONValue, _ name: String) -> [(name: String, value: [UInt8])] {
        switch json {
        case .null: return []
        case .object(let members):
            return members.flatMap { flat($0.value, name.isEmpty ? $0.key : name + "." + $0.key) }
        default: return [(name.isEmpty ? "_msg" : name, text(json))]
        }
    }
}
