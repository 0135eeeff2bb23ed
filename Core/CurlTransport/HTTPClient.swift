import CCurl
import Glibc

/// A blocking HTTP client over libcurl: the calling thread waits, connections are kept and used again.
///
/// One thread at a time; a client is made and used by its owner and is not `Sendable`. Only ``cancellation`` may be
/// handed to other threads. Redirects are not followed: the caller sees the 3xx. `http_proxy` and its relatives are
/// obeyed except for loopback addresses. Never call it from the cooperative pool: it blocks.
package final class HTTPClient {
    /// Ends the running transfer from another thread.
    package let cancellation = TransferCancellation()

    private let easy: UnsafeMutableRawPointer
    private let multi: UnsafeMutableRawPointer
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private let userAgent: String
    private let tls: TLSFiles

    /// How long the client waits before it asks `shouldContinue` again.
    private static let pollMilliseconds: Int32 = 250

    /// `curl_global_init` once in a process, and SIGPIPE ignored: a peer that hangs up is an error, not a signal.
    private static let prepared: Bool = {
        signal(SIGPIPE, SIG_IGN)
        return curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK
    }()

    /// Makes a client.
    ///
    /// - Parameters:
    ///   - userAgent: what it says of itself in `User-Agent`.
    ///   - tls: the files of its TLS connections. Connections that stand keep what was in them; a new client begins anew.
    /// - Throws: `TransportError` `.other` when libcurl cannot be set up (out of memory).
    package init(userAgent: String, tls: TLSFiles = TLSFiles()) throws(TransportError) {
        guard HTTPClient.prepared, let easy = curl_easy_init() else {
            throw TransportError(.other, "libcurl cannot be initialised")
        }
        guard let multi = curl_multi_init() else {
            curl_easy_cleanup(easy)
            throw TransportError(.other, "libcurl cannot be initialised")
        }
        self.easy = easy
        self.multi = multi
        self.userAgent = userAgent
        self.tls = tls
        _ = lodge_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, 4)
        cancellation.attach(multi)
    }

    deinit {
        cancellation.attach(nil)
        curl_easy_cleanup(easy)
        curl_multi_cleanup(multi)
        errorText.deallocate()
    }

    /// Sends a request and waits for the whole response.
    ///
    /// - Parameters:
    ///   - request: what to send.
    ///   - shouldContinue: asked at least twice a second while waiting; false ends the transfer.
    /// - Returns: the response, whatever its status.
    /// - Throws: `TransportError`, when there is no response. Any status is a response.
    package func send(
        _ request: HTTPRequest, shouldContinue: () -> Bool = { true }
    ) throws(TransportError) -> HTTPResponse {
        try run(request, Transfer(responseLimit: request.responseLimit), shouldContinue)
    }

    /// Sends a request and hands over the body as it arrives (SSE, NDJSON).
    ///
    /// The bytes of a 2xx response go to `onBytes` and are valid only during the call; the body of any other response
    /// is in the returned value. Set `totalTimeout` to nil for a stream without an end.
    /// - Parameters:
    ///   - request: what to send.
    ///   - shouldContinue: asked at least twice a second; false ends the transfer with ``TransportError/Code/cancelled``.
    ///   - onResponse: called once with status and headers, before the first byte of the body.
    ///   - onBytes: called for each run of bytes; ``StreamVerdict/stop`` ends the transfer and the call returns.
    /// - Returns: status and headers; the body only where it was not streamed.
    /// - Throws: `TransportError`, when there is no response or it broke off.
    package func stream(
        _ request: HTTPRequest, shouldContinue: () -> Bool = { true },
        onResponse: @escaping (HTTPResponse) -> StreamVerdict = { _ in .proceed },
        onBytes: @escaping (UnsafeRawBufferPointer) -> StreamVerdict
    ) throws(TransportError) -> HTTPResponse {
        let transfer = Transfer(responseLimit: request.responseLimit, onResponse: onResponse, onBytes: onBytes)
        return try run(request, transfer, shouldContinue)
    }

    private func run(
        _ request: HTTPRequest, _ transfer: Transfer, _ shouldContinue: () -> Bool
    ) throws(TransportError) -> HTTPResponse {
        if case .bytes(let bytes) = request.body {
            // The array is kept in place for as long as libcurl reads from it.
            let outcome: Result<HTTPResponse, TransportError> = bytes.withUnsafeBytes { buffer in
                Result { () throws(TransportError) in
                    try perform(request, buffer, transfer, shouldContinue)
                }
            }
            return try outcome.get()
        }
        if case .borrowed(let buffer) = request.body {
            return try perform(request, buffer, transfer, shouldContinue)
        }
        return try perform(request, nil, transfer, shouldContinue)
    }

    private func perform(
        _ request: HTTPRequest, _ body: UnsafeRawBufferPointer?, _ transfer: Transfer, _ shouldContinue: () -> Bool
    ) throws(TransportError) -> HTTPResponse {
        if cancellation.isCancelled { throw cancelled(request) }
        let fields = try makeHeaderList(request)
        defer { curl_slist_free_all(fields) }
        configure(request, body, fields)
        errorText.update(repeating: 0, count: Int(CURL_ERROR_SIZE))
        let context = Unmanaged.passUnretained(transfer).toOpaque()
        _ = lodge_curl_set_sink(easy, CURLOPT_HEADERFUNCTION, headerSink)
        _ = lodge_curl_set_pointer(easy, CURLOPT_HEADERDATA, context)
        _ = lodge_curl_set_sink(easy, CURLOPT_WRITEFUNCTION, contentSink)
        _ = lodge_curl_set_pointer(easy, CURLOPT_WRITEDATA, context)
        guard curl_multi_add_handle(multi, easy) == CURLM_OK else {
            throw TransportError(.other, "libcurl refused the request to \(place(request))")
        }
        defer { curl_multi_remove_handle(multi, easy) }
        let result = try withExtendedLifetime(transfer) { () throws(TransportError) in
            try drive(request, shouldContinue)
        }
        if result != CURLE_OK, transfer.refusal != .stopped { throw failure(result, request, transfer) }
        return HTTPResponse(
            status: transfer.status, headers: transfer.headers, body: transfer.body, timing: timing())
    }

    /// Runs the transfer to its end. `curl_multi` instead of `curl_easy_perform`, because its wait can be woken.
    private func drive(_ request: HTTPRequest, _ shouldContinue: () -> Bool) throws(TransportError) -> CURLcode {
        var running: Int32 = 1
        while true {
            let code = curl_multi_perform(multi, &running)
            if code != CURLM_OK {
                throw TransportError(
                    .other, "the transfer with \(place(request)) failed: \(String(cString: curl_multi_strerror(code)))")
            }
            var result = CURLE_OK
            if running == 0 {
                return lodge_curl_multi_result(multi, &result) == 1 ? result : CURLE_RECV_ERROR
            }
            if cancellation.isCancelled || !shouldContinue() { throw cancelled(request) }
            _ = curl_multi_poll(multi, nil, 0, HTTPClient.pollMilliseconds, nil)
        }
    }

    private func configure(
        _ request: HTTPRequest, _ body: UnsafeRawBufferPointer?, _ fields: UnsafeMutablePointer<curl_slist>?
    ) {
        // Resets all options and keeps connections and the DNS cache.
        curl_easy_reset(easy)
        _ = lodge_curl_set_long(easy, CURLOPT_NOSIGNAL, 1)
        _ = lodge_curl_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        _ = lodge_curl_set_long(easy, CURLOPT_TCP_KEEPALIVE, 1)
        // HTTP/2 is agreed on in the TLS handshake only: without TLS nobody can be asked for it.
        let version = request.prefersHTTP2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1
        _ = lodge_curl_set_long(easy, CURLOPT_HTTP_VERSION, Int(version))
        if let file = tls.authorities { _ = lodge_curl_set_string(easy, CURLOPT_CAINFO, file) }
        if let file = tls.certificate { _ = lodge_curl_set_string(easy, CURLOPT_SSLCERT, file) }
        if let file = tls.key { _ = lodge_curl_set_string(easy, CURLOPT_SSLKEY, file) }
        if let rate = request.sendRate { _ = lodge_curl_set_offset(easy, CURLOPT_MAX_SEND_SPEED_LARGE, Int64(rate)) }
        _ = lodge_curl_set_string(easy, CURLOPT_USERAGENT, userAgent)
        _ = lodge_curl_set_string(easy, CURLOPT_URL, request.url)
        _ = lodge_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText)
        _ = lodge_curl_set_list(easy, CURLOPT_HTTPHEADER, fields)
        _ = lodge_curl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(request.connectTimeout))
        if let total = request.totalTimeout {
            _ = lodge_curl_set_long(easy, CURLOPT_TIMEOUT_MS, milliseconds(total))
        }
        if let idle = request.idleTimeout {
            _ = lodge_curl_set_long(easy, CURLOPT_LOW_SPEED_LIMIT, 1)
            _ = lodge_curl_set_long(easy, CURLOPT_LOW_SPEED_TIME, max(1, milliseconds(idle) / 1000))
        }
        if isLoopback(place(request)) { _ = lodge_curl_set_string(easy, CURLOPT_PROXY, "") }
        if let body {
            _ = lodge_curl_set_long(easy, CURLOPT_POST, 1)
            // An empty POSTFIELDS with its size is an empty body; nil would make libcurl read from stdin.
            let start = body.baseAddress ?? UnsafeRawPointer(errorText)
            _ = lodge_curl_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, Int64(body.count))
            _ = lodge_curl_set_constant_pointer(easy, CURLOPT_POSTFIELDS, start)
        } else if request.method == "HEAD" {
            _ = lodge_curl_set_long(easy, CURLOPT_NOBODY, 1)
        }
        let usual = body == nil ? (request.method == "HEAD" ? "HEAD" : "GET") : "POST"
        if request.method != usual { _ = lodge_curl_set_string(easy, CURLOPT_CUSTOMREQUEST, request.method) }
    }

    private func makeHeaderList(_ request: HTTPRequest) throws(TransportError) -> UnsafeMutablePointer<curl_slist>? {
        // Without `Expect:` libcurl asks for a 100 before larger bodies and waits a second for servers that ignore it.
        var list = curl_slist_append(nil, "Expect:")
        for (name, value) in request.headers {
            let line = value.isEmpty ? "\(name);" : "\(name): \(value)"
            if line.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D || $0 == 0 }) {
                curl_slist_free_all(list)
                throw TransportError(.invalidRequest, "the header field \(name) contains a line break")
            }
            list = curl_slist_append(list, line)
        }
        return list
    }

    private func failure(_ code: CURLcode, _ request: HTTPRequest, _ transfer: Transfer) -> TransportError {
        let detail = errorText[0] == 0 ? String(cString: curl_easy_strerror(code)) : String(cString: errorText)
        let place = place(request)
        if transfer.refusal == .tooLarge {
            return TransportError(.tooLarge, "the response of \(place) is larger than \(request.responseLimit) bytes")
        }
        switch code {
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL:
            return TransportError(.invalidRequest, "cannot use the URL `\(request.url)`: \(detail)")
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
            return TransportError(.cannotResolve, "cannot resolve \(place): \(detail)")
        case CURLE_COULDNT_CONNECT:
            return TransportError(.cannotConnect, "cannot connect to \(place): \(detail)")
        case CURLE_OPERATION_TIMEDOUT:
            return TransportError(.timeout, "no answer from \(place) in time: \(detail)")
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_PEER_FAILED_VERIFICATION, CURLE_USE_SSL_FAILED, CURLE_SSL_ENGINE_INITFAILED,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_PINNEDPUBKEYNOTMATCH,
            CURLE_SSL_INVALIDCERTSTATUS:
            return TransportError(.tls, "no TLS connection to \(place): \(detail)")
        case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE, CURLE_WEIRD_SERVER_REPLY,
            CURLE_HTTP2, CURLE_HTTP2_STREAM, CURLE_BAD_CONTENT_ENCODING:
            return TransportError(.interrupted, "the connection to \(place) broke: \(detail)")
        default:
            return TransportError(.other, "the transfer with \(place) failed: \(detail)")
        }
    }

    private func cancelled(_ request: HTTPRequest) -> TransportError {
        TransportError(.cancelled, "the transfer with \(place(request)) was cancelled")
    }

    private func timing() -> HTTPResponse.Timing {
        func microseconds(_ info: CURLINFO) -> Duration {
            var value: Int64 = 0
            _ = lodge_curl_get_offset(easy, info, &value)
            return .microseconds(value)
        }
        var connections = 0
        _ = lodge_curl_get_long(easy, CURLINFO_NUM_CONNECTS, &connections)
        return HTTPResponse.Timing(
            connected: microseconds(CURLINFO_CONNECT_TIME_T), firstByte: microseconds(CURLINFO_STARTTRANSFER_TIME_T),
            total: microseconds(CURLINFO_TOTAL_TIME_T), reusedConnection: connections == 0)
    }

    private func milliseconds(_ duration: Duration) -> Int {
        let (seconds, attoseconds) = duration.components
        // Zero would mean "no limit" to libcurl.
        return max(1, Int(clamping: seconds) &* 1000 &+ Int(attoseconds / 1_000_000_000_000_000))
    }

    /// Host and port of the URL: what people want to read, without paths, queries and passwords.
    private func place(_ request: HTTPRequest) -> String { authority(of: request.url) }
}

/// The `host:port` part of a URL, without user and password.
func authority(of url: String) -> String {
    var rest = Substring(url)
    if let colon = rest.firstIndex(of: ":"), rest[colon...].hasPrefix("://") { rest = rest[colon...].dropFirst(3) }
    rest = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    if let at = rest.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
    return String(rest)
}

/// Whether the `host:port` names this machine by a loopback address.
func isLoopback(_ authority: String) -> Bool {
    authority.hasPrefix("127.") || authority.hasPrefix("[::1]") || authority == "localhost"
        || authority.hasPrefix("localhost:")
}
