import Diagnostics
import Journal

/// Moves the indexer's cursor when segments hold more, and removes journal files that nobody needs any more.
final class JournalRetention: Sendable {
    private let directory: JournalDirectory
    private let cursor: JournalCursor
    private let window: ReplayWindow
    private let log: DiagnosticLog

    init(_ directory: JournalDirectory, cursor: JournalCursor, window: ReplayWindow, log: DiagnosticLog) {
        self.directory = directory
        self.cursor = cursor
        self.window = window
        self.log = log
    }

    /// Segments hold everything up to `position`. Blocks for the disk.
    func flushed(upTo position: JournalPosition) {
        guard position > 0 else { return }
        do throws(JournalError) {
            if position + 1 > cursor.position { try cursor.store(position + 1) }
            let removed = try directory.removeFiles(before: directory.slowestCursor ?? 0, keeping: window)
            if removed > 0 { log.debug("journal files were removed", ("bytes", removed)) }
        } catch {
            log.warn("the journal could not be trimmed, trying again after the next segment", ("error", error))
        }
    }
}
