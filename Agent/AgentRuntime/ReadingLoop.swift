import AgentDelivery
import AgentInputs
import AgentOperation
import AgentPipeline
import AgentStreams
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
    /// When the last round began, monotonic nanoseconds: a thread that hangs does not begin any.
    var lastRound: UInt64 = 0
    /// Settings to go on by, once what was read by those before is in the spool.
    var next: AgentSettings?
    /// How often figures were asked for, and given.
    var asked: UInt64 = 0
    var given: UInt64 = 0
    var figures = ReadingFigures()
}

/// What the reading thread knows of its sources and rules.
struct ReadingFigures: Sendable {
    var sources: [SourceFigures] = []
    var drops: [SourceFigures.Drop] = []
    var unstarted: [String] = []
    var rules: [RuleCount] = []
    var checks: [AgentStatus.Check] = []
}

/// What the reading thread does: round after round over the files, until it is told to stop.
struct ReadingLoop {
    let settings: AgentSettings
    let options: FollowOptions
    let state: StateDirectory
    let shipper: Shipper
    let log: DiagnosticLog
    let metrics: AgentMetrics
    let monitor: Monitor<ReadingState>
    let ownFiles: [FileFollower.FileID]

    func run() {
        let inputs = settings.inputs
        var share = settings.processorShare.map { CPUShare(share: $0) }
        let stage = IngestStage(settings, state, shipper, log, metrics)
        var streams = StreamReading(
            settings, known: state.sources.filter { !$0.isFile }, nextSource: state.registry.content.nextSource, state,
            readsOnce: options.readsOnce, log, metrics)
        var current = settings
        let follower = FileFollower(
            inputs: inputs, nextID: streams.nextSource, ownDirectories: [state.path],
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
        // Nobody may wake a watcher that is gone.
        defer { streams.finish(stage) }
        streams.start(waking: descriptor)
        stage.tick(monotonic: SystemClock.monotonicNanos(), wall: SystemClock.wallNanos())
        follower.resume(state.sources.filter(\.isFile), at: SystemClock.monotonicNanos(), stage)
        var isFirst = true
        var planVersion = 0
        var lastRead: UInt64? = SystemClock.monotonicNanos()
        while !monitor.withLock({ $0.mustStop }), stage.failure == nil {
            let now = SystemClock.monotonicNanos()
            stage.tick(monotonic: now, wall: SystemClock.wallNanos())
            if let settings = reconfigured(stage, at: now) {
                follower.replace(settings.inputs, at: now, stage)
                share = settings.processorShare.map { CPUShare(share: $0) }
                if settings.streamText != current.streamText {
                    end(streams, stage)
                    streams = StreamReading(
                        settings, known: streams.known, nextSource: follower.nextSource, state,
                        readsOnce: options.readsOnce, log, metrics)
                    follower.nextSource = streams.nextSource
                    streams.start(waking: descriptor)
                }
                current = settings
            }
            giveFigures(stage, follower, streams)
            let brought = streams.poll(at: now, stage)
            let round = follower.poll(at: now, stage)
            metrics.show(round)
            if isFirst, round.files == 0, !settings.files.isEmpty {
                log.warn("no file matches yet", ("include", settings.files.flatMap(\.include).joined(separator: " ")))
            }
            isFirst = false
            if round.bytes + brought.bytes > 0 { lastRead = now }
            if let last = lastRead, now &- last >= Limits.idleDelay {
                lastRead = nil
                MemoryAllocator.giveAllBack()
            }
            let isIdle = round.bytes == 0 && !round.hasMore && !round.isPaused && brought.isFinished
            stage.flush(all: options.readsOnce && isIdle)
            if options.readsOnce, isIdle, stage.isFlushed { return }
            if let pause = share?.pause(wall: SystemClock.monotonicNanos(), processor: SystemClock.processorNanos()) {
                hold(for: pause)
            }
            if planVersion != follower.planVersion, !options.readsOnce {
                planVersion = follower.planVersion
                let result = watcher.watch(follower.plan)
                stage.watches(result)
                follower.watches(result)
            }
            let hasMore = (round.hasMore && !round.isPaused) || (brought.hasMore && !brought.isPaused)
            follower.note(hasMore ? watcher.wait(milliseconds: 0) : wait(&watcher, until: stage.flushDue, from: now))
        }
        readDeleted(follower, stage)
        end(streams, stage)
        stage.tick(monotonic: SystemClock.monotonicNanos() &+ Limits.spoolRetry, wall: SystemClock.wallNanos())
        stage.flush(all: true)
        // Files and the journal are read again, but for files that end with this process.
        if !options.readsOnce { follower.abandonDeleted(stage) }
        if !stage.isFlushed { stage.abandon(Set(streams.states.filter { $0.cursor.isEmpty }.map(\.id))) }
        stage.reportUnmatchedRules()
    }

    /// Takes what deleted files still have, for a while: they end with this process.
    private func readDeleted(_ follower: FileFollower, _ stage: IngestStage) {
        let end = SystemClock.monotonicNanos() &+ Limits.deletedGrace
        while !options.readsOnce, stage.failure == nil, SystemClock.monotonicNanos() < end {
            let now = SystemClock.monotonicNanos()
            stage.tick(monotonic: now, wall: SystemClock.wallNanos())
            let round = follower.pollDeleted(at: now, stage)
            if !round.hasMore || round.isPaused { return }
        }
    }

    /// Ends sources that are no files, and takes what they still bring, for a while.
    private func end(_ streams: StreamReading, _ stage: IngestStage) {
        streams.raiseStop()
        let end = SystemClock.monotonicNanos() &+ Limits.streamGrace
        while stage.failure == nil, SystemClock.monotonicNanos() < end {
            let now = SystemClock.monotonicNanos()
            stage.tick(monotonic: now, wall: SystemClock.wallNanos())
            let brought = streams.poll(at: now, stage)
            if brought.isFinished { break }
            if !brought.hasMore || brought.isPaused { pause(10_000_000) }
        }
        // A source may take a while to end: what the others have brought is safe by then.
        stage.flush(all: true)
        streams.finish(stage)
    }

    private func pause(_ nanoseconds: UInt64) {
        _ = monitor.wait(until: SystemClock.monotonicNanos() &+ nanoseconds) { _ in Optional<Bool>.none }
    }

    /// Takes over settings that were changed, when everything that was read by those before is in the spool. With a spool
    /// that takes nothing they wait: what was read would be forgotten.
    private func reconfigured(_ stage: IngestStage, at now: UInt64) -> AgentSettings? {
        let next = monitor.withLock { state in
            state.lastRound = now
            return state.next
        }
        guard let next else { return nil }
        stage.flush(all: true)
        guard stage.isFlushed else { return nil }
        stage.reconfigure(next)
        // Other settings may have come since: they have their turn in the next round.
        return monitor.withLock { state in
            guard let newest = state.next, newest.identity === next.identity else { return next }
            state.next = nil
            return next
        }
    }

    private func giveFigures(_ stage: IngestStage, _ follower: FileFollower, _ streams: StreamReading) {
        let asked = monitor.withLock { $0.asked > $0.given ? $0.asked : nil }
        guard let asked else { return }
        var acknowledged: [UInt64: Int] = [:]
        for source in state.registry.content.sources {
            acknowledged[source.id] = source.offset
            stage.figures.book.acknowledged(source.id, through: source.offset)
        }
        var sources: [SourceFigures] = []
        follower.forEachFile { file, size in
            sources.append(
                stage.figures.book.figures(
                    file.id, name: file.path, written: size, read: file.offset,
                    acknowledged: acknowledged[file.id] ?? 0))
        }
        // Nobody knows what their producers have written and not sent.
        for stream in streams.states {
            sources.append(
                stage.figures.book.figures(
                    stream.id, name: stream.path, written: stream.offset, read: stream.offset,
                    acknowledged: acknowledged[stream.id] ?? 0))
        }
        let figures = ReadingFigures(
            sources: sources, drops: stage.figures.book.allDrops, rules: stage.ruleCounts, checks: streams.checkStatuses
        )
        monitor.withLock { state in
            state.given = asked
            state.figures = figures
        }
        monitor.broadcast()
    }

    /// Pauses; a stop, new settings and questions end it.
    private func hold(for pause: UInt64) {
        if pause == 0 { return }
        let end = SystemClock.monotonicNanos() &+ pause
        _ = monitor.wait(until: end) { $0.mustStop || $0.next != nil || $0.asked > $0.given ? true : nil }
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
