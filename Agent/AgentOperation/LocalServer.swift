import Glibc
import SystemIO
import Workers

/// Answers questions of this machine: one small request, one answer, over a socket of the file system and, when asked
/// for, a TCP address.
///
/// Requests are `GET PATH HTTP/1.x` with headers that nobody reads. Clients are served one after another; one that does not
/// ask, or does not take its answer, is left after a second, so that none keeps the others.
package final class LocalServer: Sendable {
    /// What is answered.
    package struct Answer: Sendable {
        /// The status line behind the version: `200 OK`.
        package var status: String
        /// The kind of the body.
        package var contentType: String
        /// The body.
        package var body: [UInt8]

        /// Makes it.
        package init(status: String = "200 OK", contentType: String, body: [UInt8]) {
            self.status = status
            self.contentType = contentType
            self.body = body
        }
    }

    /// Why it cannot listen: a sentence without a full stop.
    package struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        /// The sentence.
        package var description: String
    }

    /// Bytes of a request that are read.
    private static let requestBytes = 4_096
    /// How long a client may take, nanoseconds.
    private static let patience: UInt64 = 1_000_000_000

    private let listeners: [Int32]
    private let stopper: (read: Int32, write: Int32)
    private let path: String?
    private let thread: DedicatedThread

    /// Begins to listen.
    ///
    /// - Parameters:
    ///   - path: of the socket; what an earlier process has left there goes. Nil for none.
    ///   - address: such as `127.0.0.1:7601`; nil for the socket alone.
    ///   - answer: what to say to the path of a request; nil when there is nothing of that name.
    /// - Throws: ``Failure`` when an address cannot be used.
    package init(
        path: String?, address: String? = nil, answer: @escaping @Sendable (String) -> Answer?
    ) throws(Failure) {
        var listeners: [Int32] = []
        var pipe: [Int32] = [-1, -1]
        do throws(Failure) {
            if let path { listeners.append(try Self.listen(path: path)) }
            if let address { listeners.append(try Self.listen(address: address)) }
            guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pipe) == 0 else {
                throw Failure(description: "there are no sockets left: \(Self.text(errno))")
            }
            let (descriptors, stop) = (listeners, pipe[0])
            do {
                thread = try DedicatedThread(name: "status") {
                    Self.serve(descriptors, until: stop, answer)
                }
            } catch {
                throw Failure(description: "\(error)")
            }
        } catch {
            for descriptor in listeners + pipe where descriptor >= 0 { close(descriptor) }
            throw error
        }
        self.listeners = listeners
        self.path = path
        stopper = (pipe[0], pipe[1])
    }

    /// Ends it. Blocks until its thread has ended.
    package func stop() {
        close(stopper.write)
        thread.join()
        for descriptor in listeners { close(descriptor) }
        close(stopper.read)
        if let path { unlink(path) }
    }

    // MARK: Listening

    private static func listen(path: String) throws(Failure) -> Int32 {
        guard let address = UnixAddress(path) else {
            throw Failure(description: "the path \(path) is too long for a socket")
        }
        let descriptor = try open(AF_UNIX)
        unlink(path)
        // Only the agent's user and group may ask: names of files are nobody else's business.
        guard address.withSockaddr({ bind(descriptor, $0, $1) }) == 0, chmod(path, 0o660) == 0,
            Glibc.listen(descriptor, 8) == 0
        else {
            let reason = text(errno)
            close(descriptor)
            throw Failure(description: "the socket \(path) cannot be made: \(reason)")
        }
        return descriptor
    }

    private static func listen(address: String) throws(Failure) -> Int32 {
        guard let place = HostAndPort(address) else {
            throw Failure(description: "\(address) is no address such as 127.0.0.1:7601")
        }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(
            place.host.isEmpty ? nil : place.host, "\(place.port)", &hints, &found)
        guard code == 0, let target = found?.pointee else {
            throw Failure(
                description: "\(address) is no address of this machine: \(String(cString: gai_strerror(code)))")
        }
        defer { freeaddrinfo(found) }
        let descriptor = try open(target.ai_family)
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        guard bind(descriptor, target.ai_addr, target.ai_addrlen) == 0, Glibc.listen(descriptor, 16) == 0 else {
            let reason = text(errno)
            close(descriptor)
            throw Failure(description: "nothing can listen at \(address): \(reason)")
        }
        return descriptor
    }

    private static func open(_ family: Int32) throws(Failure) -> Int32 {
        let flags = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(family, flags, 0)
        guard descriptor >= 0 else { throw Failure(description: "there are no sockets left: \(text(errno))") }
        return descriptor
    }

    private static func text(_ code: Int32) -> String { String(cString: strerror(code)) }

    // MARK: Serving

    private static func serve(_ listeners: [Int32], until stop: Int32, _ answer: (String) -> Answer?) {
        while true {
            var waiting = ([stop] + listeners).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            if poll(&waiting, nfds_t(waiting.count), -1) < 0 { continue }
            if waiting[0].revents != 0 { return }
            for listener in waiting.dropFirst() where listener.revents != 0 {
                let client = accept(listener.fd, nil, nil)
                guard client >= 0 else { continue }
                _ = fcntl(client, F_SETFD, FD_CLOEXEC)
                _ = fcntl(client, F_SETFL, O_NONBLOCK)
                serve(client, until: stop, answer)
                close(client)
            }
        }
    }

    private static func serve(_ client: Int32, until stop: Int32, _ answer: (String) -> Answer?) {
        let deadline = SystemClock.monotonicNanos() &+ patience
        guard let request = request(client, deadline, stop) else { return }
        let words = request.prefix { $0 != 0x0D && $0 != 0x0A }.split(separator: 0x20)
        let reply: Answer
        if words.count == 3, words[0].elementsEqual("GET".utf8) {
            let path = String(decoding: words[1].prefix { $0 != UInt8(ascii: "?") }, as: UTF8.self)
            reply = answer(path) ?? plain("404 Not Found", "there is nothing of that name")
        } else {
            reply = plain("400 Bad Request", "only GET is understood")
        }
        var bytes = Array(
            """
            HTTP/1.1 \(reply.status)\r\nContent-Type: \(reply.contentType)\r\nContent-Length: \(reply.body.count)\r\n\
            Connection: close\r\n\r\n
            """.utf8)
        bytes += reply.body
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                send(client, buffer.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                sent += count
            } else if count < 0, errno == EAGAIN || errno == EINTR {
                if !wait(client, Int16(POLLOUT), deadline, stop) { return }
            } else {
                return
            }
        }
        // What the client has sent and nobody has read would make the kernel cut the answer short.
        shutdown(client, Int32(SHUT_WR))
    }

    private static func plain(_ status: String, _ text: String) -> Answer {
        Answer(status: status, contentType: "text/plain; charset=utf-8", body: Array("\(text)\n".utf8))
    }

    /// A request up to the empty line behind it; nil when it does not come.
    private static func request(_ client: Int32, _ deadline: UInt64, _ stop: Int32) -> [UInt8]? {
        var request: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: requestBytes)
        while true {
            let count = recv(client, &chunk, chunk.count, 0)
            if count > 0 {
                request += chunk[..<count]
                if request.suffix(4).elementsEqual([0x0D, 0x0A, 0x0D, 0x0A]) { return request }
                if request.count >= requestBytes { return nil }
            } else if count < 0, errno == EAGAIN || errno == EINTR {
                if !wait(client, Int16(POLLIN), deadline, stop) { return nil }
            } else {
                return nil
            }
        }
    }

    /// Whether a client is ready before its time is over, and before the server ends.
    private static func wait(_ client: Int32, _ events: Int16, _ deadline: UInt64, _ stop: Int32) -> Bool {
        let now = SystemClock.monotonicNanos()
        if now >= deadline { return false }
        var waiting = [
            pollfd(fd: stop, events: Int16(POLLIN), revents: 0), pollfd(fd: client, events: events, revents: 0),
        ]
        let count = poll(&waiting, 2, Int32((deadline - now) / 1_000_000) + 1)
        return count >= 0 && waiting[0].revents == 0
    }
}
