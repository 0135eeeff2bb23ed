import QueryEngine
import Synchronization

/// Blocks that queries could not read: each is reported once, however many queries meet it.
final class UnreadableBlocks: Sendable {
    /// Blocks that are remembered; beyond, one may be reported again.
    private static let kept = 10_000

    private let known = Mutex<Set<UInt64>>([])
    private let statistics: HTTPStatistics
    private let report: @Sendable (UnreadableBlock) -> Void

    init(_ statistics: HTTPStatistics, report: @escaping @Sendable (UnreadableBlock) -> Void) {
        self.statistics = statistics
        self.report = report
    }

    /// Counts and reports those that are new.
    func met(_ blocks: [UnreadableBlock]) {
        for block in blocks {
            let isNew = known.withLock { known in
                if known.count >= Self.kept { known.removeAll() }
                return known.insert(block.ids.lowerBound).inserted
            }
            guard isNew else { continue }
            statistics.foundUnreadable(rows: block.rowCount)
            report(block)
        }
    }
}
