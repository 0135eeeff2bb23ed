internal import LogModel
internal import QueryLanguage
internal import StoreFormat
internal import Synchronization

/// Looks at blocks: which rows pass, and what the first pipe takes of them. It knows nothing of limits and of the answer, so
/// that several threads can look at several blocks at the same time.
struct BlockLook: Sendable {
    /// Takes rows out that are not wanted, before the filter looks at them.
    typealias Narrowing = (BlockColumns, inout RowBitmap) throws -> Void

    /// What is made of the rows that pass.
    enum Purpose: Sendable {
        /// Nothing yet.
        case rows
        /// They are counted.
        case count
        /// The columns that are needed are read.
        case columns
        /// The same, and they are added up apart where that is of use.
        case sums(StatsRecipe)
        /// Templates and these fields are read.
        case patterns([String])
    }

    let purpose: Purpose
    private let filter: CompiledFilter
    private let rowFilter: CompiledFilter
    private let bounds: ClosedRange<Int64>
    private let needed: NeededFields
    private let looksAtNumbers: Bool
    private let cached: ScanCache?
    private let parts = PartSizes()
    private let budget: QueryBudget
    private let trace: QueryTrace?

    init(
        _ purpose: Purpose, _ plan: Plan, _ bounds: ClosedRange<Int64>, _ cached: ScanCache?,
        _ options: ExecutionOptions
    ) {
        self.purpose = purpose
        filter = plan.filter
        rowFilter = plan.rowFilter
        self.bounds = bounds
        needed = plan.needed
        looksAtNumbers = plan.looksAtNumbers
        self.cached = cached
        budget = options.budget
        trace = options.trace
    }

    /// Does a part of the work, and measures it if the query is to be explained.
    private func traced<R>(_ stage: Explanation.Stage, _ work: () throws -> R) rethrows -> R {
        guard let trace else { return try work() }
        return try trace.measured(stage, work)
    }

    /// Whether the block's events are all of the times of the query, so that what is found says something about the block.
    private func liesWithin(_ source: any BlockSource) -> Bool {
        bounds.lowerBound <= source.timeBounds.lowerBound && source.timeBounds.upperBound <= bounds.upperBound
    }

    /// Whether any row of a block with times of the query may match; false is certain. And whether an earlier query knew.
    func mayMatch(_ source: any BlockSource) -> (Bool, isKnown: Bool?) {
        guard let cached, cached.rows != nil, let block = source.identity else { return (filter.mayMatch(source), nil) }
        // One that is known to have some is counted when it is looked at.
        if let known = cached.knownRows(block) { return known.isEmpty ? (false, true) : (true, nil) }
        if rowFilter.mayMatch(source) { return (true, nil) }
        cached.keep(.none, block)
        return (false, false)
    }

    /// Looks at a block.
    ///
    /// - Parameters:
    ///   - source: the block.
    ///   - apart: whether rows are added up apart from those of other blocks, if they can.
    /// - Returns: what is found.
    func look(at source: any BlockSource, apart: Bool) -> BlockFinding {
        let block = liesWithin(source) ? source.identity : nil
        if let block, let known = cached?.knownSums(block) {
            return BlockFinding(content: .sums(known), hits: known.rows, isKnown: true)
        }
        var finding = rows(of: source)
        guard case .rows(let columns, let rows) = finding.content else { return finding }
        switch purpose {
        case .rows: return finding
        case _ where rows.isEmpty, .count:
            if let block, cached?.sums != nil { cached?.keep(PartialStats(rows: rows.count), block) }
            finding.content = .count
        case .columns, .sums, .patterns:
            do {
                finding.content = try traced(.columns) { try read(source, columns, rows) }
            } catch {
                finding.content = .unreadable(rows: rows.count, error)
            }
        }
        finding.claim = nil
        if case .sums(let recipe) = purpose, case .block(let found) = finding.content {
            let isKept = block != nil && cached?.sums != nil && parts.areWorthKeeping
            let isApart = apart && parts.areWorthMaking && PartialStats.joins(recipe.pipe)
            if isKept || isApart, let part = PartialStats(found, recipe) {
                parts.note(part)
                if isKept, let block { cached?.keep(part, block) }
                finding.content = .sums(part)
            }
        }
        return finding
    }

