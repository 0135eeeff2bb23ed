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
    /// The table of streams of the segment that is looked at.
    let streams: MemoryClaim
    var summary = ExecutionSummary()
    /// What earlier queries left; nil when the query cannot use it.
    var cached: ScanCache?

    init(plan: Plan, options: ExecutionOptions, output: any RowStage) {
        self.plan = plan
        self.options = options
        self.output = output
        streams = MemoryClaim(options.budget)
        cached = options.cache.flatMap { ScanCache($0, plan, output) }
    }

    mutating func run(_ blocks: [any BlockSource]) throws {
        guard let bounds = plan.timeBounds else { return }
        defer { cached?.note() }
        let blocks = try countByRollups(blocks, bounds)
        var relevant = traced(.pruning) {
            blocks.filter { $0.timeBounds.overlaps(bounds) && mayMatch($0) }
        }
        summary.prunedBlocks = blocks.count - relevant.count
        options.progress.planned(relevant.count)
        switch plan.order {
        case .any:
            relevant.reverse()
            var wantsRows = true
            for (index, block) in relevant.enumerated() {
                guard try mayGoOn(relevant[index...]) else { return }
                if wantsRows {
                    wantsRows = try scan(block)
                } else {
                    _ = try matches(block)
                }
                if !wantsRows, !options.countsHits { return }
            }
        case .newestFirst:
            relevant.sort { $0.timeBounds.upperBound > $1.timeBounds.upperBound }
            try plan.partition.isEmpty ? ordered(relevant) : orderedInParts(relevant)
        case .oldestFirst:
            relevant.sort { $0.timeBounds.lowerBound < $1.timeBounds.lowerBound }
            try plan.partition.isEmpty ? ordered(relevant) : orderedInParts(relevant)
        }
    }

    /// Does a part of the work, and measures it if the query is to be explained.
    func traced<R>(_ stage: Explanation.Stage, _ work: () throws -> R) rethrows -> R {
        guard let trace = options.trace else { return try work() }
        let start = trace.now()
        defer { trace.end(stage, since: start) }
        return try work()
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

    /// The matching rows of a block; nil when it cannot be read, which the summary then says.
    ///
    /// - Parameters:
    ///   - source: the block.
    ///   - narrow: takes rows out that are not wanted, before the filter looks at them.
    /// - Returns: the block and its rows.
    /// - Throws: ``ExecutionError`` when the block needs too much memory.
    mutating func matches(
        _ source: any BlockSource, _ narrow: ((BlockColumns, inout RowBitmap) throws -> Void)? = nil
    ) throws(ExecutionError) -> (BlockColumns, RowBitmap)? {
        if let known = try knownRows(of: source, narrow) { return known }
        let bytes = source.byteCount
        summary.scannedRows += source.rowCount
        summary.scannedBytes += bytes
        options.progress.read(rows: source.rowCount, bytes: bytes)
        try streams.set(source.streamBytes, "the streams of one segment", "narrow the time range")
        let columns = BlockColumns(source, options.trace)
        options.trace?.lookedAtBlock()
        do {
            var all = RowBitmap(rowCount: source.rowCount, filled: true)
            try narrow?(columns, &all)
            let rows = try traced(.filter) { try plan.filter.rows(of: columns, among: all) }
            summary.hits += rows.count
            if narrow == nil { keep(rows, of: source) }
            return (columns, rows)
        } catch {
            unreadable(source, rows: source.rowCount, error)
            return nil
        }
    }

    /// Hands on the rows of a block in any order; false when no more are wanted.
    private mutating func scan(_ source: any BlockSource) throws -> Bool {
        if try addPartial(of: source) { return true }
        guard let (columns, rows) = try matches(source) else { return true }
        if rows.isEmpty { return true }
        if let counting = output as? StatsStage, counting.countsRowsOnly, plan.limit == nil {
            try counting.add(count: rows.count)
            return true
        }
        if let stats = output as? BlockStatsStage {
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
        if let patterns = output as? PatternsStage {
            let read: PatternGroups.Rows
            do {
                read = try traced(.columns) { try patterns.read(source, columns, rows) }
            } catch {
                unreadable(source, rows: rows.count, error)
                return true
            }
            try traced(.pipes) { try patterns.add(read, of: source) }
            return true
        }
        /// How many of the rows are wanted.
        var left = plan.limit.map { $0 - (summary.hits - rows.count) }
        for part in plan.needed.areOpen ? columns.parts(of: rows) : [rows] {
            var block: ResultBlock
            do {
                block = try traced(.columns) { try result(columns, part) }
            } catch {
                unreadable(source, rows: part.count, error)
                continue
            }
            if let count = left { block.rows = Array(block.rows.prefix(count)) }
            left = left.map { $0 - part.count }
            let goesOn = try traced(.pipes) { try output.process(block) }
            if !goesOn || left.map({ $0 <= 0 }) ?? false { return false }
        }
        return true
    }

    /// The rows of a block, in their order, with the fields that are needed.
    func result(_ columns: BlockColumns, _ rows: RowBitmap) throws -> ResultBlock {
        var fields: [ResultBlock.Field] = []
        if columns.areFew(rows), !plan.looksAtNumbers {
            for name in try plan.needed.names(among: { try columns.names(of: rows) }) {
                if let column = try columns.column(name, picking: rows) { fields.append(.init(name, column)) }
            }
            return ResultBlock(fields: fields, rows: Array(0..<rows.count))
        }
        for name in try plan.needed.names(among: { try columns.names(of: rows) }) {
            if plan.looksAtNumbers, let column = try columns.numbers(name) {
                fields.append(.init(name, column))
            } else if let column = try columns.column(name, rows) {
                fields.append(.init(name, column))
            }
        }
        return ResultBlock(fields: fields, rows: rows.rows)
    }
}
