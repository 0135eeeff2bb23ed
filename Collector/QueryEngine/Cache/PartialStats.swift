internal import LogModel
internal import QueryLanguage
internal import StoreFormat

/// What functions of `stats` have seen of the rows of one block, to be added to what they see of others.
struct PartialStats: Sendable {
    /// What one function has seen of one group.
    struct Part: Sendable {
        var count: Int
        var sum: Double
        var extreme: SortValue?
        /// The text of the extreme value.
        var bytes: [UInt8]?
    }

    /// Groups by their keys, in the order in which they came.
    struct Groups: Sendable {
        /// A column for each key; its rows are the groups.
        var keys: [ColumnData]
        /// For each function, what it has seen of each group.
        var parts: [[Part]]
    }

    /// A partial that takes more is not kept: with so many groups, adding it up costs what counting does.
    static let maxBytes = 64 << 10

    /// Rows that were added up.
    var rows: Int
    /// Nil when nothing but the number of rows matters, and when there are none.
    var groups: Groups?

    var memoryBytes: Int {
        guard let groups else { return 0 }
        let values = groups.parts.joined().reduce(0) { $0 + ($1.bytes?.count ?? 0) * 2 }
        return groups.keys.reduce(values) { $0 + $1.memoryBytes }
            + groups.parts.reduce(0) { $0 + $1.count * MemoryLayout<Part>.stride }
    }

    /// Whether what a pipe computes can be added up block by block in little memory: neither lists of values nor tests
    /// that may depend on the present time.
    static func adds(_ pipe: StatsPipe) -> Bool {
        pipe.functions.allSatisfy { call in
            guard call.condition == nil else { return false }
            switch call.function.kind {
            case .count, .countEmpty, .sum, .avg, .min, .max, .rate, .rateSum, .sumLength: return true
            default: return false
            }
        }
    }
}

extension PartialStats {
    /// Whether results depend on the order of adding up, in their last digits.
    static func dependsOnOrder(_ pipe: StatsPipe) -> Bool {
        pipe.functions.contains { [.sum, .avg, .rateSum].contains($0.function.kind) }
    }
}

extension StatsStage {
    /// What the stage would see of a block, apart from all others; nil when it has so many groups that this is no gain.
    func partial(of block: ResultBlock) throws(ExecutionError) -> PartialStats? {
        let mayHaveFewGroups = pipe.by.allSatisfy { key in
            switch block.column(key.field) {
            case nil: true
            case .values(let data)?: data.indexes != nil
            case .times?: key.bucket != nil
            case .numbers?: false
            }
        }
        guard makesPartials, mayHaveFewGroups else { return nil }
        let part = StatsStage(partOf: self)
        _ = try part.process(block)
        let boxes = pipe.by.map { _ in ColumnGathererBox(capacity: part.groups.count) }
        for group in 0..<part.groups.count {
            for (box, value) in zip(boxes, part.groups.values(of: group)) { box.append(value) }
        }
        let groups = PartialStats.Groups(
            keys: boxes.map { $0.finish() }, parts: part.accumulators.map { $0.map(\.part) })
        return PartialStats(rows: block.rows.count, groups: groups)
    }

    /// Takes rows that were added up before.
    func add(_ partial: PartialStats) throws(ExecutionError) {
        guard let known = partial.groups else {
            if partial.rows > 0 { try add(count: partial.rows) }
            return
        }
        let count = known.parts.first?.count ?? 0
        let none = ResultBlock(fields: [], rows: Array(0..<count))
        var numbers = [Int](repeating: 0, count: count)
        groups.forEachRow(of: none, known.keys.map { .values($0) }) { row, group in numbers[row] = group }
        for (index, call) in pipe.functions.enumerated() {
            grow(index, call)
            for row in 0..<count { accumulators[index][numbers[row]].add(known.parts[index][row]) }
        }
        let values = partial.memoryBytes
        try checkMemory(groups.memoryBytes + groups.count * pipe.functions.count * StatsAccumulator.ownBytes + values)
    }
}
