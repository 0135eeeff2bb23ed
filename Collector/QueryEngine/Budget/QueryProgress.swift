internal import Synchronization

/// How far a query is. Written by the thread that runs it, read by whoever wants to know.
package final class QueryProgress: Sendable {
    private let all = Atomic<Int>(0)
    private let done = Atomic<Int>(0)
    private let rowCount = Atomic<Int>(0)
    private let byteCount = Atomic<Int>(0)

    /// Nothing read yet.
    package init() {}

    /// Blocks that are to be looked at, those of queries inside it among them.
    package var blocks: Int { all.load(ordering: .relaxed) }
    /// Blocks that have been looked at.
    package var blocksDone: Int { done.load(ordering: .relaxed) }
    /// Rows of these.
    package var rows: Int { rowCount.load(ordering: .relaxed) }
    /// Bytes of these, as they are stored.
    package var bytes: Int { byteCount.load(ordering: .relaxed) }

    func planned(_ blocks: Int) { all.add(blocks, ordering: .relaxed) }

    func read(rows: Int, bytes: Int) {
        done.add(1, ordering: .relaxed)
        rowCount.add(rows, ordering: .relaxed)
        byteCount.add(bytes, ordering: .relaxed)
    }
}
