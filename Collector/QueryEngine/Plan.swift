internal import LogModel
internal import QueryLanguage

/// What to scan and what to do with the rows.
struct Plan {
    var filter: CompiledFilter
    /// The filter without ``timeBounds``.
    let rowFilter: CompiledFilter
    /// What the filter was made of.
    var selection: Filter
    /// What ``rowFilter`` was made of.
    let rowSelection: Filter
    /// Times outside of which no row can match.
    var timeBounds: ClosedRange<Int64>?
    var pipes: [Pipe]
    var order: RowOrder
    var limit: Int?
    var offset = 0
    /// Fields whose every combination of values is ordered, offset and limited by itself; none for all rows together.
    var partition: [String] = []
    /// Fields that are needed; nil for all.
    var needed: NeededFields
    /// The pipes in front of `block_stats`, which say what fields it is about.
    var choices: [Pipe] = []
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
        selection = filter
        rowSelection = filter.withoutOuterTimes
        rowFilter = CompiledFilter(rowSelection, now: options.now)
        self.filter = rowFilter
        timeBounds = filter.timeBounds(now: options.now)
        if let bounds = timeBounds {
            let low = max(bounds.lowerBound, options.from?.nanoseconds ?? .min)
            let high = min(bounds.upperBound, options.to.map { $0.adding(nanoseconds: -1).nanoseconds } ?? .max)
            timeBounds = low <= high ? low...high : nil
        }
        if let timeBounds { self.filter = .and([.time(timeBounds), rowFilter]) }
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
        } else if case .sort(let sort)? = pipes.first, sort.isByTimeInParts, let count = sort.limit,
            !options.countsHits
        {
            pipes.removeFirst()
            if let rows = limit { pipes.append(.limit(LimitPipe(UInt64(rows)))) }
            order = sort.keys[0].isDescending ? .newestFirst : .oldestFirst
            partition = sort.partition
            offset = Int(clamping: sort.offset ?? 0)
            limit = Int(clamping: count)
        } else if !pipes.allSatisfy(\.keepsRows) {
            // A limit counts rows of the result, not of the scan.
            if let count = limit { pipes.append(.limit(LimitPipe(UInt64(count)))) }
            limit = nil
            order = .any
        }
        needed = NeededFields(for: pipes, streamID: options.needsStreamID)
        // Which fields are meant is known now; blocks themselves have to come to it.
        if let place = pipes.firstIndex(of: .blockStats), pipes[..<place].allSatisfy(\.keepsBlocks) {
            choices = Array(pipes[..<place])
            pipes.removeFirst(place)
        }
    }

    /// Whether `block_stats` is about a field.
    func isChosen(_ name: String) -> Bool {
        choices.allSatisfy { pipe in
            switch pipe {
            case .fields(let pipe): pipe.fields.contains { $0.matches(name) }
            case .delete(let pipe): !pipe.fields.contains { $0.matches(name) }
            default: true
            }
        }
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
