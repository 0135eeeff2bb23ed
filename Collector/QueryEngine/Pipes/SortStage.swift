internal import ByteCoding
internal import LogModel
internal import QueryLanguage

/// Sorts rows by any fields. All rows are held, in bounded memory, unless there is a limit.
final class SortStage: RowStage {
    private struct Row {
        var keys: [SortValue]
        /// Index into `blocks`.
        var block: Int
        var row: Int
    }

    private let pipe: SortPipe
    private let next: any RowStage
    private let memoryLimit: Int
    private var blocks: [ResultBlock] = []
    private var rows: [Row] = []
    private var bytes = 0
    private let wanted: Int

    init(_ pipe: SortPipe, _ next: any RowStage, _ options: ExecutionOptions) {
        self.pipe = pipe
        self.next = next
        memoryLimit = options.memoryLimit
        wanted =
            pipe.limit.map { Int(clamping: $0).addingReportingOverflow(Int(clamping: pipe.offset ?? 0)) }
            .map { $0.overflow ? .max : $0.partialValue } ?? .max
    }

    func process(_ block: ResultBlock) throws(ExecutionError) -> Bool {
        let compact = block.compacted()
        let columns = pipe.keys.map { compact.column($0.field) }
        for row in compact.rows {
            let keys = columns.map { SortValue($0, row) }
            rows.append(Row(keys: keys, block: blocks.count, row: row))
        }
        blocks.append(compact)
        bytes += compact.memoryBytes + compact.rows.count * 64
        if wanted != .max, rows.count > wanted.addingReportingOverflow(wanted + 4_096).partialValue { trim() }
        if bytes > memoryLimit {
            trim()
            if bytes > memoryLimit {
                throw ExecutionError(
                    code: .memory,
                    message: "sorting needs more than \(memoryLimit >> 20) MiB; add a limit or narrow the filter")
            }
        }
        return true
    }

    func finish() throws(ExecutionError) {
        rows.sort(by: precedes)
        var rest = rows.dropFirst(Int(clamping: pipe.offset ?? 0)).prefix(Int(clamping: pipe.limit ?? .max))
        while !rest.isEmpty {
            if try !next.process(gathered(rest.prefix(4_096))) { break }
            rest = rest.dropFirst(4_096)
        }
        rows = []
        blocks = []
        try next.finish()
    }

    /// Forgets rows that cannot be among the first any more.
    private func trim() {
        guard wanted < rows.count else { return }
        rows.sort(by: precedes)
        rows.removeLast(rows.count - wanted)
        // Copies of just these rows, so that the blocks they came from can go.
        let kept = gathered(rows[...])
        blocks = [kept]
        for index in rows.indices {
            rows[index].block = 0
            rows[index].row = index
        }
        bytes = kept.memoryBytes + rows.count * 64
    }

    private func gathered(_ chosen: ArraySlice<Row>) -> ResultBlock {
        // Only the blocks that have one of the rows, so that others do not add columns without values.
        var used: [Int: Int] = [:]
        var sources: [ResultBlock] = []
        let picks = chosen.map { row in
            if used[row.block] == nil {
                used[row.block] = sources.count
                sources.append(blocks[row.block])
            }
            return (block: used[row.block] ?? 0, row: row.row)
        }
        return .gathering(picks, from: sources)
    }

    private func precedes(_ left: Row, _ right: Row) -> Bool {
        for (index, key) in pipe.keys.enumerated() where left.keys[index] != right.keys[index] {
            return key.isDescending ? right.keys[index] < left.keys[index] : left.keys[index] < right.keys[index]
        }
        return false
    }
}
