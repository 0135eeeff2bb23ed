import LineFormats
import ByteCoding
import HTTPTypes
import HummingbirdCore
import LogModel
import NIOCore
import QueryEngine
import QueryLanguage
import StoreEngine
import StoreFormat
import SystemIO
import Workers

/// The bounds of queries.
package struct QueryLimits: Sendable {
    /// Queries that run at the same time.
    package var concurrent = 8
    /// Queries that wait for one of those to end; more are refused.
    package var waiting = 16
    /// How long a query may run unless it says otherwise.
    package var timeout = Duration.seconds(30)
    /// The longest time that it may ask for.
    package var maximumTimeout = Duration.seconds(600)
    /// Bytes that the groups and sorted rows of one query may take.
    package var memoryBytes = 256 << 20
    /// Rows of one page of `/v1/search`.
    package var searchRows = 10_000
    /// Bytes of events after which a page of a search ends.
    package var pageBytes = 8 << 20
    /// Bytes that the rows of an answer may take that is sent as a whole.
    package var answerBytes = 64 << 20
    /// Bytes of the body of a query.
    package var bodyBytes = 1 << 20

    /// The defaults.
    package init() {}
}

/// Runs queries on threads of their own, so that they hold up neither ingest nor each other's answers.
final class QueryRunner: Sendable {
    let limits: QueryLimits
    private let store: Store
    private let pool: WorkerPool
    private let statistics: HTTPStatistics
    private let unreadable: UnreadableBlocks

    init(
        store: Store, limits: QueryLimits, statistics: HTTPStatistics, unreadable: UnreadableBlocks
    ) throws(WorkerError) {
        self.store = store
        self.limits = limits
        self.statistics = statistics
        self.unreadable = unreadable
        pool = try WorkerPool(name: "query", threads: limits.concurrent, queueLimit: limits.waiting)
    }

    /// Ends the threads, once the queries that run have ended.
    func stop() { pool.stop() }

    /// How long a query may run, from its parameter `timeout`.
    func timeout(_ text: String?) throws(Problem) -> Duration {
        guard let nanoseconds = try QueryRequests.duration("timeout", text) else { return limits.timeout }
        guard nanoseconds > 0 else { throw .badValue("timeout", "timeout must be longer than zero") }
        return min(.nanoseconds(nanoseconds), limits.maximumTimeout)
    }

    /// What a query works with: bounds of time and memory are set here, the rest by the route.
    struct Job: Sendable {
        var query: Query
        var from: Timestamp?
        var to: Timestamp?
        var limit: Int?
        var order = RowOrder.any
        var after: RowCursor?
        var countsHits = false
        /// Only blocks that may hold rows with these ids.
        var ids: ClosedRange<UInt64> = 0...UInt64.max
        /// Over how many seconds `rate` counts; nil for the times that the query is about.
        var rateSeconds: Double?
        var timeout: Duration
        var now: Timestamp
    }

    /// Runs a query and gives each block to `emit`, on a thread of the pool; suspends until it has ended.
    ///
    /// - Throws: ``Problem``: 429 when too many queries run, 400 when it needs too much memory, 503 when it is cancelled.
    func collect<Result: Sendable>(
        _ job: Job, into initial: Result, emit: @escaping @Sendable (inout Result, ResultBlock) -> Bool
    ) async throws -> (result: Result, summary: ExecutionSummary) {
        do {
            return try await pool.run { [self] in
                var result = initial
                let summary = try run(job, isCancelled: { false }) { emit(&result, $0) }
                return (result, summary)
            }
        } catch let error as WorkerError {
            throw refusal(error)
        } catch let error as ExecutionError {
            throw Self.problem(error)
        }
    }

