internal import StoreFormat

/// Events in memory that are not in a segment yet, in the order of the journal.
///
/// Small batches are merged with their neighbours of similar size, so that a thousand batches of one event become few
/// blocks: each event is copied O(log n) times at most.
struct Head: Sendable {
    private(set) var blocks: [BatchBlock] = []
    private(set) var byteCount = 0
    private(set) var rowCount = 0
    /// When the first event came, on the monotonic clock; nil while empty.
    private(set) var openedAt: UInt64?

    /// Rows up to which blocks are merged: small batches become few blocks, those of a busy agent are left alone.
    static let mergedRows = 1_500
    /// Bytes up to which blocks are merged, so that copying huge events keeps nobody waiting for the lock.
    static let mergedBytes = 8 << 20

    var isEmpty: Bool { blocks.isEmpty }

    /// The journal positions of the events; nil while empty.
    var positions: ClosedRange<UInt64>? {
        guard let first = blocks.first, let last = blocks.last else { return nil }
        return RowID.position(of: first.idBounds.lowerBound)...RowID.position(of: last.idBounds.upperBound)
    }

    mutating func append(_ block: BatchBlock, now: UInt64) {
        if openedAt == nil { openedAt = now }
        blocks.append(block)
        rowCount += block.rowCount
        byteCount += block.byteCount
        while blocks.count >= 2 {
            let newer = blocks[blocks.count - 1]
            let older = blocks[blocks.count - 2]
            guard newer.rowCount * 2 > older.rowCount, newer.rowCount + older.rowCount <= Head.mergedRows,
                newer.byteCount + older.byteCount <= Head.mergedBytes
            else { break }
            byteCount -= newer.byteCount + older.byteCount
            let merged = older.merged(with: newer)
            byteCount += merged.byteCount
            blocks.removeLast(2)
            blocks.append(merged)
        }
    }
}
