internal import LogModel
internal import QueryLanguage
internal import StoreFormat

/// A filter that looks at the columns of a result: `filter` behind another pipe, and `if (...)`.
struct ResultFilter: Sendable {
    private let filter: CompiledFilter

    init(_ filter: Filter, now: Timestamp) {
        self.filter = CompiledFilter(filter, now: now)
    }

    /// The rows of a block that pass, in a map as long as its last row wants.
    func rows(of block: ResultBlock) -> RowBitmap {
        var candidates = RowBitmap(rowCount: (block.rows.max() ?? -1) + 1, filled: false)
        for row in block.rows { candidates.insert(row) }
        return filter.rows(ofResult: block, among: candidates)
    }
}

extension CompiledFilter {
    fileprivate func rows(ofResult block: ResultBlock, among candidates: RowBitmap) -> RowBitmap {
        switch self {
        case .all: return candidates
        case .none: return RowBitmap(rowCount: candidates.rowCount, filled: false)
        case .and(let members):
            return members.reduce(candidates) { left, member in member.rows(ofResult: block, among: left) }
        case .or(let members):
            var found = RowBitmap(rowCount: candidates.rowCount, filled: false)
            for member in members { found.formUnion(member.rows(ofResult: block, among: candidates)) }
            return found
        case .not(let inner):
            var left = candidates
            left.subtract(inner.rows(ofResult: block, among: candidates))
            return left
        case .field(let name, let matcher, _):
            return CompiledFilter.rows(of: block.column(name), among: candidates, matcher)
        case .stored(let name, let type):
            return CompiledFilter.rows(of: block.column(name), among: candidates, ValueMatcher(.stored(type)))
        case .message(_, let matcher), .literal(_, let matcher):
            return CompiledFilter.rows(of: block.column(FieldName.message), among: candidates, matcher)
        case .comparison(let comparison):
            return comparison.rows(
                block.column(comparison.field), block.column(comparison.other), among: candidates)
        case .time(let bounds): return rows(byTime: block, among: candidates) { bounds.contains($0) }
        case .clock(let clock): return rows(byTime: block, among: candidates) { clock.matches($0) }
        case .stream(let matcher):
            var left = candidates
            let column = block.column(FieldName.stream)
            let columns = matcher.labels.reduce(into: [:]) { $0[$1] = block.column($1) }
            var known: [[UInt8]: Bool] = [:]
            left.filter { row in
                let text = column?.value(at: row) ?? []
                // A row without a stream, such as one of `stats by (service)`, may have fields of these names.
                if text.isEmpty { return matcher.matches { columns[$0]?.value(at: row) ?? [] } }
                if let passes = known[text] { return passes }
                let labels = StreamText.labels(text)
                let passes = matcher.matches { labels[$0] ?? [] }
                known[text] = passes
                return passes
            }
            return left
        }
    }

    private func rows(
        byTime block: ResultBlock, among candidates: RowBitmap, _ passes: (Int64) -> Bool
    ) -> RowBitmap {
        var left = candidates
        let column = block.column(FieldName.time)
        left.filter { row in
            if case .times(let times)? = column { return passes(times[row]) }
            let text = column?.value(at: row) ?? []
            return text.withUnsafeBytes { Timestamp(parsing: $0) }.map { passes($0.nanoseconds) } ?? false
        }
        return left
    }
}

extension FieldComparison {
    /// The rows among `candidates` whose two values relate so.
    func rows(_ left: ResultColumn?, _ right: ResultColumn?, among candidates: RowBitmap) -> RowBitmap {
        var rows = candidates
        rows.filter { row in
            let (leftValue, rightValue) = (left?.value(at: row) ?? [], right?.value(at: row) ?? [])
            return leftValue.withUnsafeBytes { left in rightValue.withUnsafeBytes { matches(left, $0) } }
        }
        return rows
    }
}

/// The text of a stream, as the field `_stream` has it.
enum StreamText {
    /// The labels that `{a="b",c="d"}` names; none of text that is no such.
    static func labels(_ text: [UInt8]) -> [String: [UInt8]] {
        guard text.first == 0x7B, text.last == 0x7D, text.count >= 2 else { return [:] }
        var labels: [String: [UInt8]] = [:]
        var rest = text[1..<(text.count - 1)]
        while !rest.isEmpty {
            guard let equals = rest.firstIndex(of: 0x3D), let (value, length) = QuotedText.read(rest[(equals + 1)...])
            else { return [:] }
            labels[String(decoding: rest[..<equals], as: UTF8.self)] = value
            rest = rest[(equals + 1 + length)...]
            if rest.first == 0x2C { rest = rest.dropFirst() }
        }
        return labels
    }
}
