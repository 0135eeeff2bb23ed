internal import LogModel
package import QueryLanguage
package import StoreFormat

/// Runs a query over blocks, on the calling thread, and hands its rows to `emit` as they are known.
///
/// - Parameters:
///   - query: what is asked.
///   - blocks: the blocks of a snapshot, the oldest arrivals first.
///   - options: bounds, order and limits.
///   - emit: gets the rows; false ends the query early.
/// - Returns: what was done, and whether the answer is complete. A block that cannot be read makes it incomplete.
/// - Throws: ``ExecutionError`` when the query is cancelled or needs too much memory.
package func execute(
    _ query: Query, on blocks: [any BlockSource], _ options: ExecutionOptions,
    emit: @escaping (ResultBlock) -> Bool
) throws(ExecutionError) -> ExecutionSummary {
    var options = options
    if query.options.ignoresGlobalTimeFilter ?? options.ignoresGlobalTimeFilter {
        options.ignoresGlobalTimeFilter = true
        options.from = nil
        options.to = nil
    }
    let trace = options.trace
    let scope = QueryScope(blocks, options)
    let plan = Plan(try scope.resolved(query), options)
    scope.rateSeconds = options.rateSeconds ?? plan.rateSeconds
    scope.needsStreamID = plan.needed.haveStreamID
    trace?.planned(plan, blocks)
    let start = trace?.now() ?? 0
    var output: any RowStage = EmitStage(emit, options)
    for (index, pipe) in plan.pipes.enumerated().reversed() {
        // It is handed blocks, which only it takes.
        if let trace, pipe != .blockStats { output = TracedStage(output, trace, behind: index) }
        output = makeStage(pipe, next: output, scope)
    }
    var scan = Scan(plan: plan, options: options, output: output)
    for reason in options.gaps { scan.gap(reason) }
    do {
        try scan.run(blocks)
        try scan.traced(.pipes) { try output.finish() }
        for reason in scope.gaps { scan.gap(reason) }
        if !scope.gaps.isEmpty { scan.summary.hasUnplacedGaps = true }
        scan.summary.unreadable += scope.unreadable.prefix(
            max(0, ExecutionSummary.maxUnreadable - scan.summary.unreadable.count))
    } catch let error as ExecutionError {
        throw error
    } catch {
        // Stages throw nothing else; reading errors are caught block by block.
        throw ExecutionError(code: .cancelled, message: "\(error)")
    }
    trace?.ended(scan.summary, since: start)
    return scan.summary
}

/// The pass over the blocks.
struct Scan {
    let plan: Plan
    let options: ExecutionOptions
    let output: any RowStage
    /// The table of streams of the segment whose rollup is looked at.
    let streams: MemoryClaim
    var summary = ExecutionSummary()
    /// Blocks that need not be looked at, because an earlier query had, and those that had to be.
    private var cacheUse = (hits: 0, misses: 0)

    init(plan: Plan, options: ExecutionOptions, output: any RowStage) {
        self.plan = plan
        self.options = options
        self.output = output
        streams = MemoryClaim(options.budget)
    }

    mutating func run(_ blocks: [any BlockSource]) throws {
        guard let bounds = plan.timeBounds else { return }
        let look = BlockLook(
            purpose, plan, bounds, options.cache.flatMap { ScanCache($0, plan, output) }, options)
        defer { options.cache?.note(hits: cacheUse.hits, misses: cacheUse.misses) }
        let blocks = try countByRollups(blocks, bounds)
        var use = (hits: 0, misses: 0)
        var relevant = traced(.pruning) {
            blocks.filter { block in
                guard block.timeBounds.overlaps(bounds) else { return false }
                let (mayMatch, isKnown) = look.mayMatch(block)
                if let isKnown { if isKnown { use.hits += 1 } else { use.misses += 1 } }
                return mayMatch
            }
        }
        cacheUse = use
        summary.prunedBlocks = blocks.count - relevant.count
        options.progress.planned(relevant.count)
        switch plan.order {
        case .any:
            relevant.reverse()
            try inAnyOrder(relevant, look)
        case .newestFirst:
            relevant.sort { $0.timeBounds.upperBound > $1.timeBounds.upperBound }
            try plan.partition.isEmpty ? ordered(relevant, look) : orderedInParts(relevant, look)
        case .oldestFirst:
            relevant.sort { $0.timeBounds.lowerBound < $1.timeBounds.lowerBound }
            try plan.partition.isEmpty ? ordered(relevant, look) : orderedInParts(relevant, look)
        }
    }

