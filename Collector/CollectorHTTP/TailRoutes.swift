import LineFormats
import ByteCoding
import HTTPTypes
import HummingbirdCore
import LiveTail
import LogModel
import NIOCore
import QueryEngine
import QueryLanguage
import StoreEngine
import StoreFormat
import SystemIO
import Workers

/// `GET /v1/tail`: events as they are committed, as server-sent events.
struct TailRoutes: Sendable {
    /// Events from before the client came that are made up for after `Last-Event-ID`.
    static let resumedEvents = 10_000

    let hub: TailHub
    let runner: QueryRunner

    private static let lastEventID = HTTPField.Name("Last-Event-ID")

    func add(to router: inout Router) {
        let endpoint = Endpoint(
            .get, "/v1/tail", parameters: ["query", "service", "host", "level", "max_rate", "last_event_id"])
        router.add(endpoint) { try await tail($0) }
    }

    /// Appends one event: its id, and the event in the form of the native API.
    static func render(_ batch: EventBatch, _ row: Int, _ id: UInt64, _ writer: inout ByteWriter) {
        writer.append(utf8: "id: \(id)\ndata: ")
        batch.writeLog(row, to: &writer)
        writer.append(utf8: "\n\n")
    }

    private func tail(_ exchange: Exchange) async throws -> Response {
        let filter = try self.filter(exchange.query)
        let rate = try QueryRequests.count("max_rate", exchange.query["max_rate"], upTo: 1_000_000) ?? 1_000
        let lastID = try self.lastID(exchange)
        if filter.hasSubquery {
            throw Problem.badValue("query", "a live tail takes no queries inside filters, such as `in(... | fields x)`")
        }
        let matcher = RowMatcher(filter, now: Timestamp(nanoseconds: SystemClock.wallNanos()))
        let client: TailClient
        do throws(TailError) {
            client = try hub.subscribe(maximumRate: max(1, rate)) { matcher.prepare($0).matchingRows() }
        } catch {
            if case .stopped = error { throw Problem.stopping }
            throw Problem(
                429, "too-many-tails", "Too many clients follow the log", error.description,
                extra: [.init("limit", .integer(hub.options.maximumClients))], retryAfter: 10)
        }
        let missed: TailPiece?
        do {
            missed = try await lastID.asyncMap { try await self.missed(since: $0, client, filter) }
        } catch {
            hub.unsubscribe(client)
            throw error
        }
        let headers: HTTPFields = [.contentType: "text/event-stream", .cacheControl: "no-store"]
        let (hub, request) = (self.hub, exchange.request)
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                defer { hub.unsubscribe(client) }
                // A comment right away, so that the client knows it is connected.
                try await writer.write(ByteBuffer(string: ": connected\n\n"))
                if let missed { try await writer.write(Self.bytes(of: missed)) }
                try await request.body.consumeWithInboundCloseHandler { _ in
                    while let piece = await client.next() { try await writer.write(Self.bytes(of: piece)) }
                } onInboundClosed: {
                    client.end()
                }
                try await writer.finish(nil)
            })
    }

    private static func bytes(of piece: TailPiece) -> ByteBuffer {
        switch piece {
        case .heartbeat: return ByteBuffer(string: ": heartbeat\n\n")
        case .events(let bytes, let dropped):
            var buffer = ByteBuffer(bytes: bytes)
            if dropped > 0 { buffer.writeString("event: dropped\ndata: {\"count\":\(dropped)}\n\n") }
            return buffer
        }
    }

    private func filter(_ parameters: FormParameters) throws(Problem) -> Filter {
        var filters = [
            QueryRequests.withoutTimes(
                try QueryRequests.filter(parameters["query"], for: "/v1/tail").caseInsensitiveWords())
        ]
        for name in ["service", "host", "level"] {
            let values = parameters.all(name).flatMap { $0.split(separator: ",").map(String.init) }
            if !values.isEmpty { filters.append(QueryRequests.filter(name, values)) }
        }
        return .conjunction(filters)
    }

    private func lastID(_ exchange: Exchange) throws(Problem) -> UInt64? {
        let header = Self.lastEventID.flatMap { exchange.headers[$0] }
        guard let text = header ?? exchange.query["last_event_id"], !text.isEmpty else { return nil }
        guard let id = UInt64(text) else {
            throw .badValue("Last-Event-ID", "Last-Event-ID must be the id of an event that was sent before")
        }
        return id
    }

    private struct Missed: Sendable {
        var events: [(id: UInt64, bytes: [UInt8])] = []
        var bytes = 0
        /// Whether it ended at its bytes.
        var isCut = false
    }

    /// What was committed after the event `id` and before the client came, from the store.
    private func missed(since id: UInt64, _ client: TailClient, _ filter: Filter) async throws -> TailPiece? {
        let last = RowID.last(at: client.joinedAfter)
        guard id < last else { return nil }
        let job = QueryRunner.Job(
            query: Query(filter: filter), limit: Self.resumedEvents, order: .newestFirst, countsHits: true,
            ids: (id + 1)...last, timeout: .seconds(10), now: Timestamp(nanoseconds: SystemClock.wallNanos()))
        let pageBytes = runner.limits.pageBytes
        let (missed, summary) = try await runner.collect(job, into: Missed(), bytes: { $0.bytes }) { missed, block in
            var writer = ByteWriter(capacity: 512)
            for (index, row) in block.rows.enumerated() {
                let found = block.cursors[row].id
                guard found > id, found <= last else { continue }
                writer.removeAll()
                writer.append(utf8: "id: \(found)\ndata: ")
                block.writeLog(index, to: &writer)
                writer.append(utf8: "\n\n")
                missed.events.append((found, writer.array()))
                missed.bytes += writer.count + 64
                missed.isCut = missed.bytes >= pageBytes
                if missed.isCut { break }
            }
            return !missed.isCut
        }
        let bytes = missed.events.sorted { $0.id < $1.id }.flatMap(\.bytes)
        return .events(bytes, dropped: max(0, summary.hits - (missed.isCut ? missed.events.count : Self.resumedEvents)))
    }
}

extension Optional {
    fileprivate func asyncMap<Result>(_ transform: (Wrapped) async throws -> Result?) async throws -> Result? {
        guard let self else { return nil }
        return try await transform(self)
    }
}
