internal import ByteCoding
internal import LogModel
internal import QueryLanguage
internal import StoreFormat

/// `stats`: functions over groups of rows. Groups are held in bounded memory.
final class StatsStage: RowStage {
    private let pipe: StatsPipe
    private let next: any RowStage
    private let memoryLimit: Int
    private let groups = GroupTable()
    private var accumulators: [[StatsAccumulator]]

    init(_ pipe: StatsPipe, _ next: any RowStage, _ options: ExecutionOptions) {
        self.pipe = pipe
        self.next = next
        memoryLimit = options.memoryLimit
        accumulators = pipe.functions.map { _ in [] }
    }

    /// Whether it is only asked how many rows there are, all in one group.
    var countsRowsOnly: Bool { pipe.by.isEmpty && countsOnly }

    /// Whether it is only asked how many rows there are.
    private var countsOnly: Bool {
        pipe.functions.allSatisfy { $0.function.kind == .count && $0.function.fields.isEmpty }
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
            try checkMemory(groups.memoryBytes + groups.count * pipe.functions.count * 96)
            return true
        }
        var numbers = [Int32](repeating: 0, count: (block.rows.max() ?? -1) + 1)
        groups.forEachRow(of: block, keys) { row, group in numbers[row] = Int32(group) }
        var bytes = groups.memoryBytes
        for (index, call) in pipe.functions.enumerated() {
            let inputs = call.function.columns(of: block)
            grow(index, call)
            accumulators[index].withUnsafeMutableBufferPointer { states in
                if call.function.kind == .count, call.function.fields.isEmpty {
                    for row in block.rows { states[Int(numbers[row])].count += 1 }
                } else {
                    for row in block.rows { states[Int(numbers[row])].add(inputs, row) }
                }
            }
            bytes +=
                call.function.kind.keepsValues
                ? accumulators[index].reduce(0) { $0 + $1.memoryBytes } : accumulators[index].count * 96
        }
        try checkMemory(bytes)
        return true
    }

    /// Sees to it that each group has an accumulator of a function.
    private func grow(_ index: Int, _ call: StatsPipe.Call) {
        while accumulators[index].count < groups.count {
            accumulators[index].append(StatsAccumulator(call.function))
        }
    }

    private func checkMemory(_ bytes: Int) throws(ExecutionError) {
        guard bytes > memoryLimit else { return }
        throw ExecutionError(
            code: .memory,
            message: "\(groups.count) groups need more than \(memoryLimit >> 20) MiB; group by fewer fields")
    }

    func finish() throws(ExecutionError) {
        // Without `by` there is one group even when nothing matched: count() is 0 then.
        let isEmpty = groups.count == 0 && pipe.by.isEmpty
        let count = isEmpty ? 1 : groups.count
        let columns = pipe.by.map { _ in ColumnGathererBox(capacity: count) }
        for group in 0..<(isEmpty ? 0 : groups.count) {
            for (index, value) in groups.values(of: group).enumerated() { columns[index].append(value) }
        }
        var fields = zip(pipe.by, columns).map { key, column in
            ResultBlock.Field(key.field, .values(column.finish()))
        }
        for (index, call) in pipe.functions.enumerated() {
            let box = ColumnGathererBox(capacity: count)
            for group in 0..<count {
                let state = isEmpty ? StatsAccumulator(call.function) : accumulators[index][group]
                box.append(state.result())
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

    func finish() -> ColumnData { ColumnData(arena: arena, ranges: ranges) }
}

extension StatsPipe.Bucket {
    /// The starts of the intervals that times lie in; a value that is no time stays as it is.
    func apply(to column: ResultColumn, rows: [Int]) -> ResultColumn {
        guard case .times(let times) = column else { return applyToText(column, rows: rows) }
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
            defer { last = (start..<max(start, start.addingReportingOverflow(step).partialValue), indexes[row]) }
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

    /// The same for times that are text, as behind another `stats`.
    private func applyToText(_ column: ResultColumn, rows: [Int]) -> ResultColumn {
        var arena = ByteWriter()
        var ranges = [ByteRange](repeating: .absent, count: (rows.max() ?? -1) + 1)
        for row in rows {
            guard let text = column.value(at: row) else { continue }
            let offset = arena.count
            if let time = text.withUnsafeBytes({ Timestamp(rfc3339: $0) }) {
                Timestamp(nanoseconds: start(of: time.nanoseconds)).write(to: &arena)
            } else {
                arena.append(contentsOf: text)
            }
            ranges[row] = ByteRange(offset: offset, length: arena.count - offset)
        }
        return .values(ColumnData(arena: arena.array(), ranges: ranges))
    }

    private func start(of time: Int64) -> Int64 {
        let moved = Timestamp(nanoseconds: time).adding(nanoseconds: offset).floored(toMultipleOf: step)
        return moved.adding(nanoseconds: -offset).nanoseconds
    }
}

extension StatsFunction {
    /// The columns that the function looks at, by name.
    func columns(of block: ResultBlock) -> [ResultBlock.Field] {
        block.fields.filter { field in fields.contains { $0.matches(field.name) } }.sorted { $0.name < $1.name }
    }
}

extension StatsFunction.Kind {
    /// Whether memory is needed for values, not just for a number.
    fileprivate var keepsValues: Bool {
        switch self {
        case .count, .sum, .avg: false
        case .countUniq, .min, .max: true
        }
    }
}
