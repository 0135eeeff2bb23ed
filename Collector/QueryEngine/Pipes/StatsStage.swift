internal import ByteCoding
internal import LogModel
internal import QueryLanguage
internal import StoreFormat

/// `stats`: functions over groups of rows. Groups are held in bounded memory.
final class StatsStage: RowStage {
    let recipe: StatsRecipe
    private let next: any RowStage
    private let options: ExecutionOptions
    private let claim: MemoryClaim
    private let groups: StatsGroups
    private let rateSeconds: Double?

    init(_ pipe: StatsPipe, _ next: any RowStage, _ scope: QueryScope) {
        recipe = StatsRecipe(pipe, scope.options)
        groups = StatsGroups(recipe)
        self.next = next
        options = scope.options
        claim = MemoryClaim(scope.options.budget)
        rateSeconds = scope.rateSeconds
    }

    var pipe: StatsPipe { recipe.pipe }

    /// Whether it is only asked how many rows there are, all in one group.
    var countsRowsOnly: Bool { pipe.by.isEmpty && recipe.countsOnly }

    /// The pipe, if it asks for numbers of rows alone.
    var countingPipe: StatsPipe? { recipe.countsOnly ? pipe : nil }

    /// Takes rows that stand for many each.
    ///
    /// - Precondition: ``countingPipe`` is there.
    func add(_ block: ResultBlock, counts: [Int]) throws(ExecutionError) {
        precondition(recipe.countsOnly, "the rows themselves are needed")
        groups.add(block, counts: counts)
        try checkMemory()
    }

    /// Takes rows of which nothing but their number is known.
    ///
    /// - Precondition: ``countsRowsOnly``.
    func add(count: Int) {
        precondition(countsRowsOnly, "the rows themselves are needed")
        groups.add(count: count)
    }

    /// Takes the rows of a block that were added up apart.
    func add(_ part: PartialStats) throws(ExecutionError) {
        guard let known = part.groups else {
            if part.rows > 0 { add(count: part.rows) }
            return
        }
        groups.add(known)
        try checkMemory()
    }

    func process(_ block: ResultBlock) throws(ExecutionError) -> Bool {
        groups.add(block)
        try checkMemory()
        return true
    }

    private func checkMemory() throws(ExecutionError) {
        try claim.set(
            groups.memoryBytes, "\(groups.count) groups", "group by fewer fields, or narrow the filter")
    }

    func finish() throws(ExecutionError) {
        // Without `by` there is one group even when nothing matched: count() is 0 then.
        let isEmpty = groups.count == 0 && pipe.by.isEmpty
        let count = isEmpty ? 1 : groups.count
        let columns = pipe.by.map { _ in ColumnGathererBox(capacity: count) }
        let results = MemoryClaim(options.budget)
        /// The result is made beside the groups.
        func check(_ boxes: some Sequence<ColumnGathererBox>, _ bytes: Int) throws(ExecutionError) {
            try options.checkCancelled()
            let sum = boxes.reduce(bytes) { $0 + $1.memoryBytes }
            try results.set(sum, "the result of \(count) groups", "group by fewer fields, or narrow the filter")
        }
        for group in 0..<(isEmpty ? 0 : groups.count) {
            if group & 1_023 == 0 { try check(columns, 0) }
            for (index, value) in groups.keys(of: group).enumerated() { columns[index].append(value) }
        }
        var fields = zip(pipe.by, columns).map { key, column in
            ResultBlock.Field(key.field, .values(column.finish()))
        }
        var done = columns.reduce(0) { $0 + $1.memoryBytes }
        for (index, call) in pipe.functions.enumerated() {
            let box = ColumnGathererBox(capacity: count)
            defer { done += box.memoryBytes }
            for group in 0..<count {
                if group & 1_023 == 0 { try check([box], done) }
                box.append(
                    isEmpty
                        ? StatsAccumulator(call.function).result(rateSeconds: rateSeconds)
                        : groups.result(index, of: group, rateSeconds: rateSeconds))
            }
            fields.append(.init(call.resultName, .values(box.finish())))
        }
        _ = try next.process(ResultBlock(fields: fields, rows: Array(0..<count)).withDistinctNames())
        try next.finish()
    }
}

/// A gatherer that can be kept in an array.
final class ColumnGathererBox {
    private var arena: [UInt8] = []
    private var ranges: [ByteRange] = []

    init(capacity: Int) {
        ranges.reserveCapacity(capacity)
    }

    func append(_ value: [UInt8]?) {
        guard let value else {
            ranges.append(.absent)
            return
        }
        ranges.append(ByteRange(offset: arena.count, length: value.count))
        arena.append(contentsOf: value)
    }

    var memoryBytes: Int { arena.capacity + ranges.capacity * 8 }

    func finish() -> ColumnData { ColumnData(arena: arena, ranges: ranges) }
}

extension StatsPipe.Bucket {
    /// The starts of the intervals that times lie in; a value that is no time stays as it is.
    func apply(to column: ResultColumn, rows: [Int]) -> ResultColumn {
        guard case .times(let times) = column else { return applyToText(column, rows: rows) }
        let step = calendar == nil ? step : 1
        // A dictionary of the few intervals, so that grouping looks at each only once a block.
        var entries: [Int64: UInt16] = [:]
        var starts: [Int64] = []
        var indexes = [UInt16](repeating: 0, count: times.count)
        var last: (interval: Range<Int64>, index: UInt16) = (0..<0, 0)
        for row in rows {
            // Rows are nearly in the order of time: most lie in the interval of the one before.
            if last.interval.contains(times[row]) {
                indexes[row] = last.index
                continue
            }
            let start = start(of: times[row])
            let known = calendar == nil ? start : times[row]
            defer { last = (known..<max(known, known.addingReportingOverflow(step).partialValue), indexes[row]) }
            if let known = entries[start] {
                indexes[row] = known
            } else {
                guard let index = UInt16(exactly: starts.count) else { return applyToText(column, rows: rows) }
                entries[start] = index
                indexes[row] = index
                starts.append(start)
            }
        }
        var writer = ByteWriter()
        let ranges = starts.map { start in
            let offset = writer.count
            Timestamp(nanoseconds: start).write(to: &writer)
            return ByteRange(offset: offset, length: writer.count - offset)
        }
        return .values(ColumnData(arena: writer.array(), dictionary: ranges, indexes: indexes))
    }

    /// The same for values of any kind.
    private func applyToText(_ column: ResultColumn, rows: [Int]) -> ResultColumn {
        var values = RowValues(rowCount: (rows.max() ?? -1) + 1)
        for row in rows {
            if let text = column.value(at: row) { values.set(row, start(of: text)) }
        }
        return values.finish()
    }
}

extension StatsFunction {
    /// Whether only the number of rows matters.
    var countsRows: Bool { kind == .rate || (kind == .count && fields.isEmpty) }

    /// The columns that the function looks at, by name. A field that is named and missing has empty values for those
    /// functions to which an empty value is one, too.
    func columns(of block: ResultBlock) -> [ResultBlock.Field] {
        var columns = block.fields.filter { isAbout($0.name) }
        switch kind {
        case .min, .median, .quantile, .values:
            for field in fields where !field.isPrefix && !columns.contains(where: { $0.name == field.name }) {
                let empty = RowValues(rowCount: block.rowBound)
                columns.append(.init(field.name, empty.finish()))
            }
        default: break
        }
        return columns.sorted { $0.name < $1.name }
    }
}
