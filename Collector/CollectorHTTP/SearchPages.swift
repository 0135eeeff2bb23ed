import ByteCoding
import LineFormats
import LogModel
import QueryEngine
import QueryLanguage
import StoreFormat
import SystemIO

/// What is searched for. Pages of it follow each other by cursors.
struct SearchTerms: Sendable {
    var filter: Filter
    /// The times as they were given, the end not included; nil for open ends.
    var from: String?
    var to: String?
    var order: RowOrder
    /// Where the page before ended.
    var cursor: SearchCursor?
    /// The names of the times in the request, for problems.
    var timeNames = (from: "time_range.from", to: "time_range.to")

    var fingerprint: UInt64 {
        SearchCursor.fingerprint(of: [
            filter.description, from.map { "from " + $0 } ?? "", to.map { "to " + $0 } ?? "",
            order == .oldestFirst ? "asc" : "desc",
        ])
    }

    /// The query over the events that are searched for; relative times count from `now`.
    func job(_ pipes: [Pipe] = [], timeout: Duration, now: Timestamp) throws(Problem) -> QueryRunner.Job {
        QueryRunner.Job(
            query: Query(filter: filter, pipes: pipes),
            from: try QueryRequests.time(timeNames.from, from, now: now, isEnd: false),
            to: try QueryRequests.time(timeNames.to, to, now: now, isEnd: false), timeout: timeout, now: now)
    }

    /// Takes a cursor, which must belong to these terms.
    mutating func take(cursor text: String?) throws(Problem) {
        guard let text else { return }
        let cursor: SearchCursor
        do throws(SearchCursor.Fault) {
            cursor = try SearchCursor(text: text)
        } catch {
            switch error {
            case .damaged:
                throw .badValue(
                    "cursor",
                    "`cursor` is damaged: give `next_cursor` of the page before as it came, or begin without one")
            case .version(let version):
                throw .badValue(
                    "cursor", "`cursor` is of version \(version), which this collector does not read: begin without one"
                )
            }
        }
        guard cursor.fingerprint == fingerprint else {
            throw .badValue(
                "cursor",
                "`cursor` belongs to another search: filters, times and order must stay the same from page to page")
        }
        self.cursor = cursor
    }
}

extension SearchTerms {
    /// The query, as it goes on behind the cursor; the caller sets its limit.
    func jobBehindCursor(timeout: Duration) throws(Problem) -> QueryRunner.Job {
        let now = cursor?.now ?? Timestamp(nanoseconds: SystemClock.wallNanos())
        var job = try self.job(timeout: timeout, now: now)
        job.order = order
        job.after = cursor?.row
        job.ids = 0...(cursor?.lastID ?? .max)
        // The first page counts for all of them: the others need not look at what they do not show.
        job.countsHits = cursor?.isCounting ?? true
        // Behind a stream that was cut short what that had not is counted.
        job.isResumable = cursor?.isCounting ?? false
        return job
    }
}

/// A page of events, written.
struct SearchPage: Sendable {
    /// The events as JSON, with commas between them.
    var logs: [UInt8]
    /// All events that match, wherever the page stands.
    var hits: Int
    /// Where the next page begins; nil at the end.
    var next: SearchCursor?
    var summary: ExecutionSummary
    var completeness: Completeness

