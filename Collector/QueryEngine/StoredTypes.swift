internal import LogModel
internal import QueryLanguage
internal import StoreFormat

extension BlockColumns {
    /// How the block keeps a name; nil when it is in no row. Values of labels, and what else follows from the stream, are
    /// told apart from fields of the events' own.
    func storage(of name: String) throws -> ColumnStorage? {
        if isOfStreams(name) { return ColumnStorage(.stream, bytes: 0) }
        if let own = try ownStorage(of: name) { return own }
        return try hasLabel(name) ? ColumnStorage(.stream, bytes: 0) : nil
    }

    /// The rows among `candidates` that have a value of a name, kept in this way.
    func rows(of name: String, storedAs type: ValueType, among candidates: RowBitmap) throws -> RowBitmap {
        let column = try column(name, candidates)
        var rows = CompiledFilter.rows(of: column, among: candidates, ValueMatcher(.any))
        if isOfStreams(name) { return type == .stream ? rows : RowBitmap(rowCount: rowCount, filled: false) }
        let own = try ownStorage(of: name)
        // A field of an event hides a label of its name.
        let values = own == nil || name == FieldName.time ? nil : try ownValues(of: name, rows)
        let isOwnWanted = own?.form.rawValue == type.rawValue
        rows.filter { row in
            let isOwn = own != nil && !(values?.range(at: row).isAbsent ?? false)
            return isOwn ? isOwnWanted : type == .stream
        }
        return rows
    }

    private func isOfStreams(_ name: String) -> Bool { name == FieldName.stream || name == FieldName.streamID }
}

/// `block_stats`: how each block keeps the fields of its matching rows.
final class BlockStatsStage: RowStage {
    private let next: any RowStage

    init(_ next: any RowStage) {
        self.next = next
    }

    /// Takes the matching rows of a block; false when no more are wanted.
    ///
    /// - Throws: ``ExecutionError``, or when the block cannot be read.
    func add(_ columns: BlockColumns, _ rows: RowBitmap, _ names: [String]) throws -> Bool {
        var table: [[[UInt8]]] = []
        for name in names {
            guard let storage = try columns.storage(of: name) else { continue }
            table.append(
                [name, storage.form.rawValue, "\(rows.count)", "\(storage.bytes)", "\(columns.rowCount)"].map {
                    Array($0.utf8)
                })
        }
        return try next.process(.table(BlockStatsPipe.Column.allCases.map(\.rawValue), table))
    }

    /// Blocks come by another way: these are rows of none.
    func process(_ block: ResultBlock) -> Bool { true }

    func finish() throws(ExecutionError) { try next.finish() }
}
