import AgentTracking
import GapTracking
import LineFormats
import LogModel
import QueryAdmission
import QueryEngine
import QueryLanguage
import SegmentCatalog
import StoreEngine
import StoreFormat
import SystemIO
import Workers

/// Runs queries on threads of their own, so that they hold up neither ingest nor each other's answers. What runs when, and
/// what is refused, is decided by the ``QueryRegistry``.
final class QueryRunner: Sendable {
    let limits: QueryLimits
    let registry: QueryRegistry
    /// What all queries hold together.
    let memory: QueryMemory
    /// Whose events may not have arrived yet.
    let agents: AgentRegistry
    /// What the collector itself has lost.
    let gaps: GapRegistry
    let store: Store
    /// What queries found out, for those that ask the same.
    let cache: QueryCache
    let tables = SharedAnswers<TableAnswer>()
    let pages = SharedAnswers<SearchPage>()
    /// Those that help queries with much to look at.
    let threads: QueryThreads
    private let pool: WorkerPool
    private let statistics: HTTPStatistics
    private let unreadable: UnreadableBlocks

    init(
        store: Store, agents: AgentRegistry, gaps: GapRegistry, limits: QueryLimits, statistics: HTTPStatistics,
        unreadable: UnreadableBlocks
    ) throws(WorkerError) {
        self.store = store
        self.agents = agents
        self.gaps = gaps
        self.limits = limits
        self.statistics = statistics
        self.unreadable = unreadable
        memory = QueryMemory(limit: limits.totalMemoryBytes)
        cache = QueryCache(maxBytes: limits.cacheBytes)
        registry = QueryRegistry(limits)
        // A thread that has just ended a query may not have come back to the queue when the next one begins.
        let running = limits.admission.running
        pool = try WorkerPool(name: "query", threads: running, queueLimit: running, niceness: limits.niceness)
        threads = try QueryThreads(limit: limits.threads, niceness: limits.niceness)
    }

    /// Ends the queries that run, and the threads.
    func stop() {
        registry.stop()
        pool.stop()
        threads.stop()
    }

    /// How long a query may run, from its parameter `timeout`.
    func timeout(_ text: String?) throws(Problem) -> Duration {
        guard let nanoseconds = try QueryRequests.duration("timeout", text) else { return limits.timeout }
        guard nanoseconds > 0 else { throw .badValue("timeout", "timeout must be longer than zero") }
        return min(.nanoseconds(nanoseconds), limits.maximumTimeout)
    }