    /// What is made of the rows of a block before they are taken.
    private var purpose: BlockLook.Purpose {
        guard plan.order == .any, !(output is BlockStatsStage) else { return .rows }
        if let patterns = output as? PatternsStage { return .patterns(patterns.fields) }
        if let stats = output as? StatsStage, plan.limit == nil {
            if stats.countsRowsOnly { return .count }
            if !plan.needed.areOpen { return .sums(stats.recipe) }
        }
        return plan.needed.areOpen ? .rows : .columns
    }

    private mutating func inAnyOrder(_ sources: [any BlockSource], _ look: BlockLook) throws {
        let ahead = LookAhead(sources, look, options)
        defer { ahead.end() }
        var wantsRows = true
        for (place, source) in sources.enumerated() {
            guard try mayGoOn(sources[place...]) else { return }
            let finding = ahead.finding(place)
            try note(finding, of: source)
            if wantsRows { wantsRows = try take(finding, of: source, look) }
            if !wantsRows, !options.countsHits { return }
        }
    }

    /// Does a part of the work, and measures it if the query is to be explained.
    func traced<R>(_ stage: Explanation.Stage, _ work: () throws -> R) rethrows -> R {
        guard let trace = options.trace else { return try work() }
        return try trace.measured(stage, work)
    }

    /// Whether the limits let it go on.
    ///
    /// - Parameter rest: the blocks that are left out otherwise.
    /// - Returns: false when a limit ends the scan, which the summary then says.
    /// - Throws: ``ExecutionError`` when nobody waits for the answer any more.
    mutating func mayGoOn(_ rest: @autoclosure () -> ArraySlice<any BlockSource>) throws -> Bool {
        try options.checkCancelled()
        if options.isOverdue() {
            gap("the time limit ended the scan; narrow the time range or the filter")
            skip(rest(), .time)
            return false
        }
        if options.progress.rows >= options.maximumRows {
            gap(
                "a query may read \(options.maximumRows) rows, and this one has read \(options.progress.rows); narrow "
                    + "the time range")
            skip(rest(), .rows)
            return false
        }
        return true
    }

    private mutating func skip(_ rest: ArraySlice<any BlockSource>, _ reason: SkippedTimes.Reason) {
        guard let bounds = plan.timeBounds else { return }
        summary.skipped = SkippedTimes(reason, rest.map(\.timeBounds), within: bounds)
    }

    mutating func gap(_ reason: String) {
        summary.isComplete = false
        if !summary.gaps.contains(reason) { summary.gaps.append(reason) }
    }

    /// Notes that some rows of a block, or all, could not be read.
    mutating func unreadable(_ source: any BlockSource, rows: Int, _ error: any Error) {
        gap("\(rows) events cannot be read: \(error)")
        if summary.unreadable.contains(where: { $0.ids == source.idBounds }) { return }
        guard summary.unreadable.count < ExecutionSummary.maxUnreadable else {
            summary.hasUnplacedGaps = true
            return
        }
        summary.unreadable.append(
            UnreadableBlock(
                ids: source.idBounds, times: source.timeBounds, rowCount: source.rowCount,
                tenants: Set(((try? source.streams) ?? []).map(\.tenant)).sorted(), reason: "\(error)"))
    }

