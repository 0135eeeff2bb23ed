internal import LogModel
internal import QueryLanguage
internal import StoreFormat

/// What one scan asks of a ``QueryCache``. One thread.
struct ScanCache {
    /// Rows of a block up to which they are kept beside what they add up to.
    private static let fewRows = 512

    let cache: QueryCache
    /// Which rows pass; nil when all do.
    let rows: QueryCache.Question?
    /// What they add up to; nil when that is not kept.
    let sums: QueryCache.Question?
    private var hits = 0
    private var misses = 0

    /// Nil when what the query asks may have another answer the next time, or is too long.
    init?(_ cache: QueryCache, _ plan: Plan, _ output: any RowStage) {
        let filter = plan.rowSelection
        guard !filter.looksAtTimes else { return nil }
        let rows = filter == .all ? nil : QueryCache.Question(filter)
        var sums: QueryCache.Question?
        if let stats = output as? StatsStage, plan.limit == nil, !plan.needed.areOpen, PartialStats.adds(stats.pipe) {
            let question = QueryCache.Question(filter, stats.pipe)
            // To add up many groups block by block costs what counting does: only for who asks again. Sums of fractions
            // depend on the order in which they are added up, which must be the same each time.
            let isRepeated = cache.wasAsked(question)
            if isRepeated || stats.countsRowsOnly || PartialStats.dependsOnOrder(stats.pipe) { sums = question }
        }
        let bytes = max(rows?.memoryBytes ?? 0, sums?.memoryBytes ?? 0)
        guard bytes > 0, bytes <= QueryCache.maxQuestionBytes else { return nil }
        self.cache = cache
        self.rows = rows
        self.sums = sums
    }

    mutating func hit() { hits += 1 }
    mutating func miss() { misses += 1 }

    /// Tells the cache how often it was of use.
    mutating func note() {
        cache.note(hits: hits, misses: misses)
        (hits, misses) = (0, 0)
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
        guard let sums else { return }
        cache.keep(found, for: .init(block: block, question: sums), bytes: found.memoryBytes)
    }
}

extension Scan {
    /// Whether the block's events are all of the times of the query, so that what it finds says something about the block.
    private func liesWithin(_ source: any BlockSource) -> Bool {
        guard let bounds = plan.timeBounds else { return false }
        return bounds.lowerBound <= source.timeBounds.lowerBound && source.timeBounds.upperBound <= bounds.upperBound
    }

    /// Whether any row of a block with times of the query may match; false is certain.
    mutating func mayMatch(_ source: any BlockSource) -> Bool {
        guard let cached, cached.rows != nil, let block = source.identity else {
            return plan.filter.mayMatch(source)
        }
        if let known = cached.knownRows(block) {
            if known.isEmpty { self.cached?.hit() }
            return !known.isEmpty
        }
        if plan.rowFilter.mayMatch(source) { return true }
        self.cached?.miss()
        cached.keep(.none, block)
        return false
    }

    /// The rows of a block, if an earlier query has found those that pass the filter; nil when not.
    mutating func knownRows(
        of source: any BlockSource, _ narrow: ((BlockColumns, inout RowBitmap) throws -> Void)?
    ) throws(ExecutionError) -> (BlockColumns, RowBitmap)? {
        guard let cached, let block = source.identity else { return nil }
        guard let known = cached.knownRows(block), let bounds = plan.timeBounds else {
            self.cached?.miss()
            return nil
        }
        try streams.set(source.streamBytes, "the streams of one segment", "narrow the time range")
        let columns = BlockColumns(source, options.trace)
        var passing = known.bitmap(rowCount: source.rowCount)
        let rows: RowBitmap
        do {
            try narrow?(columns, &passing)
            rows = try CompiledFilter.time(bounds).rows(of: columns, among: passing)
        } catch {
            // Looking at the block says what is wrong with it.
            self.cached?.miss()
            return nil
        }
        self.cached?.hit()
        options.progress.read(rows: 0, bytes: 0)
        summary.hits += rows.count
        return (columns, rows)
    }

    /// Keeps which rows of a block pass.
    func keep(_ rows: RowBitmap, of source: any BlockSource) {
        guard let cached, cached.keeps(rows: rows.count), liesWithin(source), let block = source.identity else {
            return
        }
        cached.keep(KeptRows(rows), block)
    }

    /// Adds up a block by what an earlier query kept of it, or keeps it for later ones.
    ///
    /// - Parameter source: a block.
    /// - Returns: whether the block is done with.
    /// - Throws: ``ExecutionError`` when the query is cancelled or needs too much memory.
    mutating func addPartial(of source: any BlockSource) throws -> Bool {
        guard let cached, cached.sums != nil, let stats = output as? StatsStage, stats.makesPartials,
            liesWithin(source), let block = source.identity
        else { return false }
        if let known = cached.knownSums(block) {
            self.cached?.hit()
            options.progress.read(rows: 0, bytes: 0)
            summary.hits += known.rows
            try stats.add(known)
            return true
        }
        guard let (columns, rows) = try matches(source) else { return true }
        if rows.isEmpty || stats.countsRowsOnly {
            let partial = PartialStats(rows: rows.count)
            cached.keep(partial, block)
            try stats.add(partial)
            return true
        }
        let found: ResultBlock
        do {
            found = try result(columns, rows)
        } catch {
            unreadable(source, rows: rows.count, error)
            return true
        }
        guard let partial = try stats.partial(of: found) else {
            stats.makesPartials = false
            _ = try stats.process(found)
            return true
        }
        if partial.memoryBytes <= PartialStats.maxBytes {
            cached.keep(partial, block)
        } else {
            stats.makesPartials = false
        }
        try stats.add(partial)
        return true
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
