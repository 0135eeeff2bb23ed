import LogModel
import QueryLanguage
import RegularExpressions

/// A filter put to rows one by one.
struct PlainFilter {
    private let filter: Filter
    private let now: Timestamp
    /// Whether rows are events, so that their streams are known and need not be read from `_stream`.
    private let isOfEvents: Bool

    init(_ filter: Filter, now: Timestamp, isOfEvents: Bool = false) {
        self.filter = filter
        self.now = now
        self.isOfEvents = isOfEvents
    }

    func matches(_ row: PlainRow) -> Bool { matches(filter, row) }

    private func matches(_ filter: Filter, _ row: PlainRow) -> Bool {
        switch filter {
        case .all: return true
        case .and(let members): return members.allSatisfy { matches($0, row) }
        case .or(let members): return members.contains { matches($0, row) }
        case .not(let inner): return !matches(inner, row)
        case .field("_stream_id", let test) where isOfEvents:
            return Self.passes(row.origin?.stream.idText ?? [], test)
        case .field(let name, let test): return Self.passes(row[name], test)
        case .stream(let selector): return matches(selector, row)
        case .time(let filter):
            guard let bounds = filter.bounds(now: now), let time = time(of: row) else { return false }
            return bounds.contains(time)
        case .clock(let filter): return time(of: row).map { filter.matches($0) } ?? false
        case .comparison(let comparison):
            let (left, right) = (row[comparison.field], row[comparison.other])
            let order = Self.fieldOrder(left, right)
            return switch comparison.relation {
            case .equal: left == right
            case .less: order < 0
            case .notGreater: order <= 0
            }
        case .subquery: return false
        }
    }

    private func time(of row: PlainRow) -> Int64? {
        row["_time"].withUnsafeBytes { Timestamp(parsing: $0) }?.nanoseconds
    }

    private static func fieldOrder(_ left: [UInt8], _ right: [UInt8]) -> Int {
        let (one, two) = (NumberReading.mathNumber(left), NumberReading.mathNumber(right))
        if !one.isNaN, !two.isNaN { return one < two ? -1 : one > two ? 1 : 0 }
        return left == right ? 0 : left.lexicographicallyPrecedes(right) ? -1 : 1
    }

    // MARK: Values

    static func passes(_ value: [UInt8], _ test: FieldTest) -> Bool {
        switch test {
        case .any: return !value.isEmpty
        case .empty: return value.isEmpty
        case .phrase(let text, let ignoringCase): return has(value, text.bytes, ignoringCase: ignoringCase)
        case .prefix(let text, let ignoringCase):
            return PlainText.end(of: text.bytes, in: value, isPrefix: true, ignoringCase: ignoringCase) != nil
        case .exact(let text): return value == text.bytes
        case .exactPrefix(let text): return value.starts(with: text.bytes)
        case .oneOf(let texts): return texts.contains { $0.bytes == value }
        case .expression(let text):
            guard let expression = try? RegularExpression(text.bytes) else { return false }
            return value.withUnsafeBytes { expression.matches($0) }
        case .substring(let text): return PlainText.contains(text.bytes, in: value)
        case .sequence(let phrases):
            var rest = value
            for phrase in phrases where !phrase.isEmpty {
                guard let end = PlainText.end(of: phrase.bytes, in: rest) else { return false }
                rest = Array(rest[end...])
            }
            return true
        case .containsAll(let phrases): return phrases.allSatisfy { $0.isEmpty || has(value, $0.bytes) }
        case .containsAny(let phrases):
            return phrases.contains { $0.isEmpty ? value.isEmpty : has(value, $0.bytes) }
        case .numbers(let range):
            let number = NumberReading.mathNumber(value)
            if number.isNaN { return false }
            if let lower = range.lower, number < lower.number || number == lower.number && !lower.reaches {
                return false
            }
            if let upper = range.upper, number > upper.number || number == upper.number && !upper.reaches {
                return false
            }
            return true
        case .addresses(let range): return NumberReading.ipv4(value).map { range.contains($0) } ?? false
        case .strings(let low, let high):
            if value.lexicographicallyPrecedes(low.bytes) { return false }
            return high.map { value.lexicographicallyPrecedes($0.bytes) } ?? true
        // Where values are kept is not known here.
        case .stored: return false
        case .lengths(let range): return range.contains(UInt64(PlainText(value).units.count))
        }
    }

    private static func has(_ value: [UInt8], _ phrase: [UInt8], ignoringCase: Bool = false) -> Bool {
        PlainText.end(of: phrase, in: value, ignoringCase: ignoringCase) != nil
    }

    // MARK: Streams

    private func matches(_ selector: StreamSelector, _ row: PlainRow) -> Bool {
        let labels = Self.labels(row["_stream"])
        func value(_ label: String) -> [UInt8] {
            if isOfEvents { return row.origin?.stream.value(of: label) ?? [] }
            return row["_stream"].isEmpty ? row[label] : labels[label] ?? []
        }
        return selector.alternatives.contains { conditions in
            conditions.allSatisfy { condition in
                let value = value(condition.label)
                let passes =
                    switch condition.test {
                    case .exact(let text): value == text.bytes
                    case .oneOf(let texts): texts.contains { $0.bytes == value }
                    case .expression(let text):
                        (try? RegularExpression(text.bytes, dotMatchesLineFeed: true)).map { expression in
                            value.withUnsafeBytes { expression.matchesWhole($0) }
                        } ?? false
                    }
                return passes != condition.isNegated
            }
        }
    }

    /// The labels that `{a="b",c="d"}` names; none of anything else.
    static func labels(_ text: [UInt8]) -> [String: [UInt8]] {
        var labels: [String: [UInt8]] = [:]
        guard text.first == 0x7B, text.last == 0x7D else { return [:] }
        var rest = text.dropFirst().dropLast()
        while !rest.isEmpty {
            guard let equals = rest.firstIndex(of: 0x3D) else { return [:] }
            let name = Array(rest[..<equals]).text
            rest = rest[(equals + 1)...]
            guard rest.first == 0x22 else { return [:] }
            rest = rest.dropFirst()
            var value: [UInt8] = []
            while let byte = rest.first, byte != 0x22 {
                rest = rest.dropFirst()
                guard byte == 0x5C, let next = rest.first else {
                    value.append(byte)
                    continue
                }
                value.append([0x6E: 0x0A, 0x72: 0x0D, 0x74: 0x09][next] ?? next)
                rest = rest.dropFirst()
            }
            guard rest.first == 0x22 else { return [:] }
            rest = rest.dropFirst()
            labels[name] = value
            if rest.first == 0x2C { rest = rest.dropFirst() }
        }
        return labels
    }
}

extension NumberRange.End {
    /// Whether a number at this end is in the range. Infinity cannot be left out: nothing lies beyond it.
    fileprivate var reaches: Bool { isIncluded || number.isInfinite }
}
