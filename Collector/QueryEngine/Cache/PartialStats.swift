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
        var keys: GroupTable.Keys
        /// Rows of each group, where nothing else is asked for; none otherwise.
        var counts: [Int]
        /// For each function, what it has seen of each group.
        var parts: [[Part]]
        /// For each function, the values of each group; none where no quantile is wanted.
        var quantiles: [[QuantileValues]]
    }

    /// A partial that takes more is not kept: with so many groups, adding it up costs what counting does.
    static let maxBytes = 64 << 10

    /// Rows that were added up.
    var rows: Int
    /// Nil when nothing but the number of rows matters, and when there are none.
    var groups: Groups?

    var memoryBytes: Int {
        guard let groups else { return 0 }
        let texts = groups.parts.joined().reduce(0) { $0 + ($1.bytes?.count ?? 0) * 2 }
        let values = groups.quantiles.joined().reduce(texts) { $0 + $1.memoryBytes + 64 }
        return groups.parts.reduce(values + groups.keys.memoryBytes + groups.counts.count * 8) {
            $0 + $1.count * MemoryLayout<Part>.stride
        }
    }

    /// Whether what a pipe computes can be added up block by block, and is then the same.
    static func joins(_ pipe: StatsPipe) -> Bool {
        pipe.functions.allSatisfy { call in
            switch call.function.kind {
            case .median, .quantile: true
            default: isSmall(call.function)
            }
        }
    }

    /// Whether this takes little memory, and has the same outcome at another time: neither lists of values nor tests that may
    /// depend on the present time.
    static func adds(_ pipe: StatsPipe) -> Bool {
        pipe.functions.allSatisfy { $0.condition == nil && isSmall($0.function) }
    }

    private static func isSmall(_ function: StatsFunction) -> Bool {
        switch function.kind {
        case .count, .countEmpty, .sum, .avg, .min, .max, .rate, .rateSum, .sumLength: true
        default: false
        }
    }

    /// Adds up a block apart from all others; nil when it may have so many groups that this is no gain.
    init?(_ block: ResultBlock, _ recipe: StatsRecipe) {
        let mayHaveFewGroups = recipe.pipe.by.allSatisfy { key in
            switch block.column(key.field) {
            case nil: true
            case .values(let data)?: data.indexes != nil
            case .times?: key.bucket != nil
            case .numbers?: false
            }
        }
        guard mayHaveFewGroups else { return nil }
        let groups = StatsGroups(recipe)
        groups.add(block)
        rows = block.rows.count
        self.groups = groups.part
    }

    /// So many rows.
    init(rows: Int) {
        self.rows = rows
    }
}
