internal import ByteCoding
internal import LogModel
internal import QueryLanguage
internal import StoreFormat

/// `stats`: functions over groups of rows. Groups are held in bounded memory.
final class StatsStage: RowStage {
    let pipe: StatsPipe
    private let next: any RowStage
    private let options: ExecutionOptions
    private let claim: MemoryClaim
    /// Whether parts of the sums are still worth being kept for later queries.
    var makesPartials = true
    let groups = GroupTable()
    var accumulators: [[StatsAccumulator]]
    private let conditions: [PipeCondition]
    private let rateSeconds: Double?

    init(_ pipe: StatsPipe, _ next: any RowStage, _ scope: QueryScope) {
        self.pipe = pipe
        self.next = next
        options = scope.options
        claim = MemoryClaim(scope.options.budget)
        rateSeconds = scope.rateSeconds
        conditions = pipe.functions.map { PipeCondition($0.condition, scope.options) }
        accumulators = pipe.functions.map { _ in [] }
    }

    /// A stage that takes one block, as part of another stage's sums.
    init(partOf whole: StatsStage) {
        pipe = whole.pipe
        next = whole.next
        options = whole.options
        claim = MemoryClaim(whole.options.budget)
        rateSeconds = whole.rateSeconds
        conditions = whole.conditions
        accumulators = whole.pipe.functions.map { _ in [] }
    }

    /// Whether it is only asked how many rows there are, all in one group.
    var countsRowsOnly: Bool { pipe.by.isEmpty && countsOnly }

    /// Whether it is only asked how many rows there are.
    private var countsOnly: Bool {
        pipe.functions.allSatisfy { $0.condition == nil && $0.function.countsRows }
    }

    /// The pipe, if it asks for numbers of rows alone.
    var countingPipe: StatsPipe? { countsOnly ? pipe : nil }

    /// Takes rows that stand for many each.
    ///
    /// - Precondition: ``countingPipe`` is there.
    func add(_ block: ResultBlock, counts: [Int]) throws(ExecutionError) {
        precondition(countsOnly, "the rows themselves are needed")
        let keys = pipe.by.map { key in
            block.column(key.field).map { key.bucket?.apply(to: $0, rows: block.rows) ?? $0 }
        }
        var numbers = [Int](repeating: 0, count: block.rows.count)
        groups.forEachRow(of: block, keys) { row, group in numbers[row] = group }
        for (index, call) in pipe.functions.enumerated() {
            grow(index, call)
            for row in block.rows { accumulators[index][numbers[row]].count += counts[row] }
        }
        try checkMemory(groups.memoryBytes + groups.count * pipe.functions.count * StatsAccumulator.ownBytes)
    }

    /// Takes rows of which nothing but their number is known.
    ///
    /// - Precondition: ``countsRowsOnly``.
    func add(count: Int) throws(ExecutionError) {
        precondition(countsRowsOnly, "the rows themselves are needed")
        let none = ResultBlock(fields: [], rows: [0])
        groups.forEachRow(of: none, []) { _, _ in }
        for (index, call) in pipe.functions.enumerated() {
            grow(index, call)
            accumulators[index][0].count += count
        }
    }

    func process(_ block: ResultBlock) throws(ExecutionError) -> Bool {
        let keys = pipe.by.map { key in
            block.column(key.field).map { key.bucket?.apply(to: $0, rows: block.rows) ?? $0 }
        }
        if countsOnly, let counts = groups.counts(of: block, keys) {
            for (index, call) in pipe.functions.enumerated() {
                grow(index, call)
                for (group, rows) in counts { accumulators[index][group].count += rows }
            }
            try checkMemory(groups.memoryBytes + groups.count * pipe.functions.count * StatsAccumulator.ownBytes)
            return true
        }
        var numbers = [Int32](repeating: 0, count: (block.rows.max() ?? -1) + 1)
        groups.forEachRow(of: block, keys) { row, group in numbers[row] = Int32(group) }
        var bytes = groups.memoryBytes
        for (index, call) in pipe.functions.enumerated() {
            let inputs = call.function.columns(of: block)
            let source = call.function.source.flatMap { block.column($0) }
            let chosen = conditions[index].rows(of: block)
            let rows = chosen.map { chosen in block.rows.filter { chosen.contains($0) } } ?? block.rows
            grow(index, call)
            let grouped = GroupedNumbers(
                call.function, inputs, rows: rows, groups: numbers, groupCount: groups.count)
            accumulators[index].withUnsafeMutableBufferPointer { states in
                if let grouped {
                    for part in grouped.parts { states[part.group].add(grouped, part.range, missing: part.missing) }
                } else if call.function.countsRows {
                    for row in rows { states[Int(numbers[row])].count += 1 }
                } else {
                    for row in rows { states[Int(numbers[row])].add(inputs, row, source: source) }
                }
            }
            bytes +=
                call.function.kind.keepsValues
                ? accumulators[index].reduce(0) { $0 + $1.memoryBytes }
                : accumulators[index].count * StatsAccumulator.ownBytes
        }
        try checkMemory(bytes)
        return true
    }

    /// Sees to it that each group has an accumulator of a function.
    func grow(_ index: Int, _ call: StatsPipe.Call) {
        while accumulators[index].count < groups.count {
            accumulators[index].append(StatsAccumulator(call.function))
        }
    }

    func checkMemory(_ bytes: Int) throws(ExecutionError) {
        try claim.set(bytes, "\(groups.count) groups", "group by fewer fields, or narrow the filter")
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
            for (index, value) in groups.values(of: group).enumerated() { columns[index].append(value) }
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
                let state = isEmpty ? StatsAccumulator(call.function) : accumulators[index][group]
                box.append(state.result(rateSeconds: rateSeconds))
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

extension StatsFunction.Kind {
    /// Whether memory is needed for values, not just for a number.
    fileprivate var keepsValues: Bool {
        switch self {
        case .count, .sum, .avg, .countEmpty, .rate, .rateSum, .sumLength: false
        default: true
        }
    }
}
