/// One budget for what reading, parsing and batching keep in memory, divided among them.
///
/// A batch costs its bytes some sixteen times over: while it is gathered, divided by priority, encoded, compressed and
/// sent. With batches of 1 MiB an agent that is as fast as it can has 30 MiB at the peak, with 2 MiB 45.
package struct MemoryBudget: Sendable, Equatable {
    /// All of it.
    package var bytes = 64 << 20

    /// The usual budget.
    package init() {}

    /// The bytes of a batch at most, as configured.
    package var batchBytes: Int { bytes / 32 }

    /// What batches grow to at most while the collector is behind.
    var grownBatchBytes: Int { min(1 << 20, bytes / 64) }

    /// What is read of a file at once.
    var chunkBytes: Int { min(256 << 10, bytes / 256) }

    /// What each of so many sources that are no files may have brought before it has to wait.
    func inboxBytes(of sources: Int) -> Int { max(64 << 10, min(1 << 20, bytes / 16 / max(1, sources))) }
}
