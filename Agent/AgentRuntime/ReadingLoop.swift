import AgentDelivery
import AgentInputs
import AgentPipeline
import Diagnostics
import SystemIO
import Workers

/// What the reading thread tells the others.
struct ReadingState: Sendable {
    var mustStop = false
    /// Everything is read (when files are only read once), or reading has stopped, and is in the spool as far as it took it.
    var hasEnded = false
    var failure: String?
    var wakeDescriptor: Int32 = -1
}

/// What the reading thread does: round after round over the files, until it is told to stop.
struct ReadingLoop {
    let settings: AgentSettings
    let options: FollowOptions
    let inputs: [FileInput]
    let state: StateDirectory
    let shipper: Shipper
    let log: DiagnosticLog
    let metrics: AgentMetrics
    let monitor: Monitor<ReadingState>
    let ownFiles: [FileFollower.FileID]

    func run() {
        let stage = IngestStage(settings, state, shipper, log, metrics)
        let follower = FileFollower(
            inputs: inputs, nextID: state.registry.content.nextSource, ownDirectories: [state.path],
            ownFiles: ownFiles, options: options)
        var watcher = ChangeWatcher()
        let descriptor = watcher.wakeDescriptor
        monitor.withLock { $0.wakeDescriptor = descriptor }
        defer {
            monitor.withLock { state in
                state.wakeDescriptor = -1
                state.failure = stage.failure
                state.hasEnded = true
            }
            monitor.broadcast()
        }
        stage.tick(monotonic: SystemClock.monotonicNanos(), wall: SystemClock.wallNanos())
        follower.resume(state.sources.filter(\.isFile), at: SystemClock.monotonicNanos(), stage)
        var isFirst = true
        var planVersion = 0
        var lastRead: UInt64? = SystemClock.monotonicNanos()
        while !monitor.withLock({ $0.mustStop }), stage.failure == nil {
            let now = SystemClock.monotonicNanos()
            stage.tick(monotonic: now, wall: SystemClock.wallNanos())
            let round = follower.poll(at: now, stage)
            metrics.show(round)
            if isFirst, round.files == 0 {
                log.warn("no file matches yet", ("include", settings.files.flatMap(\.include).joined(separator: " ")))
            }
            isFirst = false
            if round.bytes > 0 { lastRead = now }
            if let last = lastRead, now &- last >= Limits.idleDelay {
                lastRead = nil
                MemoryAllocator.giveAllBack()
            }
            let isIdle = round.bytes == 0 && !round.hasMore && !round.isPaused
            stage.flush(all: options.readsOnce && isIdle)
            if options.readsOnce, isIdle, stage.isFlushed { return }
            if planVersion != follower.planVersion, !options.readsOnce {
                planVersion = follower.planVersion
                let result = watcher.watch(follower.plan)
                stage.watches(result)
                follower.watches(result)
            }
            let hasMore = round.hasMore && !round.isPaused
            follower.note(hasMore ? watcher.wait(milliseconds: 0) : wait(&watcher, until: stage.flushDue, from: now))
        }
        stage.tick(monotonic: SystemClock.monotonicNanos() &+ Limits.spoolRetry, wall: SystemClock.wallNanos())
        stage.flush(all: true)
        stage.reportUnmatchedRules()
    }

    /// Waits for a change, not too long and not too short.
    private func wait(_ watcher: inout ChangeWatcher, until due: UInt64?, from start: UInt64) -> FileChanges {
        var limit = Limits.pollInterval
        if let due { limit = min(limit, due > start ? due - start : 0) }
        let changes = watcher.wait(milliseconds: Int(limit / 1_000_000) + 1)
        let spent = SystemClock.monotonicNanos() &- start
        if spent < Limits.shortestWait, !monitor.withLock({ $0.mustStop }) {
            let rest = SystemClock.monotonicNanos() &+ (Limits.shortestWait - spent)
            _ = monitor.wait(until: rest) { $0.mustStop ? true : nil }
        }
        return changes
    }
}
