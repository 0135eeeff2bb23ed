internal import QueryLanguage

/// `uniq` and `top`: distinct combinations of values and how often each came.
private final class HitCounter {
    let groups = GroupTable()
    private(set) var hits: [Int] = []
    private let memoryLimit: Int

    init(_ options: ExecutionOptions) {
        memoryLimit = options.memoryLimit
    }

    func add(_ block: ResultBlock, by fields: [String]) throws(ExecutionError) {
        let columns = fields.map { block.column($0) }
        func add(_ group: Int, _ rows: Int) {
            while hits.count <= group { hits.append(0) }
            hits[group] += rows
        }
        if let counts = groups.counts(of: block, columns) {
            for (group, rows) in counts { add(group, rows) }
        } else {
            groups.forEachRow(of: block, columns) { _, group in add(group, 1) }
        }
        if groups.memoryBytes > memoryLimit {
            throw ExecutionError(
                code: .memory,
                message: "\(groups.count) values need more than \(memoryLimit >> 20) MiB; narrow the filter")
        }
    }

    /// The groups that have the most hits, those with the most first, and among equals those that came first.
    func mostFrequent(_ count: Int) -> [Int] {
        // With few wanted of many, most are ruled out without sorting: by how many groups have at least so many hits.
        let steps = 1 << 12
        var groupsOfHits = [Int](repeating: 0, count: steps)
        for hits in hits { groupsOfHits[min(hits, steps - 1)] += 1 }
        var least = steps - 1
        var found = groupsOfHits[least]
        while least > 0, found < count {
            least -= 1
            found += groupsOfHits[least]
        }
        let order = hits.indices.filter { hits[$0] >= least }.sorted {
            hits[$0] != hits[$1] ? hits[$0] > hits[$1] : $0 < $1
        }
        return Array(order.prefix(count))
    }

    func block(_ order: [Int], fields: [String], hitsField: String?) -> ResultBlock {
        let columns = fields.map { _ in ColumnGathererBox(capacity: order.count) }
        let counts = ColumnGathererBox(capacity: order.count)
        for group in order {
            for (index, value) in groups.values(of: group).enumerated() { columns[index].append(value) }
            counts.append(Array("\(hits[group])".utf8))
        }
        var result = zip(fields, columns).map { ResultBlock.Field($0, .values($1.finish())) }
        if let hitsField { result.append(.init(hitsField, .values(counts.finish()))) }
        return ResultBlock(fields: result, rows: Array(0..<order.count)).withDistinctNames()
    }
}

/// `uniq by (...)`: each combination once.
final class UniqStage: RowStage {
    private let pipe: UniqPipe
    private let next: any RowStage
    private let counter: HitCounter

    init(_ pipe: UniqPipe, _ next: any RowStage, _ options: ExecutionOptions) {
        self.pipe = pipe
        self.next = next
        counter = HitCounter(options)
    }

    func process(_ block: ResultBlock) throws(ExecutionError) -> Bool {
        try counter.add(block, by: pipe.fields)
        return true
    }

    func finish() throws(ExecutionError) {
        let count = min(counter.groups.count, Int(clamping: pipe.limit ?? .max))
        _ = try next.process(counter.block(Array(0..<count), fields: pipe.fields, hitsField: pipe.hitsField))
        try next.finish()
    }
}

/// `top N by (...)`: the most frequent combinations.
final class TopStage: RowStage {
    private let pipe: TopPipe
    private let next: any RowStage
    private let counter: HitCounter

    init(_ pipe: TopPipe, _ next: any RowStage, _ options: ExecutionOptions) {
        self.pipe = pipe
        self.next = next
        counter = HitCounter(options)
    }

    func process(_ block: ResultBlock) throws(ExecutionError) -> Bool {
        try counter.add(block, by: pipe.fields)
        return true
    }

    func finish() throws(ExecutionError) {
        let best = counter.mostFrequent(Int(clamping: pipe.count))
        _ = try next.process(counter.block(best, fields: pipe.fields, hitsField: pipe.hitsField))
        try next.finish()
    }
}
