import AgentDelivery
import AgentInputs
import AgentOperation
import AgentPipeline
import LineFormats
import LogModel
import Synchronization
import SystemIO
import Workers

/// Gathers what the agent says of itself: for `lodge-agent status`, and for heartbeats.
final class StatusReporter: Sendable {
    /// What is not known when it is made, or changes.
    struct Changing: Sendable {
        var shipper: Shipper?
        var configuration: AgentStatus.Configuration
        var collectors: [String]
    }

    /// Sources that a heartbeat names.
    private static let heartbeatSources = 64
    /// Sources that `lodge-agent status` names.
    private static let localSources = 1_000
    /// Bytes of it in a heartbeat: a collector takes 256 KiB, most of which is for reports of drops.
    private static let heartbeatBytes = 48 << 10
    /// How long the reading thread may take for its figures: one that writes to a slow disk gives them later.
    private static let patience: UInt64 = 300_000_000

    private let state: StateDirectory
    private let reading: Monitor<ReadingState>
    private let started = Timestamp(nanoseconds: SystemClock.wallNanos())
    private let changing: Mutex<Changing>

    init(_ settings: AgentSettings, _ state: StateDirectory, _ reading: Monitor<ReadingState>) {
        self.state = state
        self.reading = reading
        var configuration = AgentStatus.Configuration()
        (configuration.path, configuration.hash) = (settings.path, settings.hash)
        changing = Mutex(Changing(configuration: configuration, collectors: settings.collectorURLs))
    }

    /// Changes what is not the reading thread's.
    func change(_ body: (inout Changing) -> Void) { changing.withLock { body(&$0) } }

    /// What a heartbeat says; a few dozen sources at most, so that a collector keeps it.
    func heartbeat() -> JSONValue? {
        var status = gathered()
        status.limitSources(to: Self.heartbeatSources)
        return status.document(now: SystemClock.monotonicNanos(), upTo: Self.heartbeatBytes)
    }

    /// All that is known now.
    func status() -> AgentStatus {
        var status = gathered()
        status.limitSources(to: Self.localSources)
        return status
    }

    private func gathered() -> AgentStatus {
        let figures = figures()
        let changing = changing.withLock { $0 }
        let report = changing.shipper?.report ?? DeliveryReport()
        var status = AgentStatus()
        status.version = agentVersion
        (status.agent, status.epoch, status.started) = (state.agent, state.epoch, started)
        status.configuration = changing.configuration
        status.configuration.isWaiting = reading.withLock { $0.next != nil }
        (status.collectors, status.collector) = (changing.collectors, report.collector)
        status.problem = report.problem
        status.delivered = report.delivered.map { Timestamp(nanoseconds: $0) }
        (status.spoolBytes, status.spoolLimit) = (state.spool.bytes, state.spool.limitBytes)
        status.lanes = Priority.allCases.reversed().map { priority in
            .init(name: priority.name, batches: Int(clamping: state.spool.waiting(priority)))
        }
        status.residentBytes = Machine.residentBytes
        status.processorSeconds = Double(SystemClock.processorNanos()) / 1e9
        status.sources = figures.sources
        (status.drops, status.unstarted) = (figures.drops, figures.unstarted)
        status.checks = figures.checks
        status.rules = figures.rules.map { .init(name: $0.name, matched: $0.matched, dropped: $0.dropped) }
        return status
    }

    /// Asks the reading thread; when it does not answer in time, what it said before has to do.
    private func figures() -> ReadingFigures {
        let (asked, descriptor) = reading.withLock { state in
            state.asked += 1
            return (state.asked, state.wakeDescriptor)
        }
        wakeWatcher(descriptor)
        reading.broadcast()
        let deadline = SystemClock.monotonicNanos() &+ Self.patience
        return reading.wait(until: deadline) { $0.given >= asked || $0.hasEnded ? $0.figures : nil }
            ?? reading.withLock { $0.figures }
    }
}
