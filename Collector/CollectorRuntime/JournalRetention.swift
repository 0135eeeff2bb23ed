import Diagnostics
import Journal
import Synchronization
import SystemIO

/// Moves the indexer's cursor when segments hold more, and removes journal files that nobody needs any more.
final class JournalRetention: Sendable {
    private let directory: JournalDirectory
    private let cursor: JournalCursor
    private let windowNanos: UInt64
    private let log: DiagnosticLog
    /// Up to where segments held everything, and when that was: what the replay window has not passed yet.
    private let history = Mutex<[(nanos: UInt64, position: JournalPosition)]>([])

    init(_ directory: JournalDirectory, cursor: JournalCursor, window: Duration, log: DiagnosticLog) {
        self.directory = directory
        self.cursor = cursor
        let (seconds, attoseconds) = window.components
        windowNanos = UInt64(clamping: seconds) &* 1_000_000_000 &+ UInt64(clamping: attoseconds / 1_000_000_000)
        self.log = log
    }

    /// Segments hold everything up to `position`. Blocks for the disk.
    func flushed(upTo position: JournalPosition) {
        guard position > 0 else { return }
        do throws(JournalError) {
            if position + 1 > cursor.position { try cursor.store(position + 1) }
            let now = SystemClock.monotonicNanos()
            let passed = history.withLock { history -> JournalPosition in
                history.append((now, position + 1))
                let kept = history.firstIndex { now - $0.nanos < windowNanos } ?? history.count
                defer { history.removeFirst(max(0, kept - 1)) }
                return kept == 0 ? 0 : history[kept - 1].position
            }
            let slowest = directory.slowestCursor ?? 0
            let removed = try directory.removeFiles(before: min(passed, slowest))
            if removed > 0 { log.debug("journal files were removed", ("bytes", removed)) }
        } catch {
            log.warn("the journal could not be trimmed, trying again after the next segment", ("error", error))
        }
    }
}
