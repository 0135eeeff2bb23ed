import ByteCoding
import HummingbirdCore
import LineFormats
import QueryEngine
import QueryLanguage
import StoreFormat
import Synchronization
import SystemIO

/// `POST /v1/search` with `stream`: rows as they are found, how far the search is, and how it ended.
struct SearchStream: Sendable {
    /// Rows that one stream sends at most.
    static let mostRows = 1_000_000

    let runner: QueryRunner

    /// Begins a search.
    ///
    /// - Parameters:
    ///   - terms: what is searched for.
    ///   - limit: rows of the stream, those before its cursor included if that comes of a stream.
    ///   - timeout: how long it may take.
    ///   - start: when the request came, monotonic.
    /// - Returns: the answer; its body is made while it is sent.
    /// - Throws: ``Problem`` when the query cannot begin.
    func answer(_ terms: SearchTerms, limit: Int, timeout: Duration, since start: UInt64) async throws -> Response {
        let channel = ChunkChannel()
        let sent = terms.cursor?.sentRows ?? 0
        var job = try terms.jobBehindCursor(timeout: timeout)
        job.goesOn = true
        // One more, to know whether there are others behind them.
        job.limit = limit > sent ? limit - sent + 1 : 0
        job.isResumable = true
        let records = SearchRecords(terms, job, limit: limit, channel, runner, since: start)
        let firstRows = runner.limits.sliceRows
        let pass = QueryRunner.Pass { (input, emit) throws(ExecutionError) in
            guard records.begin(input) else { return ExecutionSummary() }
            return try executeInSlices(
                input.query, on: input.blocks, input.options, firstRows: firstRows,
                onSlice: { records.sliceEnded($0) }, emit: emit)
        }
        await runner.follow(job, pass, channel, emit: { records.add($0) }, ended: { records.end($0) })
        return try await channel.response(type: StreamRecord.type, beat: { records.beat() })
    }
}

/// Writes the records of a search. Each piece that is sent ends with a progress record, whose cursor goes on exactly
/// behind the rows in front of it.
private final class SearchRecords: Sendable {
    /// What holds for all that has been sent.
    private struct State: Sendable {
        var place: RowCursor
        var rows: Int
        /// Matches up to the place, and those that are known at all.
        var hits: Int
        var found: Int
        var hasMore = false
        var share = 0.0
        var nextShare = 0.0
        /// What a beat has said, which is more than what is certain: nothing behind it says less.
        var guessedShare = 0.0
        var nextRows = 0
        /// Rows that had been read when the slice began.
        var readRows = 0
        var completeOver = JSONValue.array([])
        var lastID: UInt64 = .max
        var missing: [MissingSegment] = []
        var progress: QueryProgress?
    }

    /// Bytes of rows after which they are sent.
    private static let pieceBytes = 64 << 10

    private let terms: SearchTerms
    private let job: QueryRunner.Job
    private let limit: Int
    private let channel: ChunkChannel
    private let runner: QueryRunner
    private let start: UInt64
    /// Locked while something is sent, so that what is said of what was sent is never said too early or too late.
    private let state: Mutex<State>

    init(
        _ terms: SearchTerms, _ job: QueryRunner.Job, limit: Int, _ channel: ChunkChannel, _ runner: QueryRunner,
        since start: UInt64
    ) {
        self.terms = terms
        self.job = job
        self.limit = limit
        self.channel = channel
        self.runner = runner
        self.start = start
        let cursor = terms.cursor
        let first =
            terms.order == .newestFirst ? RowCursor(time: .max, id: .max) : RowCursor(time: .min, id: 0)
        state = Mutex(
            State(
                place: cursor?.row ?? first, rows: cursor?.sentRows ?? 0, hits: cursor?.hits ?? 0,
                found: cursor?.hits ?? 0))
    }

    // MARK: On the thread of the query

    func begin(_ input: QueryRunner.Pass.Input) -> Bool {
        state.withLock { state in
            state.lastID = input.lastID
            state.missing = input.missing
            state.progress = input.options.progress
            return sendProgress(state)
        }
    }

