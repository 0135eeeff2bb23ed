import AgentDelivery
import AgentInputs
import AgentOperation
import AgentPipeline
import AgentStreams
import ChildPrograms
import Diagnostics
import SystemIO
import Workers

/// The sources that are no files, as the reading thread deals with them.
final class StreamReading {
    /// The number of the next source that is new.
    private(set) var nextSource: UInt64
    typealias Source = (source: any StreamSource, states: [SourceState])
    /// Starts the thread of a source: the seam at which tests let that fail.
    typealias Starter = (any StreamSource, Int, DiagnosticLog, @escaping @Sendable () -> Void) throws -> RunningSource

    private let log: DiagnosticLog
    private let starter: Starter
    private var running: [RunningSource] = []
    private let drain = StreamDrain()
    /// Sources that have no thread yet, and when they are tried again.
    private var unstarted: [Source]
    private var retryAt: UInt64 = 0
    private var isEnding = false
    private var wakeDescriptor: Int32 = -1
    private let inboxBytes: Int
    private let checks: ChecksSource?
    private let others: [SourceState]

    /// Prepares what is configured, each where it had got to.
    ///
    /// - Parameters:
    ///   - all: the agent's settings.
    ///   - known: how far sources had got.
    ///   - nextSource: the number of the next source that is new.
    ///   - state: the state directory, which forgets what is not configured any more.
    ///   - readsOnce: whether only what is there now is read.
    ///   - log: the agent's log.
    ///   - metrics: its numbers.
    ///   - starter: starts the threads.
    init(
        _ all: AgentSettings, known: [SourceState], nextSource: UInt64, _ state: StateDirectory, readsOnce: Bool,
        _ log: DiagnosticLog, _ metrics: AgentMetrics,
        starter: @escaping Starter = { try RunningSource($0, inboxBytes: $1, log: $2, wake: $3) }
    ) {
        let settings = all.streams
        var next = nextSource
        func states(_ source: any StreamSource) -> [SourceState] {
            source.streams.map { stream in
                if let state = known.first(where: { $0.path == stream.path }) { return state }
                defer { next += 1 }
                return SourceState(id: next, path: stream.path, device: 0, inode: 0)
            }
        }
        var sources: [any StreamSource] = []
        if let options = settings.journal {
            let cursor = known.first { $0.path == JournalSource.path(options) }?.cursor ?? ""
            sources.append(
                JournalSource(options, after: cursor, readsOnce: readsOnce, maxRecordBytes: Limits.lineBytes))
        }
        if readsOnce, !settings.syslog.isEmpty {
            log.warn("with --once nothing is listened for, syslog is left out")
        } else {
            sources += settings.syslog.map(\.source)
        }
        if let profile = settings.standardInput { sources.append(StandardInput(profile: profile)) }
        for options in settings.programs {
            let failures = metrics.programFailures(options.name)
            sources.append(
                ProgramOutput(options, readsOnce: readsOnce) { outcome in
                    if outcome != .ended(.exited(0)), outcome != .stopped { failures.add() }
                })
        }
        // A single look says little, and --once ends.
        checks = all.checks.isEmpty || readsOnce ? nil : ChecksSource(all.checks)
        if let checks { sources.append(checks) }
        let wanted: [Source] = sources.map { ($0, states($0)) }
        unstarted = wanted
        inboxBytes = all.memory.inboxBytes(of: wanted.reduce(0) { $0 + $1.states.count })
        self.nextSource = next
        self.log = log
        self.starter = starter
        // What is not configured any more is forgotten, but for the journal's place: it may come back.
        let kept = Set(wanted.flatMap(\.states).map(\.id))
        others = known.filter { !$0.cursor.isEmpty && !kept.contains($0.id) }
        for source in known where source.cursor.isEmpty && !kept.contains(source.id) {
            state.registry.forget(source.id, through: state.spool.lastEntry)
        }
    }

    /// Starts the threads. What cannot be started is tried again now and then, as long as ``poll(at:_:)`` is called.
    ///
    /// - Parameter descriptor: wakes the reading thread.
    func start(waking descriptor: Int32) {
        wakeDescriptor = descriptor
        startMore()
    }

    private func startMore() {
        let descriptor = wakeDescriptor
        unstarted.removeAll { source, states in
            do {
                let started = try starter(source, inboxBytes, log) { wakeWatcher(descriptor) }
                running.append(started)
                drain.add(states.indices.map { (started.streams[$0], started.inboxes[$0], states[$0]) })
                return true
            } catch {
                log.error(
                    "a source cannot be started, trying again: the limits of threads (TasksMax) may be too low",
                    ("source", states.first?.path ?? ""), ("reason", "\(error)"))
                return false
            }
        }
    }

    /// How each check stands.
    var checkStatuses: [AgentStatus.Check] { checks?.statuses ?? [] }

    /// Those that have no thread.
    var unstartedNames: [String] { unstarted.compactMap { $0.states.first?.path } }

    /// How far each has got.
    var states: [SourceState] { drain.states + unstarted.flatMap(\.states) }

    /// The same, with the places of those that are not configured now and may come back.
    var known: [SourceState] { states + others }

    /// Takes what has come.
    func poll(at now: UInt64, _ stage: IngestStage) -> StreamRound {
        if !isEnding, !unstarted.isEmpty, now >= retryAt {
            if retryAt > 0 { startMore() }
            retryAt = now &+ Limits.startRetry
        }
        var round = drain.poll(at: now, stage)
        if !isEnding, !unstarted.isEmpty { round.isFinished = false }
        return round
    }

    /// Tells all to end; what they still bring is to be taken.
    func raiseStop() {
        isEnding = true
        for source in running { source.raiseStop() }
    }

    /// Waits for the ends of the threads. What cannot be taken any more is reported as lost.
    func finish(_ stage: IngestStage) {
        for source in running { source.join() }
        running.removeAll()
        var round: StreamRound
        repeat { round = drain.poll(at: SystemClock.monotonicNanos(), stage) } while round.hasMore && !round.isPaused
        drain.abandonRest(stage)
    }
}
