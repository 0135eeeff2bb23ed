internal import LogModel
internal import QueryLanguage
internal import StoreFormat

/// What one scan asks of a ``QueryCache``.
struct ScanCache: Sendable {
    /// Rows of a block up to which they are kept beside what they add up to.
    private static let fewRows = 512

    let cache: QueryCache
    /// Which rows pass; nil when all do.
    let rows: QueryCache.Question?
    /// What they add up to; nil when that is not kept.
    let sums: QueryCache.Question?

    /// Nil when what the query asks may have another answer the next time, or is too long.
    init?(_ cache: QueryCache, _ plan: Plan, _ output: any RowStage) {
        let filter = plan.rowSelection
        guard !filter.looksAtTimes else { return nil }
        let rows = filter == .all ? nil : QueryCache.Question(filter)
        var sums: QueryCache.Question?
        if let stats = output as? StatsStage, plan.limit == nil, !plan.needed.areOpen, PartialStats.adds(stats.pipe) {
            let question = QueryCache.Question(filter, stats.pipe)
            // To add up many groups block by block costs what counting does: only for who asks again.
            let isRepeated = cache.wasAsked(question)
            if isRepeated || stats.countsRowsOnly { sums = question }
        }
        let bytes = max(rows?.memoryBytes ?? 0, sums?.memoryBytes ?? 0)
        guard bytes > 0, bytes <= QueryCache.maxQuestionBytes else { return nil }
        self.cache = cache
        self.rows = rows
        self.sums = sums
    }

    func knownRows(_ block: BlockIdentity) -> KeptRows? {
        rows.flatMap { cache.value(.init(block: block, question: $0)) }
    }

    func knownSums(_ block: BlockIdentity) -> PartialStats? {
        sums.flatMap { cache.value(.init(block: block, question: $0)) }
    }

    /// Whether so many rows of a block are worth being kept.
    func keeps(rows count: Int) -> Bool { rows != nil && (sums == nil || count <= Self.fewRows) }

    func keep(_ found: KeptRows, _ block: BlockIdentity) {
        guard let rows else { return }
        cache.keep(found, for: .init(block: block, question: rows), bytes: found.memoryBytes)
    }

    func keep(_ found: PartialStats, _ block: BlockIdentity) {
        guard let sums, found.memoryBytes <= PartialStats.maxBytes else { return }
        cache.keep(found, for: .init(block: block, question: sums), bytes: found.memoryBytes)
    }
}

extension Filter {
    /// The filter without the times that ``timeBounds(now:)`` says in full.
    var withoutOuterTimes: Filter {
        switch self {
        case .time: .all
        case .and(let members): .conjunction(members.filter { if case .time = $0 { false } else { true } })
        default: self
        }
    }

    /// Whether it looks at times, which may depend on the present one.
    var looksAtTimes: Bool {
        switch self {
        case .and(let members), .or(let members): members.contains { $0.looksAtTimes }
        case .not(let inner): inner.looksAtTimes
        case .time, .subquery: true
        case .all, .field, .stream, .clock, .comparison: false
        }
    }
}
