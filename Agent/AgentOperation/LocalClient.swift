import Glibc

/// Asks a running agent over its socket.
package enum LocalClient {
    /// The body of the answer to `GET path`.
    ///
    /// - Parameters:
    ///   - path: what is asked for, such as `/status`.
    ///   - socketPath: the agent's socket.
    /// - Returns: the body.
    /// - Throws: ``LocalServer/Failure`` when nobody answers.
    package static func get(_ path: String, socketPath: String) throws(LocalServer.Failure) -> [UInt8] {
        func failure(_ reason: String) -> LocalServer.Failure { LocalServer.Failure(description: reason) }
        guard let address = UnixAddress(socketPath) else {
            throw failure("the path \(socketPath) is too long for a socket")
        }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw failure("there are no sockets left") }
        defer { close(descriptor) }
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
        }
        guard address.withSockaddr({ connect(descriptor, $0, $1) }) == 0 else {
            let reason = errno
            let advice =
                reason == EACCES
                ? "only its user and group may ask: use sudo" : "no agent runs with this state directory"
            throw failure("\(socketPath) cannot be asked (\(String(cString: strerror(reason)))): \(advice)")
        }
        let request = Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
        guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            throw failure("the agent at \(socketPath) does not listen")
        }
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count < 0, errno == EINTR { continue }
            if count < 0 { throw failure("the agent at \(socketPath) gives no answer in time") }
            if count == 0 { break }
            answer += chunk[..<count]
        }
        guard let end = headerEnd(answer), answer.starts(with: "HTTP/1.1 200".utf8) else {
            throw failure("the agent at \(socketPath) gives no answer")
        }
        return Array(answer[end...])
    }

    /// Where the body begins.
    private static func headerEnd(_ answer: [UInt8]) -> Int? {
        guard answer.count >= 4 else { return nil }
        return (4...answer.count).first { answer[($0 - 4)..<$0].elementsEqual([0x0D, 0x0A, 0x0D, 0x0A]) }
    }
}
