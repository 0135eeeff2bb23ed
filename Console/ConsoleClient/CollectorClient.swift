package import CollectorAPI
package import CurlTransport
import LogModel

/// The collector's API for one thread. Calls block; ``cancellation`` ends the one that runs from another thread.
package final class CollectorClient {
    /// Largest answer of a search page or an aggregation.
    package static let maxAnswerBytes = 64 << 20

    /// Ends the running call.
    package var cancellation: TransferCancellation { http.cancellation }

    private let http: HTTPClient
    private let address: CollectorAddress
    private let timeout: Duration

    /// Makes a client.
    ///
    /// - Parameters:
    ///   - address: where the collector is.
    ///   - timeout: for a whole answer; streams have none.
    ///   - version: told to the collector.
    /// - Throws: ``RequestFailure/unreachable(_:)`` when libcurl cannot be set up.
    package init(_ address: CollectorAddress, timeout: Duration, version: String) throws(RequestFailure) {
        self.address = address
        self.timeout = timeout
        do {
            http = try HTTPClient(userAgent: "lodge/\(version)")
        } catch {
            throw .unreachable(error.message)
        }
    }

    /// Asks `/health`, and says how long the answer took and what the collector's clock says (whole seconds).
    package func health() throws(RequestFailure) -> (health: Health, roundTrip: Duration, date: String?) {
        let response = try send(request("GET", "/health"))
        let timing = response.timing
        return (try Health(parsing: response.body), timing.total - timing.connected, response.header("Date"))
    }

    /// Asks `/v1/storage`.
    package func storage() throws(RequestFailure) -> StorageState {
        try StorageState(parsing: try send(request("GET", "/v1/storage")).body)
    }

    /// Asks `/v1/queries`: what runs, and the document that says it.
    package func queries() throws(RequestFailure) -> (list: QueryList, document: [UInt8]) {
        let body = try send(request("GET", "/v1/queries")).body
        return (try QueryList(parsing: body), body)
    }

    /// Ends a query.
    ///
    /// - Parameters:
    ///   - id: as ``queries()`` names it.
    ///   - quarantine: how long queries of its shape are refused; nil for not at all.
    /// - Throws: ``RequestFailure``: a problem with the status 404 when there is none.
    package func killQuery(_ id: String, quarantine: Duration?) throws(RequestFailure) {
        let more = quarantine.map { "?quarantine=\($0.logForm)" } ?? ""
        _ = try send(request("DELETE", "/v1/queries/\(id)\(more)"))
    }

    /// Lets queries of a shape run again.
    ///
    /// - Throws: ``RequestFailure``: a problem with the status 404 when there is none.
    package func releaseShape(_ id: String) throws(RequestFailure) {
        _ = try send(request("DELETE", "/v1/queries/shapes/\(id)"))
    }

    /// One page of hits.
    package func search(_ search: SearchRequest) throws(RequestFailure) -> SearchPage {
        try SearchPage(parsing: try send(post("/v1/search", search.body)).body)
    }

    /// Counts by level and time.
    package func count(_ count: LevelCountRequest) throws(RequestFailure) -> LevelCounts {
        try LevelCounts(parsing: try send(post("/v1/aggregate", count.body)).body)
    }

    /// Runs a query and hands over the lines of JSON as they arrive, in pieces of any size.
    ///
    /// - Parameters:
    ///   - query: LogsQL.
    ///   - range: nil for what the query itself says.
    ///   - limit: most rows; nil for all.
    ///   - explains: whether an explanation is wanted instead of the rows.
    ///   - requestID: names the query in ``queries()``.
    ///   - onWait: called at least twice a second.
    ///   - onNote: is told, before the first row, when the answer is known not to be complete.
    ///   - onBytes: returns false to stop.
    /// - Throws: ``RequestFailure`` when there was no answer, or not a whole one.
    package func query(
        _ query: String, range: TimeRange?, limit: Int?, explains: Bool = false, requestID: String? = nil,
        onWait: () -> Void = {},
        onNote: @escaping (CompletenessNote) -> Void = { _ in },
        onBytes: @escaping (UnsafeRawBufferPointer) -> Bool
    ) throws(RequestFailure) {
        var form = "query=\(percentEncoded(query))"
        if let limit { form += "&limit=\(limit)" }
        if explains { form += "&explain=1" }
        if let range {
            form += "&start=\(percentEncoded(range.from.description))"
            // The end of this API is part of the range.
            form += "&end=\(percentEncoded(range.to.adding(nanoseconds: -1).description))"
        }
        var request = request("POST", "/select/logsql/query")
        request.headers.append(("Content-Type", "application/x-www-form-urlencoded"))
        if let requestID { request.headers.append(("X-Request-ID", requestID)) }
        request.body = .bytes(Array(form.utf8))
        if limit == nil {
            // All rows may take as long as they take, as long as something comes.
            request.totalTimeout = nil
            request.idleTimeout = timeout
        }
        try stream(
            request,
            shouldContinue: {
                onWait()
                return true
            },
            onOpen: { response in
                if let note = CompletenessNote(header: response.header(CompletenessNote.header)) { onNote(note) }
            }, onBytes: onBytes)
    }

    /// Follows lines as they arrive until the connection breaks, `shouldContinue` says no, or `onBytes` returns false.
    ///
    /// - Parameters:
    ///   - query: LogsQL; only its filter is used.
    ///   - lastID: resume behind this event.
    ///   - maxRate: most lines a second; the collector leaves out and counts what is above.
    ///   - shouldContinue: asked several times a second.
    ///   - onOpen: called when the collector has accepted.
    ///   - onBytes: server-sent events in pieces of any size.
    /// - Throws: ``RequestFailure`` when the collector refused or the connection broke.
    package func tail(
        _ query: String, lastID: String?, maxRate: Int, shouldContinue: () -> Bool, onOpen: @escaping () -> Void,
        onBytes: @escaping (UnsafeRawBufferPointer) -> Bool
    ) throws(RequestFailure) {
        var request = request("GET", "/v1/tail?query=\(percentEncoded(query))&max_rate=\(maxRate)")
        request.headers.append(("Accept", "text/event-stream"))
        if let lastID { request.headers.append(("Last-Event-ID", lastID)) }
        request.totalTimeout = nil
        // The collector sends a sign of life every 15 seconds.
        request.idleTimeout = .seconds(40)
        try stream(request, shouldContinue: shouldContinue, onOpen: { _ in onOpen() }, onBytes: onBytes)
    }

    private func request(_ method: String, _ path: String) -> HTTPRequest {
        var request = HTTPRequest(method: method, url: address.base + path)
        request.connectTimeout = min(.seconds(5), timeout)
        request.totalTimeout = timeout
        request.responseLimit = Self.maxAnswerBytes
        return request
    }

    private func post(_ path: String, _ body: [UInt8]) -> HTTPRequest {
        var request = request("POST", path)
        request.headers.append(("Content-Type", "application/json"))
        request.body = .bytes(body)
        return request
    }

    private func send(_ request: HTTPRequest) throws(RequestFailure) -> HTTPResponse {
        let response: HTTPResponse
        do {
            response = try http.send(request)
        } catch {
            throw failure(error)
        }
        guard response.isSuccess else { throw .problem(Problem(status: response.status, body: response.body)) }
        return response
    }

    private func stream(
        _ request: HTTPRequest, shouldContinue: () -> Bool, onOpen: @escaping (HTTPResponse) -> Void,
        onBytes: @escaping (UnsafeRawBufferPointer) -> Bool
    ) throws(RequestFailure) {
        let response: HTTPResponse
        do {
            response = try http.stream(
                request, shouldContinue: shouldContinue,
                onResponse: { response in
                    if response.isSuccess { onOpen(response) }
                    return .proceed
                }, onBytes: { onBytes($0) ? .proceed : .stop })
        } catch {
            throw failure(error)
        }
        guard response.isSuccess else { throw .problem(Problem(status: response.status, body: response.body)) }
    }

    private func failure(_ error: TransportError) -> RequestFailure {
        switch error.code {
        case .cancelled: .cancelled
        case .timeout: .timedOut
        case .tooLarge, .interrupted: .broken(error.message)
        case .invalidRequest: .malformed(error.message)
        case .cannotResolve, .cannotConnect, .tls, .other: .unreachable(error.message)
        }
    }
}
