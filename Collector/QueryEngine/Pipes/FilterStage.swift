internal import QueryLanguage
internal import StoreFormat

/// `filter` behind another pipe: looks at the columns of the result.
final class FilterStage: RowStage {
    private let filter: ResultFilter
    private let next: any RowStage

    init(_ pipe: FilterPipe, _ next: any RowStage, _ options: ExecutionOptions) {
        filter = ResultFilter(pipe.filter, now: options.now)
        self.next = next
    }

    func process(_ block: ResultBlock) throws(ExecutionError) -> Bool {
        if block.rows.isEmpty { return true }
        let passing = filter.rows(of: block)
        var result = block
        result.rows = block.rows.filter { passing.contains($0) }
        return result.rows.isEmpty ? true : try next.process(result)
    }

    func finish() throws(ExecutionError) { try next.finish() }
}
