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
        let order = (0..<counter.groups.count).sorted {
            counter.hits[$0] != counter.hits[$1] ? counter.hits[$0] > counter.hits[$1] : $0 < $1
        }
        let best = Array(order.prefix(Int(clamping: pipe.count)))
        _ = try next.process(counter.block(best, fields: pipe.fields, hitsField: pipe.hitsField))
        try next.finish()
    }
}