    /// Looks which rows of a block pass.
    ///
    /// - Parameters:
    ///   - source: the block.
    ///   - narrow: takes rows out beforehand.
    /// - Returns: the rows, whatever the purpose; or why there are none.
    func rows(of source: any BlockSource, _ narrow: Narrowing? = nil) -> BlockFinding {
        let claim = MemoryClaim(budget)
        do throws(ExecutionError) {
            try claim.set(source.streamBytes, "the streams of one segment", "narrow the time range")
        } catch {
            return BlockFinding(content: .failed(error))
        }
        let block = cached == nil ? nil : source.identity
        let columns = BlockColumns(source, trace)
        // Where something cannot be read, looking at the block says what.
        if let block, let known = cached?.knownRows(block),
            let rows = try? within(columns, known.bitmap(rowCount: source.rowCount), narrow)
        {
            return BlockFinding(content: .rows(columns, rows), hits: rows.count, isKnown: true, claim: claim)
        }
        trace?.lookedAtBlock()
        let isKnown = block == nil ? nil : false
        do {
            var all = RowBitmap(rowCount: source.rowCount, filled: true)
            try narrow?(columns, &all)
            let rows = try traced(.filter) { try filter.rows(of: columns, among: all) }
            if narrow == nil, let block, liesWithin(source), cached?.keeps(rows: rows.count) ?? false {
                cached?.keep(KeptRows(rows), block)
            }
            return BlockFinding(content: .rows(columns, rows), hits: rows.count, isKnown: isKnown, claim: claim)
        } catch {
            return BlockFinding(content: .unreadable(rows: source.rowCount, error), isKnown: isKnown)
        }
    }

    /// Those of some rows that are wanted and lie in the times.
    private func within(_ columns: BlockColumns, _ known: RowBitmap, _ narrow: Narrowing?) throws -> RowBitmap {
        var rows = known
        try narrow?(columns, &rows)
        return try CompiledFilter.time(bounds).rows(of: columns, among: rows)
    }

    private func read(
        _ source: any BlockSource, _ columns: BlockColumns, _ rows: RowBitmap
    ) throws -> BlockFinding.Content {
        guard case .patterns(let fields) = purpose else { return .block(try result(columns, rows)) }
        return .patterns(
            PatternGroups.Rows(
                rows: rows.rows, templates: try columns.messageTemplates(rows),
                fields: try fields.map { try columns.column($0, rows) }, times: try columns.times(),
                order: source.idBounds.lowerBound))
    }

    /// The rows of a block, in their order, with the fields that are needed.
    func result(_ columns: BlockColumns, _ rows: RowBitmap) throws -> ResultBlock {
        var fields: [ResultBlock.Field] = []
        if columns.areFew(rows), !looksAtNumbers {
            for name in try needed.names(among: { try columns.names(of: rows) }) {
                if let column = try columns.column(name, picking: rows) { fields.append(.init(name, column)) }
            }
            return ResultBlock(fields: fields, rows: Array(0..<rows.count))
        }
        for name in try needed.names(among: { try columns.names(of: rows) }) {
            if looksAtNumbers, let column = try columns.numbers(name) {
                fields.append(.init(name, column))
            } else if let column = try columns.column(name, rows) {
                fields.append(.init(name, column))
            }
        }
        return ResultBlock(fields: fields, rows: rows.rows)
    }
}

/// Whether it is of use to add up blocks apart: not where there are many groups. One block tells it of all.
private final class PartSizes: Sendable {
    private let areLarge = Atomic<Bool>(false)
    private let areMany = Atomic<Bool>(false)

    var areWorthKeeping: Bool { !areLarge.load(ordering: .relaxed) }
    var areWorthMaking: Bool { !areMany.load(ordering: .relaxed) }

    func note(_ part: PartialStats) {
        if part.memoryBytes > PartialStats.maxBytes { areLarge.store(true, ordering: .relaxed) }
        if (part.groups?.keys.count ?? 0) * 4 > part.rows { areMany.store(true, ordering: .relaxed) }
    }
}
