internal import QueryLanguage
internal import StoreFormat

/// One pipe at work: gets blocks of rows and hands its own on to the next stage. One thread.
protocol RowStage: AnyObject {
    /// Takes rows; false when no more are wanted.
    func process(_ block: ResultBlock) throws(ExecutionError) -> Bool
    /// Says that no more rows come: what was held back goes on now.
    func finish() throws(ExecutionError)
}

/// A stage that, right behind the filter, reads of a block what it needs itself: less than the columns of all rows.
protocol ColumnStage: RowStage {
    /// Reads what is needed of some rows of a block.
    ///
    /// - Returns: what adds it to what the stage has; nothing is added before.
    /// - Throws: when the block cannot be read.
    func read(_ columns: BlockColumns, _ rows: RowBitmap) throws -> () throws(ExecutionError) -> Void
}

/// The end of the pipes: hands rows to the caller.
final class EmitStage: RowStage {
    /// Rows that are handed over at once, so that who takes them can stop in between.
    private static let pieceRows = 4_096
    private let emit: (ResultBlock) -> Bool
    private let options: ExecutionOptions

    init(_ emit: @escaping (ResultBlock) -> Bool, _ options: ExecutionOptions) {
        self.emit = emit
        self.options = options
    }

    func process(_ block: ResultBlock) throws(ExecutionError) -> Bool {
        var start = 0
        while start < block.rows.count {
            try options.checkCancelled()
            let end = min(start + Self.pieceRows, block.rows.count)
            var piece = block
            if end - start < block.rows.count { piece.rows = Array(block.rows[start..<end]) }
            if !emit(piece) { return false }
            start = end
        }
        return true
    }
    func finish() {}
}

/// The stage that does what a pipe says.
func makeStage(_ pipe: Pipe, next: any RowStage, _ scope: QueryScope) -> any RowStage {
    let options = scope.options
    switch pipe {
    case .fields(let pipe): return ColumnsStage(next) { block in block.keeping(pipe.fields) }
    case .delete(let pipe): return ColumnsStage(next) { block in block.dropping(pipe.fields) }
    case .rename(let pipe): return ColumnsStage(next) { block in block.mapping(pipe.mappings, keepsSource: false) }
    case .copy(let pipe): return ColumnsStage(next) { block in block.mapping(pipe.mappings, keepsSource: true) }
    case .filter(let pipe): return FilterStage(pipe, next, options)
    case .limit(let pipe): return LimitStage(Int(clamping: pipe.count), next)
    case .offset(let pipe): return OffsetStage(Int(clamping: pipe.count), next)
    case .sort(let pipe): return SortStage(pipe, next, options)
    case .stats(let pipe): return StatsStage(pipe, next, scope)
    case .patterns(let pipe): return PatternsStage(pipe, next, scope)
    case .uniq(let pipe): return UniqStage(pipe, next, options)
    case .top(let pipe): return TopStage(pipe, next, options)
    case .update(let pipe): return ColumnsStage(next, pipe.change(options))
    case .measure(let pipe): return ColumnsStage(next) { block in block.measuring(pipe) }
    case .extract(let pipe): return ColumnsStage(next, pipe.change(options))
    case .format(let pipe): return ColumnsStage(next, pipe.change(options))
    case .math(let pipe): return ColumnsStage(next) { block in block.computing(pipe, now: options.now) }
    case .pack(let pipe): return ColumnsStage(next) { block in block.packing(pipe) }
    case .unpackWords(let pipe): return ColumnsStage(next) { block in block.unpackingWords(pipe) }
    case .unpack(let pipe): return UnpackStage(pipe, next, options)
    case .unroll(let pipe): return UnrollStage(pipe, next, scope)
    case .dropEmptyFields: return DropEmptyFieldsStage(next)
    case .sample(let pipe): return SampleStage(pipe, next)
    case .blockStats: return BlockStatsStage(next)
    case .blocksCount(let pipe): return BlocksCountStage(pipe, next)
    case .fieldNames(let pipe): return FieldNamesStage(pipe, next, options)
    case .fieldValues(let pipe):
        return UniqStage(UniqPipe(by: [pipe.field], hitsField: "hits", limit: pipe.limit), next, options)
    case .facets(let pipe): return FacetsStage(pipe, next, options)
    case .join(let pipe): return JoinStage(pipe, next, scope)
    case .union(let pipe): return UnionStage(pipe, next, scope)
    case .streamContext(let pipe): return StreamContextStage(pipe, next, scope)
    }
}
