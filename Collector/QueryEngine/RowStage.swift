internal import QueryLanguage

/// One pipe at work: gets blocks of rows and hands its own on to the next stage. One thread.
protocol RowStage: AnyObject {
    /// Takes rows; false when no more are wanted.
    func process(_ block: ResultBlock) throws(ExecutionError) -> Bool
    /// Says that no more rows come: what was held back goes on now.
    func finish() throws(ExecutionError)
}

/// The end of the pipes: hands rows to the caller.
final class EmitStage: RowStage {
    private let emit: (ResultBlock) -> Bool

    init(_ emit: @escaping (ResultBlock) -> Bool) {
        self.emit = emit
    }

    func process(_ block: ResultBlock) -> Bool { block.rows.isEmpty || emit(block) }
    func finish() {}
}

/// The stage that does what a pipe says.
func makeStage(_ pipe: Pipe, next: any RowStage, _ options: ExecutionOptions) -> any RowStage {
    switch pipe {
    case .fields(let pipe): ColumnsStage(next) { block in block.keeping(pipe.fields) }
    case .delete(let pipe): ColumnsStage(next) { block in block.dropping(pipe.fields) }
    case .rename(let pipe): ColumnsStage(next) { block in block.mapping(pipe.mappings, keepsSource: false) }
    case .copy(let pipe): ColumnsStage(next) { block in block.mapping(pipe.mappings, keepsSource: true) }
    case .filter(let pipe): FilterStage(pipe, next, options)
    case .limit(let pipe): LimitStage(Int(clamping: pipe.count), next)
    case .offset(let pipe): OffsetStage(Int(clamping: pipe.count), next)
    case .sort(let pipe): SortStage(pipe, next, options)
    case .stats(let pipe): StatsStage(pipe, next, options)
    case .uniq(let pipe): UniqStage(pipe, next, options)
    case .top(let pipe): TopStage(pipe, next, options)
    }
}