    /// Runs a query and gives each block to `emit`, on a thread of the pool; suspends until it has ended. The query ends
    /// when its client is gone.
    ///
    /// - Parameters:
    ///   - job: the query.
    ///   - initial: what is gathered, empty.
    ///   - bytes: the memory that it takes; counted as the query's own.
    ///   - emit: gathers a block; false ends the query.
    /// - Returns: what was gathered, and what was done.
    /// - Throws: ``Problem``: 429 when too many queries run, 400 when it needs too much memory, 503 when it is ended.
    func collect<Result: Sendable>(
        _ job: Job, into initial: Result, bytes: @escaping @Sendable (Result) -> Int = { _ in 0 },
        emit: @escaping @Sendable (inout Result, ResultBlock) -> Bool
    ) async throws -> (result: Result, summary: ExecutionSummary) {
        let query = self.query(job)
        // An answer that several wait for ends when the last of them is gone, which cancels the task.
        let shared = SharedComputation.current
        let forget =
            shared == nil ? await Asker.current?.whenGone { [registry] in registry.end(query, .clientGone) } : nil
        defer { forget?() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                @Sendable func fail(_ error: any Error) { continuation.resume(throwing: error) }
                arrive(query, fail) { [self] in
                    continuation.resume(
                        with: Swift.Result {
                            var result = initial
                            let claim = MemoryClaim(query.budget)
                            // From here on what arrives may be missing in the answer.
                            shared?.seal()
                            let summary = try run(job, query, isCancelled: { false }) {
                                block throws(ExecutionError) in
                                let goesOn = emit(&result, block)
                                try claim.set(bytes(result), "the result", "narrow the filter, or ask for less of it")
                                return goesOn
                            }
                            return (result, summary)
                        })
                }
            }
        } onCancel: {
            registry.end(query, .clientGone)
        }
    }

    // MARK: One query

    func query(_ job: Job) -> RunningQuery {
        RunningQuery(
            id: registry.nextID(), Asker.current, text: job.query.description, shape: job.query.shape,
            estimate: estimate(job), timeout: job.timeout, now: job.now,
            budget: QueryBudget(limit: limits.memoryBytes, of: memory))
    }

    /// The times that it is about; nil when there are none.
    func times(asked job: Job) -> ClosedRange<Int64>? {
        if job.query.readsOtherTimes { return Int64.min...Int64.max }
        guard let own = job.query.timeBounds(now: job.now) else { return nil }
        let low = max(own.lowerBound, job.from?.nanoseconds ?? .min)
        let high = min(own.upperBound, job.to.map { $0.adding(nanoseconds: -1).nanoseconds } ?? .max)
        return low <= high ? low...high : nil
    }

    /// Rows of all segments that it may have to look at. To find rows is less work than to count values of all, and a query
    /// that stops at its limit looks at few.
    private func estimate(_ job: Job) -> RunningQuery.Estimate {
        let rows = times(asked: job).map { store.rows(times: $0) } ?? 0
        guard job.limit != nil, job.query.pipes.isEmpty else { return .init(rows: rows, cost: rows) }
        let stopsEarly = !job.countsHits && job.order != .any
        return .init(rows: rows, cost: stopsEarly ? min(rows, 1 << 18) / 8 : rows / 8)
    }

    /// Has `body` run on a thread of the pool when it is the query's turn, or `fail` called with a ``Problem``.
    func arrive(
        _ query: RunningQuery, _ fail: @escaping @Sendable (any Error) -> Void, _ body: @escaping @Sendable () -> Void
    ) {
        do throws(AdmissionRefusal) {
            try registry.arrive(query) { [self] in
                do throws(WorkerError) {
                    try pool.submit(body)
                } catch {
                    registry.ended(query, .unknown)
                    fail(Problem.stopping)
                }
            } giveUp: { reason in
                fail(Problem(ending: reason, query.name))
            }
        } catch {
            statistics.queryRefused(error.reason)
            fail(Problem(error))
        }
    }

    func run(
        _ job: Job, _ query: RunningQuery, pass: Pass? = nil, isCancelled: @escaping @Sendable () -> Bool,
        emit: @escaping (ResultBlock) throws(ExecutionError) -> Bool
    ) throws -> ExecutionSummary {
        let start = SystemClock.monotonicNanos()
        let end = start + UInt64(clamping: job.timeout.wholeNanoseconds)
        var options = ExecutionOptions(
            now: job.now, from: job.from, to: job.to, limit: job.limit, order: job.order, after: job.after,
            countsHits: job.countsHits, budget: query.budget, progress: query.progress, maximumRows: limits.rows,
            isCancelled: { query.ending != nil || isCancelled() },
            isOverdue: { SystemClock.monotonicNanos() > end })
        options.trace = job.trace
        options.isResumable = job.isResumable
        options.threads = limits.threads > 1 ? threads : nil
        threads.begin()
        defer { threads.end() }
        do {
            // What is explained names what is left out for its times, too.
            let times = job.trace == nil ? times(asked: job) : nil
            let snapshot = store.snapshot(ids: job.ids, times: times ?? Int64.min...Int64.max)
            options.gaps = snapshot.gaps
            options.cache = limits.cacheBytes > 0 ? cache : nil
            options.ids = job.ids
            options.rateSeconds = job.rateSeconds
            let blocks = snapshot.blocks.filter { $0.idBounds.overlaps(job.ids) }
            var failure: ExecutionError?
            let missing = snapshot.missing.map { missing in
                MissingSegment(
                    name: missing.record.name, tier: missing.record.tier.rawValue, rowCount: missing.record.rows,
                    times: missing.record.timeBounds, reason: missing.reason)
            }
            let take = { (block: ResultBlock) -> Bool in
                do throws(ExecutionError) {
                    return try emit(block)
                } catch {
                    failure = error
                    return false
                }
            }
            var summary: ExecutionSummary
            if let pass {
                let input = Pass.Input(
                    query: job.query, blocks: blocks, options: options,
                    lastID: min(job.ids.upperBound, RowID.last(at: snapshot.lastPosition)), missing: missing)
                summary = try pass.run(input, take)
            } else {
                summary = try execute(job.query, on: blocks, options, emit: take)
            }
            if let failure { throw failure }
            summary.lastPosition = snapshot.lastPosition
            summary.missing = missing
            unreadable.met(summary.unreadable)
            let isGone = query.ending != nil || isCancelled()
            statistics.queryEnded(
                isGone ? "cancelled" : summary.isComplete ? "complete" : "incomplete",
                nanos: SystemClock.monotonicNanos() - start, scannedRows: summary.scannedRows)
            // Who gives a query little time wants it to end, and who can go on has not lost what it did.
            let isDead = summary.skipped != nil && job.timeout >= limits.timeout && !job.goesOn
            registry.ended(query, isGone ? .unknown : isDead ? .death : .well)
            return summary
        } catch let error as ExecutionError {
            let isCancelled = error.code == .cancelled
            statistics.queryEnded(
                isCancelled ? "cancelled" : "failed", nanos: SystemClock.monotonicNanos() - start,
                scannedRows: query.progress.rows)
            let isDead = error.code == .memory || query.ending == .killed
            registry.ended(query, isDead ? .death : .unknown)
            throw problem(error, query)
        }
    }

    private func problem(_ error: ExecutionError, _ query: RunningQuery) -> Problem {
        if error.code == .cancelled { return Problem(ending: query.ending ?? .clientGone, query.name) }
        return Problem(error)
    }

    /// Rows are missing where an answer cannot say so.
    static func incomplete(_ summary: ExecutionSummary, _ job: Job) -> Problem {
        Problem(
            503, "incomplete", "The query could not be answered completely",
            summary.gaps.joined(separator: "; ") + " (the time limit is \(job.timeout.logForm), see `timeout`)",
            extra: [.init("limit", .string(job.timeout.logForm))], retryAfter: 1)
    }
}