    /// Runs a query whose rows go out while it runs.
    ///
    /// - Parameters:
    ///   - job: the query.
    ///   - type: the media type of the answer.
    ///   - write: appends a block the way the client gets it.
    /// - Returns: the answer; its body is made while it is sent.
    /// - Throws: ``Problem`` when the query fails before its first row; later failures break the answer off.
    func stream(
        _ job: Job, type: String, write: @escaping @Sendable (ResultBlock, inout ByteWriter) -> Void
    ) async throws -> Response {
        let channel = ChunkChannel()
        do throws(WorkerError) {
            try pool.submit { [self] in
                do {
                    let writer = BlockWriter()
                    let summary = try run(job, isCancelled: { channel.isCancelled }) { block in
                        writer.append(block, write, to: channel)
                    }
                    // What came after the last full piece. Rows that are missing must not look like an answer.
                    let isSent = writer.flush(to: channel)
                    channel.finish(isSent && !summary.isComplete ? Self.incomplete(summary, job) : nil)
                } catch let error as ExecutionError {
                    channel.finish(Self.problem(error))
                } catch {
                    channel.finish(error)
                }
            }
        } catch {
            throw refusal(error)
        }
        // The first piece tells whether it is an answer at all.
        let first = try await channel.next()
        let headers: HTTPFields = [.contentType: type]
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                var piece = first
                do {
                    while let bytes = piece {
                        try await writer.write(bytes)
                        piece = try await channel.next()
                    }
                } catch {
                    channel.cancel()
                    throw error
                }
                try await writer.finish(nil)
            })
    }

    private func run(
        _ job: Job, isCancelled: @escaping @Sendable () -> Bool, emit: @escaping (ResultBlock) -> Bool
    ) throws -> ExecutionSummary {
        let start = SystemClock.monotonicNanos()
        let end = start + UInt64(clamping: job.timeout.wholeNanoseconds)
        var options = ExecutionOptions(
            now: job.now, from: job.from, to: job.to, limit: job.limit, order: job.order, after: job.after,
            countsHits: job.countsHits, memoryLimit: limits.memoryBytes, isCancelled: isCancelled,
            isOverdue: { SystemClock.monotonicNanos() > end })
        do {
            let snapshot = store.snapshot(ids: job.ids)
            options.gaps = snapshot.gaps
            options.ids = job.ids
            options.rateSeconds = job.rateSeconds
            let blocks = snapshot.blocks.filter { $0.idBounds.overlaps(job.ids) }
            var summary = try execute(job.query, on: blocks, options, emit: emit)
            summary.lastPosition = snapshot.lastPosition
            unreadable.met(summary.unreadable)
            let outcome = isCancelled() ? "cancelled" : summary.isComplete ? "complete" : "incomplete"
            statistics.queryEnded(
                outcome, nanos: SystemClock.monotonicNanos() - start,
                scannedRows: summary.scannedRows)
            return summary
        } catch {
            statistics.queryEnded("failed", nanos: SystemClock.monotonicNanos() - start, scannedRows: 0)
            throw error
        }
    }

    private func refusal(_ error: WorkerError) -> Problem {
        statistics.queryRefused()
        if case .stopped = error { return .stopping }
        return Problem(
            429, "too-many-queries", "Too many queries run at the same time",
            "\(limits.concurrent) queries run and \(limits.waiting) wait: try again in a moment",
            extra: [.init("limit", .integer(limits.concurrent + limits.waiting))], retryAfter: 1)
    }

    private static func problem(_ error: ExecutionError) -> Problem {
        switch error.code {
        case .memory:
            Problem(400, "query-too-large", "The query needs too much memory", error.message)
        case .cancelled:
            Problem(503, "cancelled", "The query was cancelled", error.message, retryAfter: 1)
        }
    }

    /// Rows are missing where an answer cannot say so.
    static func incomplete(_ summary: ExecutionSummary, _ job: Job) -> Problem {
        Problem(
            503, "incomplete", "The query could not be answered completely",
            summary.gaps.joined(separator: "; ") + " (the time limit is \(job.timeout.logForm), see `timeout`)",
            extra: [.init("limit", .string(job.timeout.logForm))], retryAfter: 1)
    }
}

/// Gathers written rows until a piece is worth sending. A block may have many more rows than that.
private final class BlockWriter {
    /// Bytes of a piece. The first is sent as soon as there is a row.
    private static let pieceBytes = 64 << 10
    /// Rows that are written before the bytes are looked at.
    private static let rowsAtOnce = 128
    private var writer = ByteWriter(capacity: 128 << 10)
    private var isFirst = true

    func append(
        _ block: ResultBlock, _ write: (ResultBlock, inout ByteWriter) -> Void, to channel: ChunkChannel
    ) -> Bool {
        var part = block
        var start = 0
        while start < block.rows.count {
            let end = min(start + Self.rowsAtOnce, block.rows.count)
            part.rows = Array(block.rows[start..<end])
            start = end
            write(part, &writer)
            guard writer.count >= Self.pieceBytes || isFirst && writer.count > 0 else { continue }
            isFirst = false
            if !flush(to: channel) { return false }
        }
        return true
    }

    func flush(to channel: ChunkChannel) -> Bool {
        let piece = writer.withBytes { ByteBuffer(bytes: $0) }
        writer.removeAll()
        return channel.send(piece)
    }
}