    func add(_ block: ResultBlock) -> Bool {
        state.withLock { state in
            var writer = ByteWriter(capacity: Self.pieceBytes + 4_096)
            var next = state
            for (index, row) in block.rows.enumerated() {
                guard next.rows < limit else {
                    next.hasMore = true
                    break
                }
                writer.append(utf8: #"{"log":"#)
                block.writeLog(index, to: &writer)
                writer.append(utf8: "}\n")
                next.rows += 1
                if job.countsHits {
                    next.hits += 1
                    next.found = max(next.found, next.hits)
                }
                next.place = block.cursors[row]
                guard writer.count >= Self.pieceBytes else { continue }
                guard send(&writer, next, &state) else { return false }
            }
            if !send(&writer, next, &state) { return false }
            // Who counts looks at all.
            return job.countsHits || !state.hasMore
        }
    }

    func sliceEnded(_ slice: SlicedProgress) -> Bool {
        state.withLock { state in
            state.share = slice.share
            state.nextShare = slice.nextShare
            state.nextRows = slice.nextRows
            state.readRows = slice.summary.scannedRows
            if job.countsHits { state.found = (terms.cursor?.hits ?? 0) + slice.summary.hits }
            // The place of a stream that has all its rows is that of the last one: the next page begins there.
            if !isFull(state) {
                state.place = slice.place
                state.hits = state.found
            }
            var summary = slice.summary
            summary.missing = state.missing
            let intervals = runner.completeness(job, summary, over: slice.done).intervals
            state.completeOver = .array(intervals.map { .object(Completeness.times($0)) })
            return sendProgress(state)
        }
    }

    func end(_ result: Result<ExecutionSummary, any Error>) {
        // From here on no beat comes behind the end.
        let (last, hasBegun) = state.withLock { state in
            defer { state.progress = nil }
            return (state, state.progress != nil)
        }
        var writer = ByteWriter(capacity: 1 << 12)
        switch result {
        // What fails before anything was sent is answered with its status.
        case .failure(let error) where !hasBegun: return channel.finish(error)
        case .failure(let error): StreamRecord.write(error: error, to: &writer)
        case .success(let summary): write(end: summary, last, to: &writer)
        }
        _ = channel.send(writer)
        channel.finish()
    }

    // MARK: On any thread

    /// Says how far the search is if the client waits for that: not while something else is being sent.
    func beat() {
        _ = state.withLockIfAvailable { state in
            guard let progress = state.progress else { return }
            let read = Double(progress.rows - state.readRows) / Double(max(1, state.nextRows))
            let part = max(0, min(1, read)) * (state.nextShare - state.share)
            state.guessedShare = max(state.guessedShare, state.share + part)
            var writer = ByteWriter(capacity: 1_024)
            write(state, progress, to: &writer)
            channel.offer(writer)
        }
    }

    // MARK: Records

    /// Whether all rows that are wanted have been sent.
    private func isFull(_ state: State) -> Bool { limit > 0 && state.rows >= limit }

    /// Sends rows and what holds behind them.
    private func send(_ writer: inout ByteWriter, _ next: State, _ state: inout State) -> Bool {
        state = next
        guard writer.count > 0, let progress = next.progress else { return true }
        write(next, progress, to: &writer)
        let isSent = channel.send(writer)
        writer.removeAll()
        return isSent
    }

    private func sendProgress(_ state: State) -> Bool {
        guard let progress = state.progress else { return false }
        var writer = ByteWriter(capacity: 1_024)
        write(state, progress, to: &writer)
        return channel.send(writer)
    }

    private func write(_ state: State, _ progress: QueryProgress, to writer: inout ByteWriter) {
        StreamRecord.write(
            share: max(state.share, state.guessedShare), progress, since: start,
            [
                .init("rows", .integer(state.rows)), .init("hits", .integer(state.found)),
                .init("complete_over", state.completeOver), .init("resume", .string(cursor(state.place, state).text)),
            ], to: &writer)
    }

    private func cursor(_ place: RowCursor, _ state: State) -> SearchCursor {
        SearchCursor(
            row: place, now: job.now, lastID: state.lastID, hits: state.hits,
            hitsAreComplete: terms.cursor?.hitsAreComplete ?? true, fingerprint: terms.fingerprint,
            isCounting: job.countsHits, sentRows: state.rows)
    }

    private func write(end found: ExecutionSummary, _ state: State, to writer: inout ByteWriter) {
        var summary = found
        if let cursor = terms.cursor, !cursor.hitsAreComplete {
            summary.isComplete = false
            summary.gaps.append("the first page could not count all hits")
        }
        let hits = (terms.cursor?.hits ?? 0) + (job.countsHits ? summary.hits : 0)
        let isFull = isFull(state)
        let resume = isFull ? nil : resume(summary, state)
        if resume == nil, !isFull, summary.skipped != nil {
            summary.gaps.append("the limit does not let the search come further from here, so there is no way to go on")
        }
        // Behind the last row, where there are more: the next page, and not this stream, goes on there.
        var next: SearchCursor?
        if isFull, state.hasMore || job.countsHits && hits > state.rows {
            next = cursor(state.place, state)
            next?.hits = hits
            next?.hitsAreComplete = summary.isComplete
            next?.isCounting = false
            next?.sentRows = 0
        }
        func text(_ cursor: SearchCursor?) -> JSONValue { cursor.map { .string($0.text) } ?? .null }
        writer.append(utf8: #"{"end":{"rows":\#(state.rows),"hits":\#(hits),"#)
        let completeness = runner.completeness(job, summary, goesOn: resume == nil ? .nowhere : .resume)
        summary.writeMembers(completeness, since: start, to: &writer)
        writer.append(utf8: #","next_cursor":"#)
        text(next).write(to: &writer)
        writer.append(utf8: #","resume":"#)
        text(resume).write(to: &writer)
        writer.append(utf8: "}}\n")
    }

    /// In front of what a limit left out; nil when there is nothing, or when the search came no further from its place.
    private func resume(_ summary: ExecutionSummary, _ state: State) -> SearchCursor? {
        guard let start = summary.skipped?.start(terms.order), summary.scannedRows > 0 else { return nil }
        // Without rows nobody has counted those of the slice that was cut short.
        let place = limit == 0 ? state.place : start
        if let known = terms.cursor?.row {
            guard terms.order == .oldestFirst ? place.time > known.time : place.time < known.time else { return nil }
        }
        return cursor(place, state)
    }
}
