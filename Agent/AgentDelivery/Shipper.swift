package import Diagnostics
package import LineFormats
import SystemIO
package import Workers

/// The numbers of delivery.
package struct DeliveryMetrics: Sendable {
    let batches: Counter
    let events: Counter
    let bytes: Counter
    let duplicates: Counter
    let failedEvents: Counter
    let retries: Counter
    let setAside: Counter
    let unreadable: Counter
    let heartbeats: Counter
    let failovers: Counter
    let possibleDuplicates: Counter

    /// Registers them.
    package init(_ registry: MetricRegistry) {
        batches = registry.counter("lodge_agent_batches_delivered_total", help: "Batches the collector acknowledged.")
        events = registry.counter("lodge_agent_events_delivered_total", help: "Events of acknowledged batches.")
        bytes = registry.counter(
            "lodge_agent_bytes_delivered_total", help: "Compressed bytes of acknowledged batches.")
        duplicates = registry.counter(
            "lodge_agent_batches_duplicate_total", help: "Batches the collector had already when they were sent again.")
        failedEvents = registry.counter(
            "lodge_agent_events_failed_total", help: "Events the collector did not take from acknowledged batches.")
        retries = registry.counter("lodge_agent_delivery_retries_total", help: "Attempts that did not succeed.")
        setAside = registry.counter(
            "lodge_agent_batches_set_aside_total", help: "Batches the collector refused, kept as files.")
        unreadable = registry.counter(
            "lodge_agent_batches_unreadable_total", help: "Spooled batches that could not be read back.")
        heartbeats = registry.counter(
            "lodge_agent_heartbeats_total", help: "Heartbeats that the collector has taken.")
        failovers = registry.counter(
            "lodge_agent_collector_changes_total", help: "Times that batches began to go to another collector.")
        possibleDuplicates = registry.counter(
            "lodge_agent_batches_possibly_duplicate_total",
            help: "Batches sent to another collector although one that did not answer for long may have them.")
    }
}

/// How delivery is going.
package struct DeliveryReport: Sendable, Equatable {
    /// The collector that has answered last; empty before the first answer.
    package var collector = ""
    /// Why nothing is taken; nil while batches or heartbeats are.
    package var problem: String?
    /// When a collector took something last, nanoseconds of the wall clock; nil for never.
    package var delivered: Int64?

    /// Nothing is known.
    package init() {}

    init(collector: String, delivered: Int64) {
        self.collector = collector
        self.delivered = delivered
    }
}