    /// The answer.
    ///
    /// - Parameters:
    ///   - name: of the member with the number of hits.
    ///   - start: when the request came, nanoseconds of the monotonic clock.
    /// - Returns: JSON.
    func document(hits name: String, since start: UInt64) -> [UInt8] {
        var writer = ByteWriter(capacity: logs.count + 256)
        writer.append(utf8: #"{"\#(name)":\#(hits),"#)
        summary.writeMembers(completeness, since: start, to: &writer)
        writer.append(utf8: #","logs":["#)
        writer.append(contentsOf: logs)
        writer.append(utf8: #"],"next_cursor":"#)
        (next.map { JSONValue.string($0.text) } ?? .null).write(to: &writer)
        writer.append(0x7D)
        return writer.array()
    }
}

/// Makes pages of events: of so many rows at most, and of bounded bytes.
struct SearchPages: Sendable {
    let runner: QueryRunner

    private struct Written: Sendable {
        var logs: [UInt8] = []
        /// The rows, and where in `logs` each ends.
        var rows: [(cursor: RowCursor, end: Int)] = []
        /// Whether there are rows behind these.
        var hasMore = false

        var memoryBytes: Int { logs.capacity + rows.capacity * MemoryLayout<(RowCursor, Int)>.stride }

        /// Leaves the rows behind the first `count` to the next page.
        mutating func end(after count: Int) {
            rows.removeSubrange(count...)
            logs.removeSubrange((rows.last?.end ?? 0)...)
            hasMore = true
        }
    }

    /// Finds and writes a page.
    ///
    /// - Parameters:
    ///   - terms: what is searched for.
    ///   - limit: rows of the page.
    ///   - timeout: how long it may take.
    ///   - form: the form that `write` gives rows: equal searches for pages of one form are one, as long as they have
    ///     not begun to look; nil for none.
    ///   - write: appends one row of a block as JSON.
    /// - Returns: the page, and where the next one begins.
    /// - Throws: ``Problem``, see ``QueryRunner/collect(_:into:bytes:emit:)``.
    func page(
        _ terms: SearchTerms, limit: Int, timeout: Duration, form: String? = nil,
        write: @escaping @Sendable (ResultBlock, Int, inout ByteWriter) -> Void
    ) async throws -> SearchPage {
        let cursor = terms.cursor
        var job = try terms.jobBehindCursor(timeout: timeout)
        // One more, to know whether there is a page behind this one.
        job.limit = limit == 0 ? 0 : limit + 1
        job.goesOn = job.limit != 0
        guard let form else { return try await page(terms, job, limit: limit, write: write) }
        return try await runner.pages.answer(AnswerKey(job, form: "\(form) \(terms.fingerprint)", cursor: cursor?.text))
        { [job] in
            try await page(terms, job, limit: limit, write: write)
        }
    }

    private func page(
        _ terms: SearchTerms, _ job: QueryRunner.Job, limit: Int,
        write: @escaping @Sendable (ResultBlock, Int, inout ByteWriter) -> Void
    ) async throws -> SearchPage {
        let (cursor, now) = (terms.cursor, job.now)
        let bytes = runner.limits.pageBytes
        var (page, summary) = try await runner.collect(job, into: Written(), bytes: { $0.memoryBytes }) {
            page, block in
            var writer = ByteWriter(capacity: 1 << 12)
            for (index, row) in block.rows.enumerated() {
                guard page.rows.count < limit, page.rows.isEmpty || page.logs.count < bytes else {
                    page.hasMore = true
                    return false
                }
                writer.removeAll()
                if !page.rows.isEmpty { writer.append(0x2C) }
                write(block, index, &writer)
                writer.withBytes { page.logs.append(contentsOf: $0) }
                page.rows.append((block.cursors[row], page.logs.count))
            }
            return true
        }
        if let skipped = summary.skipped, !page.rows.isEmpty {
            // What a limit left out may belong between the rows. The page ends in front of it, and the next one goes on
            // there. Where it belongs in front of all rows, no cursor could lead to it.
            let count = page.rows.prefix { skipped.isBehind($0.cursor, terms.order) }.count
            if count > 0 {
                page.end(after: count)
            } else {
                page.hasMore = false
                summary.gaps.append("what was left out may come before these events, so there is no next page")
            }
        }
        let hits = (cursor?.hits ?? 0) + (job.countsHits ? summary.hits : 0)
        var next: SearchCursor?
        var end = page.hasMore ? page.rows.last?.cursor : nil
        // A limit that met before there was any row: the next page begins in front of what was not looked at.
        let hasLooked = summary.scannedRows + summary.knownRows > 0
        if page.rows.isEmpty, limit > 0, hasLooked, let start = summary.skipped?.start(terms.order) {
            if Self.isBehind(start, cursor?.row, terms.order) {
                end = start
            } else {
                summary.gaps.append(
                    "the limit does not let the search come further from here, so there is no next page")
            }
        }
        if let end {
            next = SearchCursor(
                row: end, now: now, lastID: cursor?.lastID ?? RowID.last(at: summary.lastPosition), hits: hits,
                hitsAreComplete: (cursor?.hitsAreComplete ?? true) && (summary.isComplete || !job.countsHits),
                fingerprint: terms.fingerprint)
        }
        if let cursor, !cursor.hitsAreComplete {
            summary.isComplete = false
            summary.gaps.append("the first page could not count all hits")
        }
        return SearchPage(
            logs: page.logs, hits: hits, next: next, summary: summary,
            completeness: runner.completeness(job, summary, goesOn: next == nil ? .nowhere : .cursor))
    }

    /// Whether a search that goes on behind `place` comes further than one behind `known`.
    private static func isBehind(_ place: RowCursor, _ known: RowCursor?, _ order: RowOrder) -> Bool {
        guard let known else { return true }
        return order == .oldestFirst ? place.time > known.time : place.time < known.time
    }
}
