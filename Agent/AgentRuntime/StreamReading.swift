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
    private let sources: [(source: any StreamSource, states: [SourceState])]
    private let log: DiagnosticLog
    private var running: [RunningSource] = []
    private var drain = StreamDrain([])
    private let checks: ChecksSource?
    private let memory: MemoryBudget
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
    init(
        _ all: AgentSettings, known: [SourceState], nextSource: UInt64, _ state: StateDirectory, readsOnce: Bool,
        _ log: DiagnosticLog, _ metrics: AgentMetrics
    ) {
        let settings = all.streams
        memory = all.memory
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
        self.sources = sources.map { ($0, states($0)) }
        self.nextSource = next
        self.log = log
        // What is not configured any more is forgotten, but for the journal's place: it may come back.
        let kept = Set(self.sources.flatMap(\.states).map(\.id))
        others = known.filter { !$0.cursor.isEmpty && !kept.contains($0.id) }
        for source in known where source.cursor.isEmpty && !kept.contains(source.id) {
            state.registry.forget(source.id)
        }
    }

    /// Starts the threads.
    ///
    /// - Parameter descriptor: wakes the reading thread.
    /// - Throws: `WorkerError` when there are no threads.
    func start(waking descriptor: Int32) throws {
        var streams: [(StreamDescription, StreamInbox, SourceState)] = []
        let inboxBytes = memory.inboxBytes(of: sources.reduce(0) { $0 + $1.states.count })
        for (source, states) in sources {
            let started = try RunningSource(source, inboxBytes: inboxBytes, log: log) {
                wakeWatcher(descriptor)
            }
            running.append(started)
            for (index, state) in states.enumerated() {
                streams.append((started.streams[index], started.inboxes[index], state))
            }
        }
        drain = StreamDrain(streams)
    }

    /// How each check stands.
    var checkStatuses: [AgentStatus.Check] { checks?.statuses ?? [] }

    /// How far each has got.
    var states: [SourceState] { drain.states }

    /// The same, with the places of those that are not configured now and may come back.
    var known: [SourceState] { drain.states + others }

    /// Takes what has come.
    func poll(at now: UInt64, _ stage: IngestStage) -> StreamRound { drain.poll(at: now, stage) }

    /// Tells all to end; what they still bring is to be taken.
    func raiseStop() {
        for source in running { source.raiseStop() }
    }

    /// Waits for the ends of the threads. What cannot be taken any more is reported as lost.
    func finish(_ stage: IngestStage) {
        for source in running { source.join() }
        running.removeAll()
        _ = drain.poll(at: SystemClock.monotonicNanos(), stage)
        drain.abandonRest(stage)
    }
}