/// Sends the batches of the spool, those that matter most first, one at a time, on a thread of its own, until it is told
/// to stop.
package final class Shipper: Sendable {
    struct State: Sendable {
        /// The last entry of the ledger, and the last one whose batches are all dealt with, as those before.
        var spooled: UInt64
        var acknowledged: UInt64
        /// Whether batches wait that a version without priorities has spooled.
        var hasOld: Bool
        var lag = LagResponse()
        var stopAt: UInt64?
        var hasEnded = false
        /// What was never read, or is lost in the spool, and is not in the ledger yet.
        var losses = DropSums(limit: Shipper.waitingLosses)
        /// The numbers of what is lost in the spool.
        var voids: [LedgerEntry.Void] = []
        var report = DeliveryReport()
        /// Where to send from now on.
        var next: Destination?

        var isDrained: Bool { acknowledged >= spooled && !hasOld }
    }

    /// Losses that wait to be noted; more are added up without their files.
    static let waitingLosses = 256

    private let monitor: Monitor<State>
    private let thread: DedicatedThread

    /// A collector, by the name that the log calls it.
    package struct Collector: Sendable {
        let name: String
        let makeTransport: @Sendable () throws -> any BatchTransport

        /// Names it; the transport is made on the shipper's thread.
        package init(name: String, makeTransport: @escaping @Sendable () throws -> any BatchTransport) {
            self.name = name
            self.makeTransport = makeTransport
        }
    }

    /// Where batches go.
    package struct Destination: Sendable {
        let collectors: [Collector]
        /// The most bytes a second to all of them.
        let sendRate: Int?

        /// Names it.
        ///
        /// - Parameters:
        ///   - collectors: at least one.
        ///   - sendRate: the most bytes a second; nil for no limit.
        package init(_ collectors: [Collector], sendRate: Int? = nil) {
            precondition(!collectors.isEmpty, "a shipper needs a collector")
            self.collectors = collectors
            self.sendRate = sendRate
        }
    }

    /// What a shipper works with.
    package struct Parts: Sendable {
        let spool: Spool
        let registry: Registry
        let rejectedDirectory: String
        let log: DiagnosticLog
        let metrics: DeliveryMetrics
        /// The version of the program, how often it says that it is there, and whether it ends for good when everything
        /// is delivered.
        let version: String
        let heartbeatInterval: Duration
        let leavesAtEnd: Bool
        /// What the agent says of itself in full with each heartbeat. Runs on the shipper's thread.
        let status: @Sendable () -> JSONValue?
        let destination: Destination

        /// Names them.
        package init(
            spool: Spool, registry: Registry, rejectedDirectory: String, log: DiagnosticLog, metrics: DeliveryMetrics,
            version: String = "", heartbeatInterval: Duration = .seconds(30), leavesAtEnd: Bool = false,
            status: @escaping @Sendable () -> JSONValue? = { nil }, destination: Destination
        ) {
            self.spool = spool
            self.registry = registry
            self.rejectedDirectory = rejectedDirectory
            self.log = log
            self.metrics = metrics
            self.version = version
            self.heartbeatInterval = heartbeatInterval
            self.leavesAtEnd = leavesAtEnd
            self.status = status
            self.destination = destination
        }
    }

    /// Starts the thread; it begins behind what the registry knows as acknowledged.
    ///
    /// - Throws: `WorkerError` when there is no thread.
    package init(_ parts: Parts) throws(WorkerError) {
        let acknowledged = parts.registry.content.cursors.ledger
        let monitor = Monitor(
            State(spooled: parts.spool.lastEntry, acknowledged: acknowledged, hasOld: parts.spool.hasOld))
        self.monitor = monitor
        thread = try DedicatedThread(name: "shipper") {
            ShipperLoop(parts, monitor).run()
        }
    }

    /// Tells that the spool's ledger has entries up to this number.
    package func spooled(_ position: UInt64) {
        monitor.withLock { $0.spooled = max($0.spooled, position) }
        monitor.broadcast()
    }

    /// Tells of bytes that are gone and that nobody has read events from, for the collector to know. Quick.
    package func lost(_ loss: DropNote) {
        monitor.withLock { $0.losses.add(loss) }
    }

    /// The highest number in the spool's ledger of which all batches are acknowledged or counted, with all before it.
    package var acknowledged: UInt64 { monitor.withLock { $0.acknowledged } }

    /// What the collector's load asks for.
    package var lag: LagResponse { monitor.withLock { $0.lag } }

    /// How delivery is going.
    package var report: DeliveryReport { monitor.withLock { $0.report } }

    /// Sends elsewhere, or at another rate, from the next batch on. When connections cannot be made, all stays as it was,
    /// and the log says so.
    ///
    /// - Parameter destination: where to.
    package func replace(_ destination: Destination) {
        monitor.withLock { $0.next = destination }
        monitor.broadcast()
    }

    /// Whether the thread has ended.
    package var hasEnded: Bool { monitor.withLock { $0.hasEnded } }

    /// Blocks until everything in the spool is acknowledged, or the deadline of the monotonic clock has passed.
    ///
    /// - Returns: whether everything is.
    package func waitUntilDrained(deadline: UInt64?) -> Bool {
        monitor.wait(until: deadline) { state -> Bool? in
            if state.isDrained { return true }
            return state.hasEnded ? false : nil
        } ?? false
    }

    /// Lets it deliver until the spool is empty or the deadline has passed, then ends it. Blocks until it has ended.
    ///
    /// - Parameter deadline: nanoseconds of the monotonic clock.
    package func stop(deadline: UInt64) {
        monitor.withLock { $0.stopAt = deadline }
        monitor.broadcast()
        thread.join()
    }
}
