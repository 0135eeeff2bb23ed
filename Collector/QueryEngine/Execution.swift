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
    let scope = QueryScope(blocks, options)
    let plan = Plan(try scope.resolved(query), options)
    scope.rateSeconds = options.rateSeconds ?? plan.rateSeconds
    let output = plan.pipes.reversed().reduce(EmitStage(emit, options) as any RowStage) { next, pipe in
        makeStage(pipe, next: next, scope)
    }
    var scan = Scan(plan: plan, options: options, output: output)
    for reason in options.gaps { scan.gap(reason) }
    do {
        try scan.run(blocks)
        try output.finish()
        for reason in scope.gaps { scan.gap(reason) }
        scan.summary.unreadable += scope.unreadable.prefix(
            max(0, ExecutionSummary.maxUnreadable - scan.summary.unreadable.count))
    } catch let error as ExecutionError {
        throw error
    } catch {
        // Stages throw nothing else; reading errors are caught block by block.
        throw ExecutionError(code: .cancelled, message: "\(error)")
    }
    return scan.summary
}

/// What to scan and what to do with the rows.
struct Plan {
    var filter: CompiledFilter
    /// What the filter was made of.
    var selection: Filter
    /// Times outside of which no row can match.
    var timeBounds: ClosedRange<Int64>?
    var pipes: [Pipe]
    var order: RowOrder
    var limit: Int?
    var offset = 0
    /// Fields that are needed; nil for all.
    var needed: NeededFields
    /// The length of the time that the query is about, seconds; nil when it is open.
    var rateSeconds: Double?

    /// Whether the first pipe counts or adds up values, so that it has no need of their text.
    var looksAtNumbers: Bool {
        switch pipes.first {
        case .stats, .top, .uniq: true
        default: false
        }
    }

    init(_ query: Query, _ options: ExecutionOptions) {
        var filters = [query.filter]
        pipes = query.pipes
        while case .filter(let pipe)? = pipes.first {
            filters.append(pipe.filter)
            pipes.removeFirst()
        }
        let filter = Filter.conjunction(filters)
        self.filter = CompiledFilter(filter, now: options.now)
        selection = filter
        timeBounds = filter.timeBounds(now: options.now)
        if let bounds = timeBounds {
            let low = max(bounds.lowerBound, options.from?.nanoseconds ?? .min)
            let high = min(bounds.upperBound, options.to.map { $0.adding(nanoseconds: -1).nanoseconds } ?? .max)
            timeBounds = low <= high ? low...high : nil
        }
        if let timeBounds { self.filter = .and([.time(timeBounds), self.filter]) }
        if let timeBounds, timeBounds.lowerBound != .min, timeBounds.upperBound != .max {
            rateSeconds = (Double(timeBounds.upperBound) - Double(timeBounds.lowerBound) + 1) / 1e9
        }
        order = options.order
        limit = options.limit
        // Rows behind the limit need not be sorted, if nothing behind the sort looks at them.
        let lastChange = pipes.lastIndex { !$0.keepsRows }
        if let count = limit, let lastChange, case .sort(var sort) = pipes[lastChange], sort.partition.isEmpty {
            sort.limit = min(sort.limit ?? .max, UInt64(clamping: count))
            pipes[lastChange] = .sort(sort)
        }
        // `sort by (_time)` right behind the filter is an order of the scan, which need not hold all rows.
        if case .sort(let sort)? = pipes.first, sort.keys.count == 1, sort.keys[0].field == FieldName.time,
            sort.partition.isEmpty, sort.rankField == nil, let count = sort.limit, limit == nil || lastChange == 0
        {
            order = sort.keys[0].isDescending ? .newestFirst : .oldestFirst
            offset = Int(clamping: sort.offset ?? 0)
            limit = Int(clamping: count)
            pipes.removeFirst()
        } else if !pipes.allSatisfy(\.keepsRows) {
            // A limit counts rows of the result, not of the scan.
            if let count = limit { pipes.append(.limit(LimitPipe(UInt64(count)))) }
            limit = nil
            order = .any
        }
        needed = NeededFields(for: pipes)
    }
}

extension Pipe {
    /// Whether each row that comes in goes out, changed or not.
    var keepsRows: Bool {
        switch self {
        case .copy, .delete, .fields, .rename, .extract, .format, .math, .measure, .pack, .unpack, .unpackWords,
            .update:
            true
        default: false
        }
    }
}

/// The pass over the blocks.
struct Scan {
    let plan: Plan
    let options: ExecutionOptions
    let output: any RowStage
    /// The table of streams of the segment that is looked at.
    let streams: MemoryClaim
    var summary = ExecutionSummary()

    init(plan: Plan, options: ExecutionOptions, output: any RowStage) {
        self.plan = plan
        self.options = options
        self.output = output
        streams = MemoryClaim(options.budget)
    }

    mutating func run(_ blocks: [any BlockSource]) throws {
        guard let bounds = plan.timeBounds else { return }
        let blocks = try countByRollups(blocks, bounds)
        var relevant = blocks.filter { $0.timeBounds.overlaps(bounds) && plan.filter.mayMatch($0) }
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
            try ordered(relevant)
        case .oldestFirst:
            relevant.sort { $0.timeBounds.lowerBound < $1.timeBounds.lowerBound }
            try ordered(relevant)
        }
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
        guard summary.unreadable.count < ExecutionSummary.maxUnreadable,
            !summary.unreadable.contains(where: { $0.ids == source.idBounds })
        else { return }
        summary.unreadable.append(
            UnreadableBlock(
                ids: source.idBounds, times: source.timeBounds, rowCount: source.rowCount,
                tenants: Set(((try? source.streams) ?? []).map(\.tenant)).sorted(), reason: "\(error)"))
    }

    /// The matching rows of a block; nil when it cannot be read, which the summary then says.
    mutating func matches(_ source: any BlockSource) throws(ExecutionError) -> (BlockColumns, RowBitmap)? {
        let bytes = source.byteCount
        summary.scannedRows += source.rowCount
        summary.scannedBytes += bytes
        options.progress.read(rows: source.rowCount, bytes: bytes)
        try streams.set(source.streamBytes, "the streams of one segment", "narrow the time range")
        let columns = BlockColumns(source)
        do {
            let all = RowBitmap(rowCount: source.rowCount, filled: true)
            let rows = try plan.filter.rows(of: columns, among: all)
            summary.hits += rows.count
            return (columns, rows)
        } catch {
            unreadable(source, rows: source.rowCount, error)
            return nil
        }
    }

    /// Hands on the rows of a block in any order; false when no more are wanted.
    private mutating func scan(_ source: any BlockSource) throws -> Bool {
        guard let (columns, rows) = try matches(source) else { return true }
        if rows.isEmpty { return true }
        if let counting = output as? StatsStage, counting.countsRowsOnly, plan.limit == nil {
            try counting.add(count: rows.count)
            return true
        }
        /// How many of the rows are wanted.
        var left = plan.limit.map { $0 - (summary.hits - rows.count) }
        for part in plan.needed.areOpen ? columns.parts(of: rows) : [rows] {
            var block: ResultBlock
            do {
                block = try result(columns, part)
            } catch {
                unreadable(source, rows: part.count, error)
                continue
            }
            if let count = left { block.rows = Array(block.rows.prefix(count)) }
            left = left.map { $0 - part.count }
            let goesOn = try output.process(block)
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
