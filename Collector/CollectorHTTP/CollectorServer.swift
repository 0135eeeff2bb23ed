package import AgentTracking
package import CollectorIngest
package import GapTracking
package import Journal
package import LiveTail
package import QueryEngine
package import StorageKeeping
package import StoreEngine
import Workers

/// What the HTTP side serves.
package struct CollectorServices: Sendable {
    /// Events to search.
    package var store: Store
    /// Who sends them.
    package var agents: AgentRegistry
    /// What of them was lost here.
    package var gaps: GapRegistry
    /// What looks after them and their disk.
    package var keeper: StorageKeeper
    /// Where events become durable; for its numbers only.
    package var journal: GroupCommitJournal
    /// The way in.
    package var gateway: IngestGateway
    /// The way out for those who follow the log.
    package var hub: TailHub
    /// The version of the program.
    package var version: String
    /// Why the collector is not ready, as a sentence; nil when it is.
    package var notReady: @Sendable () -> String?
    /// Is told of each block that a query could not read, once.
    package var onUnreadable: @Sendable (UnreadableBlock) -> Void

    /// Names the services.
    package init(
        store: Store, agents: AgentRegistry, gaps: GapRegistry, keeper: StorageKeeper, journal: GroupCommitJournal,
        gateway: IngestGateway, hub: TailHub, version: String,
        notReady: @escaping @Sendable () -> String?,
        onUnreadable: @escaping @Sendable (UnreadableBlock) -> Void
    ) {
        self.store = store
        self.agents = agents
        self.gaps = gaps
        self.keeper = keeper
        self.journal = journal
        self.gateway = gateway
        self.hub = hub
        self.version = version
        self.notReady = notReady
        self.onUnreadable = onUnreadable
    }
}

/// The collector's HTTP API.
package final class CollectorServer: Sendable {
    /// Threads that decode bodies. One decodes two million usual events a second, and needs memory for a body of any kind.
    private static let decodingThreads = 2
    /// Bodies that wait for one of them.
    private static let waitingBodies = 256

    private let listener: HTTPListener
    private let decoders: WorkerPool
    /// For what people ask of the storage, which may read segments: not to hold up those who send events.
    private let keepers: WorkerPool
    private let runner: QueryRunner
    private let services: CollectorServices
    /// The routes that are served.
    package let endpoints: [Endpoint]

    /// Makes the hub of live tail with the form that clients get events in.
    package static func makeTailHub(_ options: TailOptions = TailOptions()) throws -> TailHub {
        try TailHub(options: options) { TailRoutes.render($0, $1, $2, &$3) }
    }

    /// Listens and serves.
    ///
    /// - Parameters:
    ///   - services: what is served.
    ///   - host: the address or the name to listen on.
    ///   - port: the port; 0 for any that is free.
    ///   - queries: the bounds of queries.
    /// - Throws: ``ListenError``, or `WorkerError` when there are no threads to be had.
    package init(
        _ services: CollectorServices, host: String, port: Int, queries: QueryLimits = QueryLimits()
    ) async throws {
        self.services = services
        let statistics = HTTPStatistics()
        decoders = try WorkerPool(
            name: "decode", threads: Self.decodingThreads, queueLimit: Self.waitingBodies)
        keepers = try WorkerPool(name: "storage", threads: 1, queueLimit: 8, niceness: queries.niceness)
        runner = try QueryRunner(
            store: services.store, agents: services.agents, gaps: services.gaps, limits: queries,
            statistics: statistics, unreadable: UnreadableBlocks(statistics, report: services.onUnreadable))
        var router = Router()
        let ingest = IngestRoutes(
            gateway: services.gateway, workers: decoders, agents: services.agents,
            lagHint: { [store = services.store] in
                switch store.load {
                case .normal: "normal"
                case .elevated: "elevated"
                case .critical: "critical"
                }
            }
        )
        ingest.add(to: &router)
        PlainRoutes(ingest: ingest, runner: runner).add(to: &router)
        SelectRoutes(runner: runner).add(to: &router)
        SearchRoutes(runner: runner).add(to: &router)
        TailRoutes(hub: services.hub, runner: runner).add(to: &router)
        let bodies = BodyBound(limit: queries.bodiesBytes)
        let answers = AnswerState(http: statistics, runner: runner, bodies: bodies)
        StatusRoutes(services: services, answers: answers).add(to: &router)
        QueriesRoutes(runner: runner).add(to: &router)
        StorageRoutes(services: services, workers: keepers).add(to: &router)
        AgentsRoutes(agents: services.agents, gaps: services.gaps, workers: keepers).add(to: &router)
        endpoints = router.endpoints
        listener = try await HTTPListener(
            host: host, port: port, router: router, statistics: statistics, bodies: bodies,
            serverName: "lodge/\(services.version)")
    }

    /// The port it listens on.
    package var port: Int { listener.port }

    /// Stops accepting, ends the tails, gives requests until `patience` has passed to end, and closes what is left.
    package func stop(patience: Duration) async {
        services.gateway.stop()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [listener] in await listener.stop(patience: patience) }
            // Tails only end when they are told to.
            services.hub.stop()
        }
        decoders.stop()
        keepers.stop()
        runner.stop()
    }
}
