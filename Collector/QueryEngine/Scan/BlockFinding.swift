internal import StoreFormat

/// What was found in a block. The thread that finds it hands it over whole, and does not look at it again.
///
/// Unchecked, because the columns of a block are for one thread at a time: it is handed over behind the lock of
/// ``LookAhead``.
struct BlockFinding: @unchecked Sendable {
    enum Content {
        /// Rows whose columns are read when they are taken.
        case rows(BlockColumns, RowBitmap)
        /// Nothing but how many rows pass, which may be none.
        case count
        /// The rows that pass, with the columns that are needed.
        case block(ResultBlock)
        case sums(PartialStats)
        case patterns(PatternGroups.Rows)
        /// So many rows could not be read.
        case unreadable(rows: Int, any Error)
        /// The query cannot go on.
        case failed(ExecutionError)
    }

    var content: Content
    /// Rows that pass.
    var hits = 0
    /// Whether an earlier query had looked, so that nothing was read; nil when none could have.
    var isKnown: Bool?
    /// What is held for the block while it is worked on.
    var claim: MemoryClaim?

    /// Takes rows out that are not wanted, where rows were found.
    mutating func keep(_ narrow: BlockLook.Narrowing) {
        guard case .rows(let columns, var rows) = content else { return }
        do {
            try narrow(columns, &rows)
            content = .rows(columns, rows)
            hits = rows.count
        } catch {
            content = .unreadable(rows: rows.count, error)
            hits = 0
        }
    }

    /// Bytes of memory of what waits to be taken, the claim not among them.
    var memoryBytes: Int {
        switch content {
        // Columns that the filter has looked at, and will be looked at again.
        case .rows(let columns, _): columns.memoryBytes
        case .block(let block): block.memoryBytes
        case .sums(let sums): sums.memoryBytes
        case .patterns(let rows): rows.memoryBytes
        case .count, .unreadable, .failed: 0
        }
    }
}
