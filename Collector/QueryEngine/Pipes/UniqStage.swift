internal import QueryLanguage

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
        let count = Int(clamping: pipe.limit ?? .max)
        _ = try next.process(try counter.first(count, fields: pipe.fields, hitsField: pipe.hitsField))
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
        let count = Int(clamping: pipe.count)
        var block = try counter.mostFrequent(count, fields: pipe.fields, hitsField: pipe.hitsField)
        if let rankField = pipe.rankField {
            let ranks = block.rows.indices.map { [Array("\($0 + 1)".utf8)] }
            block.fields += ResultBlock.table([rankField], ranks).fields
        }
        _ = try next.process(block)
        try next.finish()
    }
}
