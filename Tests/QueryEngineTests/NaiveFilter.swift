import LogModel
import StoreFormat
import TestSupport

/// A filter as the tests see it: written as LogsQL for the engine, evaluated here in the plainest way.
indirect enum NaiveFilter {
    case all
    case phrase(String, [UInt8], isPrefix: Bool, ignoringCase: Bool)
    case exact(String, [UInt8], isPrefix: Bool)
    case oneOf(String, [[UInt8]])
    case any(String)
    case empty(String)
    case stream([[(label: String, value: String, isNegated: Bool)]])
    case time(ClosedRange<Int64>)
    case and([NaiveFilter])
    case or([NaiveFilter])
    case not(NaiveFilter)

    static func random(_ generator: inout SeededGenerator, depth: Int) -> NaiveFilter {
        let names = Corpus.fieldNames + ["_msg", "_msg", "_msg", "service", "nosuch", "_stream", "wide-3", "wide-550"]
        let name = generator.pick(names)
        switch generator.below(depth > 0 ? 16 : 9) {
        case 0, 1, 2:
            let words = Corpus.words + Corpus.values.filter { !$0.isEmpty } + ["err", "t", "v3", "service"]
            let text = (0...generator.below(2)).map { _ in generator.pick(words) }.joined(separator: " ")
            let ignoring = generator.chance(30) && text.utf8.allSatisfy { $0 < 0x80 }
            return .phrase(name, Array(text.utf8), isPrefix: generator.chance(30), ignoringCase: ignoring)
        case 3:
            let value = generator.chance(15) ? [0xFE, 0x41] : Array(generator.pick(Corpus.values).utf8)
            return .exact(name, value, isPrefix: generator.chance(30))
        case 4: return .oneOf(name, (0...generator.below(3)).map { _ in Array(generator.pick(Corpus.values).utf8) })
        case 5: return generator.chance(50) ? .any(name) : .empty(name)
        case 6:
            return .stream(
                (0...generator.below(2)).map { _ in
                    (0...generator.below(2)).map { _ in
                        (
                            generator.pick(["service", "host", "region", "none"]),
                            generator.pick(Corpus.services + ["h1", "eu", ""]), generator.chance(30)
                        )
                    }
                })
        case 7:
            let start = Corpus.epoch + Int64(generator.below(30)) * 500_000_000
            return .time(start...(start + Int64(generator.below(8)) * 250_000_000))
        case 8:
            return generator.chance(20)
                ? .all : .phrase("_msg", Array("error".utf8), isPrefix: false, ignoringCase: false)
        case 9, 10, 11: return .and((0...(1 + generator.below(2))).map { _ in random(&generator, depth: depth - 1) })
        case 12, 13: return .or((0...(1 + generator.below(2))).map { _ in random(&generator, depth: depth - 1) })
        default: return .not(random(&generator, depth: depth - 1))
        }
    }

    /// The filter as LogsQL.
    var text: String {
        switch self {
        case .all: "*"
        case .phrase(let name, let value, let isPrefix, let ignoringCase):
            prefix(name)
                + (ignoringCase ? "i(\(quoted(value))\(isPrefix ? "*" : ""))" : quoted(value) + (isPrefix ? "*" : ""))
        case .exact(let name, let value, let isPrefix): prefix(name) + "=" + quoted(value) + (isPrefix ? "*" : "")
        case .oneOf(let name, let values): prefix(name) + "in(" + values.map(quoted).joined(separator: ", ") + ")"
        case .any(let name): prefix(name) + "*"
        case .empty(let name): prefix(name) + "\"\""
        case .stream(let alternatives):
            "{"
                + alternatives.map { list in
                    list.map { "\($0.label)\($0.isNegated ? "!=" : "=")\"\($0.value)\"" }.joined(separator: ",")
                }.joined(separator: " or ") + "}"
        case .time(let range): "_time:[\(moment(range.lowerBound)), \(moment(range.upperBound))]"
        case .and(let members): "(" + members.map(\.text).joined(separator: " ") + ")"
        case .or(let members): "(" + members.map(\.text).joined(separator: " or ") + ")"
        case .not(let inner): "!(" + inner.text + ")"
        }
    }

    /// Whether a row passes. Streams are judged by their labels, which `labels` has; by `_stream` when it is nil.
    func matches(_ row: Row, labels: [String: String]?) -> Bool {
        switch self {
        case .all: return true
        case .phrase(let name, let needle, let isPrefix, let ignoringCase):
            return contains(row[name] ?? [], needle, isPrefix: isPrefix, ignoringCase: ignoringCase)
        case .exact(let name, let value, let isPrefix):
            return isPrefix ? (row[name] ?? []).starts(with: value) : (row[name] ?? []) == value
        case .oneOf(let name, let values): return values.contains(row[name] ?? [])
        case .any(let name): return !(row[name] ?? []).isEmpty
        case .empty(let name): return (row[name] ?? []).isEmpty
        case .stream(let alternatives):
            return alternatives.contains { list in
                list.allSatisfy { condition in
                    let value = labels.map { Array(($0[condition.label] ?? "").utf8) } ?? label(condition.label, row)
                    return (value == Array(condition.value.utf8)) != condition.isNegated
                }
            }
        case .time(let range):
            guard let time = row["_time"]?.withUnsafeBytes({ Timestamp(parsing: $0) }) else { return false }
            return range.contains(time.nanoseconds)
        case .and(let members): return members.allSatisfy { $0.matches(row, labels: labels) }
        case .or(let members): return members.contains { $0.matches(row, labels: labels) }
        case .not(let inner): return !inner.matches(row, labels: labels)
        }
    }

    /// The value of a label in `{a="b",c="d"}`; no value of the corpus needs escapes.
    private func label(_ name: String, _ row: Row) -> [UInt8] {
        guard let stream = row["_stream"], !stream.isEmpty else { return row[name] ?? [] }
        let text = String(decoding: stream, as: UTF8.self).drop { $0 == "{" }
        for pair in text.split(whereSeparator: { $0 == "," || $0 == "}" }) where pair.hasPrefix(name + "=\"") {
            return Array(pair.dropFirst(name.utf8.count + 2).dropLast().utf8)
        }
        return []
    }

    private func prefix(_ name: String) -> String { name == "_msg" ? "_msg:" : "\"\(name)\":" }

    private func quoted(_ value: [UInt8]) -> String {
        "\""
            + value.map { byte in
                byte >= 0x20 && byte < 0x7F && byte != 0x22 && byte != 0x5C
                    ? String(UnicodeScalar(byte)) : "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }.joined() + "\""
    }

    private func moment(_ nanoseconds: Int64) -> String {
        let whole = nanoseconds / 1_000_000_000
        let digits = String(1_000_000_000 + nanoseconds % 1_000_000_000).dropFirst()
        return "\(Timestamp(nanoseconds: whole * 1_000_000_000))".dropLast() + ".\(digits)Z"
    }

    /// Whether a phrase stands in a value with no word going on at its ends.
    private func contains(_ value: [UInt8], _ needle: [UInt8], isPrefix: Bool, ignoringCase: Bool) -> Bool {
        guard value.count >= needle.count else { return false }
        func fold(_ byte: UInt8) -> UInt8 { ignoringCase && byte >= 0x41 && byte <= 0x5A ? byte + 32 : byte }
        let places = (0...(value.count - needle.count)).filter { start in
            needle.indices.allSatisfy { fold(value[start + $0]) == fold(needle[$0]) }
        }
        if places.isEmpty { return false }
        let (starts, ends) = wordCharacters(value)
        let own = wordCharacters(needle)
        return places.contains { start in
            let end = start + needle.count
            if own.starts.contains(0), ends.contains(start) { return false }
            return isPrefix || !own.ends.contains(needle.count) || !starts.contains(end)
        }
    }

    /// The offsets at which characters of words start, and at which they end.
    private func wordCharacters(_ bytes: [UInt8]) -> (starts: Set<Int>, ends: Set<Int>) {
        var starts: Set<Int> = []
        var ends: Set<Int> = []
        var index = 0
        while index < bytes.count {
            var length = 1
            var isWord = false
            for width in 1...4 where index + width <= bytes.count {
                guard let text = String(validating: bytes[index..<(index + width)], as: UTF8.self),
                    let scalar = text.unicodeScalars.first
                else { continue }
                length = width
                isWord = scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType == .decimal
                break
            }
            if isWord {
                starts.insert(index)
                ends.insert(index + length)
            }
            index += length
        }
        return (starts, ends)
    }
}
