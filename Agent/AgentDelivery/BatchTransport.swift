package import CurlTransport
import LineFormats
import SystemIO
import WireProtocol

/// Sends batches: the seam at which tests put a collector of their own.
package protocol BatchTransport: AnyObject {
    /// Sends one batch and waits for the answer.
    ///
    /// - Parameters:
    ///   - batch: what to send.
    ///   - shouldContinue: asked while waiting; false gives the attempt up.
    /// - Returns: what became of it.
    func send(_ batch: SpoolRecord, shouldContinue: () -> Bool) -> DeliveryOutcome

    /// Sends a heartbeat and waits for the answer, a few seconds at most.
    ///
    /// - Returns: the number of the last drop that the collector has; nil when it did not take the heartbeat.
    func beat(_ heartbeat: AgentHeartbeat, shouldContinue: () -> Bool) -> UInt64?
}

/// Sends batches to a collector over HTTP. One thread at a time.
package final class HTTPBatchTransport: BatchTransport {
    private var client: HTTPClient
    private let userAgent: String
    private let tls: TLSFiles
    private let sendRate: Int?
    private var stamps: [FileStatus?]
    private var stampedAt: UInt64 = 0
    private let url: String
    private let heartbeatURL: String
    private let headers: [(name: String, value: String)]

    /// Makes it.
    ///
    /// - Parameters:
    ///   - url: of the collector, without a path: `http://logs:7600`.
    ///   - headers: sent along with each batch, such as a key.
    ///   - userAgent: what it says of itself.
    ///   - tls: the files of TLS connections; when one of them changes, connections are made anew.
    ///   - sendRate: the most bytes a second; nil for no limit.
    /// - Throws: `TransportError` when libcurl cannot be set up.
    package init(
        url: String, headers: [(name: String, value: String)], userAgent: String, tls: TLSFiles = TLSFiles(),
        sendRate: Int? = nil
    ) throws(TransportError) {
        client = try HTTPClient(userAgent: userAgent, tls: tls)
        self.userAgent = userAgent
        self.tls = tls
        self.sendRate = sendRate
        stamps = Self.stamps(tls)
        var base = url
        while base.utf8.last == UInt8(ascii: "/") { base.removeLast() }
        self.url = base + "/v1/ingest"
        heartbeatURL = base + "/v1/heartbeat"
        self.headers = headers
    }

    package func send(_ batch: SpoolRecord, shouldContinue: () -> Bool) -> DeliveryOutcome {
        reloadIfChanged()
        return batch.withBody { body in
            var request = HTTPRequest(method: "POST", url: url, headers: headers, body: .borrowed(body))
            request.headers.append(("Content-Type", BatchCodec.mediaType))
            request.headers.append(("Content-Encoding", "zstd"))
            request.headers.append(("Lodge-Agent", batch.agent))
            request.headers.append(("Lodge-Epoch", String(batch.epoch)))
            request.headers.append(("Lodge-Sequence", String(batch.sequence)))
            // A limit must not make a batch fail for its length: it may take its time, and some.
            let seconds = sendRate.map { 60 + body.count / max(1, $0) * 2 } ?? 60
            request.totalTimeout = .seconds(seconds)
            request.prefersHTTP2 = true
            request.sendRate = sendRate
            request.responseLimit = 1 << 20
            do throws(TransportError) {
                return HTTPBatchTransport.outcome(of: try client.send(request, shouldContinue: shouldContinue))
            } catch {
                return .unreachable(error)
            }
        }
    }

    package func beat(_ heartbeat: AgentHeartbeat, shouldContinue: () -> Bool) -> UInt64? {
        var request = HTTPRequest(
            method: "POST", url: heartbeatURL, headers: headers, body: .bytes(heartbeat.document.bytes))
        request.headers.append(("Content-Type", "application/json"))
        request.totalTimeout = .seconds(5)
        request.responseLimit = 64 << 10
        guard let response = try? client.send(request, shouldContinue: shouldContinue), response.status == 200,
            let document = try? JSONValue(parsing: response.body),
            case .number(let text)? = document["drops_acknowledged"]
        else { return nil }
        return UInt64(text)
    }

    /// How often the files of TLS are looked at.
    private static let reloadInterval: UInt64 = 1_000_000_000

    private static func stamps(_ tls: TLSFiles) -> [FileStatus?] {
        tls.paths.map { (try? FileSystem.status($0)) ?? nil }
    }

    /// A new client has no connections: the next one is made with what is in the files now. What cannot be used is told
    /// by the attempt to send.
    private func reloadIfChanged() {
        if tls.paths.isEmpty { return }
        let now = SystemClock.monotonicNanos()
        guard now &- stampedAt >= Self.reloadInterval else { return }
        stampedAt = now
        let found = Self.stamps(tls)
        guard found != stamps, let fresh = try? HTTPClient(userAgent: userAgent, tls: tls) else { return }
        stamps = found
        client = fresh
    }

    /// What an answer means. Only the collector's own words count as acceptance: anything may listen on a port and say
    /// 200, or even 202.
    package static func outcome(of response: HTTPResponse) -> DeliveryOutcome {
        // A body that is no JSON says nothing, like one that is absent.
        let document = try? JSONValue(parsing: response.body)
        if response.status == 202, let document, let accepted = document["accepted"]?.int {
            return .accepted(
                events: accepted, failed: document["failed"]?.int ?? 0,
                isDuplicate: document["duplicate"]?.bool ?? false, lagHint: document["lag_hint"]?.string ?? "normal",
                rejected: (document["errors"]?.array ?? []).compactMap { error in
                    guard let index = error["index"]?.int, let reason = error["reason"]?.string else { return nil }
                    return RejectedEvent(index: index, reason: reason)
                })
        }
        let type = response.header("Content-Type") ?? ""
        let isProblem = type.hasPrefix("application/problem+json") && document?["title"]?.string != nil
        var title = document?["title"]?.string ?? "the answer is none of a collector"
        if let detail = document?["detail"]?.string, isProblem { title += ": \(detail)" }
        let retryAfter = response.header("Retry-After").flatMap { Int($0) }.map { Duration.seconds(max(0, $0)) }
        return .refused(status: response.status, title: title, isProblem: isProblem, retryAfter: retryAfter)
    }
}
