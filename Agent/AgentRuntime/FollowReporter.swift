import AgentInputs
import Diagnostics

/// Writes into the agent's log and counts what happens to the files. Belongs to the reading thread.
final class FollowReporter {
    private let log: DiagnosticLog
    private let metrics: AgentMetrics
    private var isExhaustedReported = false
    private var isSharedReported = false

    init(log: DiagnosticLog, metrics: AgentMetrics) {
        self.log = log
        self.metrics = metrics
    }

    /// Takes an event.
    func report(_ event: FollowEvent) {
        switch event {
        case .started(let path, let offset): log.info("following a file", ("path", path), ("offset", offset))
        case .rotated(let path):
            metrics.rotations.add()
            log.info("a file was rotated", ("path", path))
        case .truncated(let path, let copy):
            metrics.truncations.add()
            log.info("a file was truncated, its rest is read from the copy", ("path", path), ("copy", copy))
        case .truncatedWithoutCopy(let path):
            metrics.truncations.add()
            metrics.lostTails.add()
            log.warn("a file was truncated and no copy of it is found, unread lines of it are lost", ("path", path))
        case .gone(let path, let offset):
            metrics.lostTails.add()
            log.warn(
                "a file is gone, lines of it that were not read are lost", ("path", path), ("offset", offset))
        case .released(let path): log.debug("a rotated file is let go", ("path", path))
        case .failed(let path, let reason):
            metrics.readErrors.add()
            log.warn("a file cannot be read, trying again", ("path", path), ("reason", reason))
        case .tooManyFiles(let limit, let waiting):
            log.error(
                "there are more files than are followed at once: the rest is read when others end, or raise `reading.files`",
                ("limit", limit), ("waiting", waiting))
        case .skipped(let path, let offset):
            log.info("a file is read from its end on", ("path", path), ("offset", offset))
        case .binary(let path):
            log.warn(
                "a file begins with binary data, its lines are sent as they are: exclude it, or set `skip_binary` or `encoding`",
                ("path", path))
        case .leftOut(let path, let reason):
            log.warn("a path that a pattern matches is left out", ("path", path), ("reason", reason))
        case .holding(let bytes, let limit):
            log.warn(
                "deleted files that are not read yet keep disk space from being freed", ("bytes", bytes),
                ("limit", limit))
        case .abandoned(let path, let bytes):
            metrics.lostTails.add()
            metrics.abandonedBytes.add(bytes)
            log.error(
                "a deleted file was let go before it was read", ("path", path), ("bytes_lost", bytes)
            )
        }
    }

    /// Tells once of directories whose changes nobody tells.
    func report(_ result: WatchResult) {
        if result.isExhausted, !isExhaustedReported {
            isExhaustedReported = true
            log.warn(
                "the system gives no more inotify watches, the rest of the directories is looked at every second: raise fs.inotify.max_user_watches",
                ("directories", result.unwatched.count))
        } else if !result.unwatched.isEmpty, !result.isExhausted, !isSharedReported {
            isSharedReported = true
            log.info(
                "directories on file systems that tell of no changes are looked at every second",
                ("directories", result.unwatched.count))
        }
    }
}
