internal import LogModel
internal import QueryLanguage
internal import StoreFormat

/// `filter` behind another pipe: looks at the columns of the result.
final class FilterStage: RowStage {
    private let filter: CompiledFilter
    private let next: any RowStage

    init(_ pipe: FilterPipe, _ next: any RowStage, _ options: ExecutionOptions) {
        filter = CompiledFilter(pipe.filter, now: options.now)
        self.next = next
    }

    func process(_ block: ResultBlock) throws(ExecutionError) -> Bool {
        guard let last = block.rows.max() else { return true }
        var candidates = RowBitmap(rowCount: last + 1, filled: false)
        for row in block.rows { candidates.insert(row) }
        let passing = rows(filter, of: block, among: candidates)
        var result = block
        result.rows = block.rows.filter { passing.contains($0) }
        return result.rows.isEmpty ? true : try next.process(result)
    }

    func finish() throws(ExecutionError) { try next.finish() }

    private func rows(_ filter: CompiledFilter, of block: ResultBlock, among candidates: RowBitmap) -> RowBitmap {
        switch filter {
        case .all: return candidates
        case .none: return RowBitmap(rowCount: candidates.rowCount, filled: false)
        case .and(let members):
            return members.reduce(candidates) { left, member in rows(member, of: block, among: left) }
        case .or(let members):
            var found = RowBitmap(rowCount: candidates.rowCount, filled: false)
            for member in members { found.formUnion(rows(member, of: block, among: candidates)) }
            return found
        case .not(let inner):
            var left = candidates
            left.subtract(rows(inner, of: block, among: candidates))
            return left
        case .field(let name, let matcher, _):
            return CompiledFilter.rows(of: block.column(name), among: candidates, matcher)
        case .message(_, let matcher):
            return CompiledFilter.rows(of: block.column(FieldName.message), among: candidates, matcher)
        case .time(let bounds):
            var left = candidates
            let column = block.column(FieldName.time)
            left.filter { row in
                if case .times(let times)? = column { return bounds.contains(times[row]) }
                let text = column?.value(at: row) ?? []
                let time = text.withUnsafeBytes { Timestamp(parsing: $0) }
                return time.map { bounds.contains($0.nanoseconds) } ?? false
            }
            return left
        case .stream(let selector):
            var left = candidates
            let columns = selector.labels.map { ($0, block.column($0)) }
            left.filter { row in
                let labels = columns.map { name, column in
                    StreamIdentity.Label(name: name, value: column?.value(at: row) ?? [])
                }
                return selector.matches(StreamIdentity(labels: labels))
            }
            return left
        }
    }
}

extension StreamSelector {
    /// The labels that it asks for.
    var labels: Set<String> { Set(alternatives.flatMap { $0 }.map(\.label)) }
}