    /// Counts a block that was looked at.
    ///
    /// - Throws: ``ExecutionError`` when the query cannot go on.
    mutating func note(_ finding: BlockFinding, of source: any BlockSource) throws(ExecutionError) {
        if let isKnown = finding.isKnown { if isKnown { cacheUse.hits += 1 } else { cacheUse.misses += 1 } }
        if finding.isKnown ?? false {
            summary.knownRows += source.rowCount
            options.progress.read(rows: 0, bytes: 0)
        } else {
            let bytes = source.byteCount
            summary.scannedRows += source.rowCount
            summary.scannedBytes += bytes
            options.progress.read(rows: source.rowCount, bytes: bytes)
        }
        summary.hits += finding.hits
        switch finding.content {
        case .failed(let error): throw error
        case .unreadable(let rows, let error): unreadable(source, rows: rows, error)
        case .rows, .count, .block, .sums, .patterns: break
        }
    }

    /// Hands on the rows of a block in any order; false when no more are wanted.
    private mutating func take(
        _ finding: BlockFinding, of source: any BlockSource, _ look: BlockLook
    ) throws -> Bool {
        switch finding.content {
        case .failed, .unreadable: return true
        case .count:
            if finding.hits > 0, let stats = output as? StatsStage { stats.add(count: finding.hits) }
            return true
        case .sums(let sums):
            guard let stats = output as? StatsStage else { return true }
            try traced(.pipes) { try stats.add(sums) }
            return true
        case .patterns(let rows):
            guard let patterns = output as? PatternsStage else { return true }
            try traced(.pipes) { try patterns.add(rows, of: source) }
            return true
        case .block(let block): return try handOn(block, hits: finding.hits)
        case .rows(let columns, let rows):
            if rows.isEmpty { return true }
            if let stats = output as? BlockStatsStage { return try take(columns, rows, of: source, stats) }
            if let stage = output as? any ColumnStage, plan.limit == nil, !columns.hasManyNames {
                return try take(columns, rows, of: source, stage)
            }
            var before = 0
            for part in columns.parts(of: rows) {
                defer { before += part.count }
                do {
                    let block = try traced(.columns) { try look.result(columns, part) }
                    if try !handOn(block, hits: finding.hits - before) { return false }
                } catch let error as ExecutionError {
                    throw error
                } catch {
                    unreadable(source, rows: part.count, error)
                }
            }
            return true
        }
    }

    /// Tells how a block keeps the fields of its matching rows; false when no more are wanted.
    private mutating func take(
        _ columns: BlockColumns, _ rows: RowBitmap, of source: any BlockSource, _ stats: BlockStatsStage
    ) throws -> Bool {
        do {
            let names = try plan.needed.names(among: { try columns.names(of: rows) })
            return try stats.add(columns, rows, names.filter { plan.isChosen($0) })
        } catch let error as ExecutionError {
            throw error
        } catch {
            unreadable(source, rows: rows.count, error)
            return true
        }
    }

    /// Has a stage read what it needs of a block's matching rows; more are always wanted.
    private mutating func take(
        _ columns: BlockColumns, _ rows: RowBitmap, of source: any BlockSource, _ stage: any ColumnStage
    ) throws -> Bool {
        let add: () throws(ExecutionError) -> Void
        do {
            add = try traced(.columns) { try stage.read(columns, rows) }
        } catch {
            unreadable(source, rows: rows.count, error)
            return true
        }
        try traced(.pipes) { try add() }
        return true
    }

    /// Hands on rows of a block.
    ///
    /// - Parameters:
    ///   - block: the rows.
    ///   - hits: how many of the block there are from these on; all of them have been counted.
    /// - Returns: false when no more are wanted.
    /// - Throws: ``ExecutionError`` when a pipe cannot go on.
    private mutating func handOn(_ block: ResultBlock, hits: Int) throws -> Bool {
        var block = block
        /// How many of the rows are wanted.
        let left = plan.limit.map { $0 - (summary.hits - hits) }
        let count = block.rows.count
        if let left { block.rows = Array(block.rows.prefix(max(0, left))) }
        let goesOn = try traced(.pipes) { try output.process(block) }
        return goesOn && left.map { $0 > count } ?? true
    }
}
