internal import LogModel
internal import QueryLanguage
internal import StoreFormat

/// What the parts of one query share: where it runs, its bounds, and what the queries inside it could not read. One
/// thread.
final class QueryScope {
    let blocks: [any BlockSource]
    let options: ExecutionOptions
    /// The length of the time that the query is about, seconds; nil when it is open.
    var rateSeconds: Double?
    /// Whether the query needs the ids of streams, which are not among all fields.
    var needsStreamID = false
    /// What the values of queries inside filters take.
    private var held: [MemoryClaim] = []
    /// Why answers of queries inside, or of a stage, are not complete.
    private(set) var gaps: [String] = []
    private(set) var unreadable: [UnreadableBlock] = []

    init(_ blocks: [any BlockSource], _ options: ExecutionOptions) {
        self.blocks = blocks
        self.options = options
    }

    /// Whether the time limit lets it go on, where one row can become very many; the answer is not complete if not.
    func mayGoOn() throws(ExecutionError) -> Bool {
        try options.checkCancelled()
        guard options.isOverdue() else { return true }
        let reason = "the time limit ended the query; let it make fewer rows"
        if !gaps.contains(reason) { gaps.append(reason) }
        return false
    }

    /// Runs a query over the same blocks, in any order of rows.
    func run(_ query: Query, emit: @escaping (ResultBlock) throws(ExecutionError) -> Bool) throws(ExecutionError) {
        var inner = options
        inner.limit = nil
        inner.order = .any
        inner.after = nil
        inner.countsHits = false
        inner.gaps = []
        inner.needsStreamID = needsStreamID
        inner.trace = nil
        var failure: ExecutionError?
        let summary = try execute(query, on: blocks, inner) { block in
            do throws(ExecutionError) {
                return try emit(block)
            } catch {
                failure = error
                return false
            }
        }
        if let failure { throw failure }
        for gap in summary.gaps where !gaps.contains(gap) { gaps.append(gap) }
        unreadable += summary.unreadable
    }

    /// Notes that something is missing in the answer.
    func miss(_ reason: String) {
        if !gaps.contains(reason) { gaps.append(reason) }
    }

    /// The distinct values that a filter's query gives.
    func values(of subquery: Subquery) throws(ExecutionError) -> [QueryText] {
        guard let field = subquery.valueField else { return [] }
        var values: Set<[UInt8]> = []
        var bytes = 0
        let claim = MemoryClaim(options.budget)
        try run(subquery.query) { block throws(ExecutionError) in
            let column = block.column(field)
            for row in block.rows {
                let value = column?.value(at: row) ?? []
                if values.insert(value).inserted { bytes += value.count + 64 }
            }
            try claim.set(
                bytes, "\(values.count) values of a query inside `\(subquery.use.rawValue)`", "narrow its filter")
            return true
        }
        // They stay in the filter until the query ends.
        held.append(claim)
        return values.sorted { $0.lexicographicallyPrecedes($1) }.map { QueryText(bytes: $0) }
    }

    /// The query with the values in the place of each query inside a filter.
    func resolved(_ query: Query) throws(ExecutionError) -> Query {
        var result = query
        result.filter = try resolved(query.filter)
        for index in result.pipes.indices {
            result.pipes[index] = try result.pipes[index].mapFilters { filter throws(ExecutionError) in
                try self.resolved(filter)
            }
        }
        return result
    }

    private func resolved(_ filter: Filter) throws(ExecutionError) -> Filter {
        guard filter.hasSubquery else { return filter }
        return try filter.resolvingSubqueries { subquery throws(ExecutionError) in try self.values(of: subquery) }
    }
}
