import CurlTransport
import Glibc
import SystemIO

/// What is asked over the network.
enum NetworkProbes {
    /// Bytes of a body in which a text is looked for.
    private static let bodyBytes = 64 << 10

    /// Asks for an address and compares the answer.
    static func http(
        _ expectation: Check.HTTPExpectation, timeout: Duration, _ client: HTTPClient, shouldStop: () -> Bool
    ) -> Reading {
        var request = HTTPRequest(url: expectation.url)
        request.connectTimeout = timeout
        request.totalTimeout = timeout
        request.responseLimit = bodyBytes
        var body: [UInt8] = []
        do throws(TransportError) {
            let response = try client.stream(request, shouldContinue: { !shouldStop() }) { bytes in
                body.append(contentsOf: bytes.prefix(bodyBytes - body.count))
                return body.count < bodyBytes ? .proceed : .stop
            }
            let figures = [Reading.Figure("http_status", Double(response.status))]
            guard expectation.statuses.contains(where: { $0.contains(response.status) }) else {
                return Reading(.unhealthy, "HTTP status \(response.status)", figures: figures)
            }
            if let text = expectation.text, !(body.isEmpty ? response.body : body).contains(text.utf8) {
                return Reading(.unhealthy, "the answer does not contain `\(text)`", figures: figures)
            }
            return Reading(.healthy, "", figures: figures)
        } catch {
            // The body of an error may be longer than anybody wants to read.
            if error.code == .tooLarge, expectation.text == nil { return Reading(.unhealthy, "a long HTTP error") }
            return Reading(.unhealthy, error.message)
        }
    }

    /// Connects and leaves. Looking a name up is bounded by the resolver's own limits.
    static func tcp(_ host: String, _ port: Int, timeout: UInt64, shouldStop: () -> Bool) -> Reading {
        let deadline = SystemClock.monotonicNanos() &+ timeout
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, "\(port)", &hints, &found)
        guard code == 0 else {
            return Reading(.unhealthy, "\(host) has no address: \(String(cString: gai_strerror(code)))")
        }
        defer { freeaddrinfo(found) }
        var reason = "\(host) has no address"
        var next = found
        while let address = next?.pointee {
            if let failure = connect(address, until: deadline, shouldStop) {
                reason = failure
            } else {
                return Reading(.healthy)
            }
            next = address.ai_next
        }
        return Reading(.unhealthy, reason)
    }

    /// Why it cannot be connected to; nil when it can.
    private static func connect(_ address: addrinfo, until deadline: UInt64, _ shouldStop: () -> Bool) -> String? {
        let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.ai_family, address.ai_socktype | flags, address.ai_protocol)
        guard descriptor >= 0 else { return String(cString: strerror(errno)) }
        defer { close(descriptor) }
        if Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 { return nil }
        guard errno == EINPROGRESS else { return String(cString: strerror(errno)) }
        while true {
            let now = SystemClock.monotonicNanos()
            if now >= deadline || shouldStop() { return "no answer in time" }
            var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&waiting, 1, Int32(min((deadline - now) / 1_000_000 + 1, 250))) > 0 else { continue }
            var failure: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size) == 0 else {
                return String(cString: strerror(errno))
            }
            return failure == 0 ? nil : String(cString: strerror(failure))
        }
    }
}
