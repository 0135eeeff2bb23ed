internal import QueryLanguage
internal import StoreFormat

/// What `stats` computes, and how: enough to add up some rows anywhere.
struct StatsRecipe: Sendable {
    let pipe: StatsPipe
    let conditions: [PipeCondition]
    /// Whether it is only asked how many rows there are.
    let countsOnly: Bool

    init(_ pipe: StatsPipe, _ options: ExecutionOptions) {
        self.pipe = pipe
        countsOnly = pipe.functions.allSatisfy { $0.condition == nil && $0.function.countsRows }
        conditions = pipe.functions.map { PipeCondition($0.condition, options) }
    }
}

/// Groups of rows, and what functions have seen of each. One thread.
///
/// Sums of fractions depend on the order in which they are added up. It is always the same: the values of a block in the
/// order of its rows, and what blocks came to in the order of the blocks; whether this is done here or was done apart, by
/// another thread or an earlier query.
final class StatsGroups {
    private let recipe: StatsRecipe
    private let table = GroupTable()
    /// Rows of each group, where nothing else is asked for.
    private var counts: [Int] = []
    /// Otherwise, for each function, what it has seen of each group.
    private var accumulators: [[StatsAccumulator]]
    /// How many blocks were added.
    private var blocks: Int32 = 0

    init(_ recipe: StatsRecipe) {
        self.recipe = recipe
        accumulators = recipe.pipe.functions.map { _ in [] }
    }

    private var pipe: StatsPipe { recipe.pipe }

    /// How many groups there are.
    var count: Int { table.count }

    /// Bytes of memory. Where functions keep values, all groups are looked at.
    var memoryBytes: Int {
        if recipe.countsOnly { return table.memoryBytes + counts.count * 8 }
        return zip(pipe.functions, accumulators).reduce(table.memoryBytes) { sum, part in
            sum
                + (part.0.function.kind.keepsValues
                    ? part.1.reduce(0) { $0 + $1.memoryBytes } : part.1.count * StatsAccumulator.ownBytes)
        }
    }

    /// The keys of a group; nil where one is empty.
    func keys(of group: Int) -> [[UInt8]?] { table.values(of: group) }

    /// The result of a function for a group.
    func result(_ function: Int, of group: Int, rateSeconds: Double?) -> [UInt8] {
        guard recipe.countsOnly else { return accumulators[function][group].result(rateSeconds: rateSeconds) }
        var state = StatsAccumulator(pipe.functions[function].function)
        state.count = counts[group]
        return state.result(rateSeconds: rateSeconds)
    }

    /// Adds the rows of a block.
    func add(_ block: ResultBlock) {
        let keys = keys(of: block)
        if recipe.countsOnly { return count(block, keys) }
        blocks &+= 1
        var numbers = [Int32](repeating: 0, count: (block.rows.max() ?? -1) + 1)
        table.forEachRow(of: block, keys) { row, group in numbers[row] = Int32(group) }
        for (index, call) in pipe.functions.enumerated() {
            let inputs = call.function.columns(of: block)
            let source = call.function.source.flatMap { block.column($0) }
            let chosen = recipe.conditions[index].rows(of: block)
            let rows = chosen.map { chosen in block.rows.filter { chosen.contains($0) } } ?? block.rows
            grow(index)
            let grouped = GroupedNumbers(
                call.function, inputs, rows: rows, groups: numbers, groupCount: table.count)
            let number = blocks
            accumulators[index].withUnsafeMutableBufferPointer { states in
                if let grouped {
                    for part in grouped.parts {
                        states[part.group].add(grouped, part.range, missing: part.missing, block: number)
                    }
                } else if call.function.countsRows {
                    for row in rows { states[Int(numbers[row])].count += 1 }
                } else {
                    let telling = call.function.telling(rows, inputs, groups: numbers, groupCount: table.count)
                    for row in telling {
                        states[Int(numbers[row])].add(inputs, row, source: source, block: number)
                    }
                }
            }
        }
    }

    private func count(_ block: ResultBlock, _ keys: [ResultColumn?]) {
        if let found = table.counts(of: block, keys) {
            growCounts()
            for (group, rows) in found { counts[group] += rows }
        } else {
            // Not to be copied when it grows.
            var counts = counts
            self.counts = []
            table.forEachRow(of: block, keys) { _, group in
                while group >= counts.count { counts.append(0) }
                counts[group] += 1
            }
            self.counts = counts
            // Without keys there is a group also where a pipe before hands on a block without rows.
            growCounts()
        }
    }

    /// Adds rows that stand for many each, where only numbers of rows are asked for.
    func add(_ block: ResultBlock, counts rows: [Int]) {
        var numbers = [Int](repeating: 0, count: block.rows.count)
        table.forEachRow(of: block, keys(of: block)) { row, group in numbers[row] = group }
        growCounts()
        for row in block.rows { counts[numbers[row]] += rows[row] }
    }

    /// Adds rows of which nothing but their number is known, where nothing else is asked for.
    func add(count: Int) {
        table.forEachRow(of: ResultBlock(fields: [], rows: [0]), []) { _, _ in }
        growCounts()
        counts[0] += count
    }

    /// Adds rows of a later block that were added up apart.
    func add(_ part: PartialStats.Groups) {
        let numbers = table.enter(part.keys)
        if recipe.countsOnly {
            growCounts()
            for (row, group) in numbers.enumerated() { counts[Int(group)] += part.counts[row] }
            return
        }
        for index in pipe.functions.indices {
            grow(index)
            accumulators[index].withUnsafeMutableBufferPointer { states in
                for (row, group) in numbers.enumerated() {
                    states[Int(group)].add(part.parts[index][row])
                    if !part.quantiles[index].isEmpty { states[Int(group)].add(part.quantiles[index][row]) }
                }
            }
        }
    }

    /// What was added, where ``PartialStats/joins(_:)`` says that this can be handed on.
    var part: PartialStats.Groups {
        PartialStats.Groups(
            keys: table.encodedKeys(), counts: counts, parts: accumulators.map { $0.map(\.part) },
            quantiles: accumulators.map { $0.compactMap(\.quantiles) })
    }

    private func keys(of block: ResultBlock) -> [ResultColumn?] {
        pipe.by.map { key in
            block.column(key.field).map { key.bucket?.apply(to: $0, rows: block.rows) ?? $0 }
        }
    }

    private func growCounts() {
        if counts.count < table.count { counts += repeatElement(0, count: table.count - counts.count) }
    }

    /// Sees to it that each group has an accumulator of a function.
    private func grow(_ index: Int) {
        let function = pipe.functions[index].function
        while accumulators[index].count < table.count { accumulators[index].append(StatsAccumulator(function)) }
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
