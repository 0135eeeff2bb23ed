import Glibc
import Synchronization

/// A TCP server on a free loopback port that answers each request with what a closure says, byte for byte.
package final class ScriptedServer: Sendable {
    /// One request as it arrived.
    package struct Received: Sendable {
        package var connection: Int
        package var head: String
        package var body: [UInt8]
    }

    package let port: UInt16
    private let listener: Int32
    private let seen = Mutex<[Received]>([])
    private let answer: @Sendable (Received, Int32) -> Bool

    /// The requests so far.
    package var received: [Received] { seen.withLock { $0 } }

    /// `answer` writes to the connection it is given and returns whether to keep it open.
    package init(answer: @escaping @Sendable (Received, Int32) -> Bool) {
        self.answer = answer
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let fd = listener
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                guard bind(fd, generic, length) == 0, listen(fd, 16) == 0 else { return false }
                return getsockname(fd, generic, &length) == 0
            }
        }
        precondition(bound, "no loopback port for the test server")
        port = UInt16(bigEndian: address.sin_port)
        spawn { [self] in acceptLoop() }
    }

    package func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private func acceptLoop() {
        var number = 0
        while true {
            let connection = accept(listener, nil, nil)
            if connection < 0 { return }
            number += 1
            let mine = number
            spawn { [self] in serve(connection, mine) }
        }
    }

    private func serve(_ connection: Int32, _ number: Int) {
        defer { close(connection) }
        var pending: [UInt8] = []
        while let request = readRequest(connection, number, &pending) {
            seen.withLock { $0.append(request) }
            if !answer(request, connection) { return }
        }
    }

    private func readRequest(_ connection: Int32, _ number: Int, _ pending: inout [UInt8]) -> Received? {
        let end: [UInt8] = Array("\r\n\r\n".utf8)
        while true {
            if let at = (0..<max(0, pending.count - 3)).first(where: { Array(pending[$0..<($0 + 4)]) == end }) {
                let head = String(decoding: pending[..<at], as: UTF8.self)
                var length = 0
                for line in head.split(separator: "\r\n") where line.lowercased().hasPrefix("content-length:") {
                    length = Int(line.dropFirst(15).filter { $0 != " " }) ?? 0
                }
                while pending.count < at + 4 + length {
                    if !readMore(connection, &pending) { return nil }
                }
                let body = Array(pending[(at + 4)..<(at + 4 + length)])
                pending.removeFirst(at + 4 + length)
                return Received(connection: number, head: head, body: body)
            }
            if !readMore(connection, &pending) { return nil }
        }
    }

    private func readMore(_ connection: Int32, _ pending: inout [UInt8]) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65536)
        let count = read(connection, &chunk, chunk.count)
        if count <= 0 { return false }
        pending.append(contentsOf: chunk[..<count])
        return true
    }
}

/// Writes the whole text to a connection.
package func write(_ text: String, to connection: Int32) {
    let bytes = Array(text.utf8)
    var sent = 0
    while sent < bytes.count {
        let count = bytes.withUnsafeBytes { buffer in
            send(connection, buffer.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
        }
        if count <= 0 { return }
        sent += count
    }
}

/// Runs `work` on a new thread.
package func spawn(_ work: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let work: @Sendable () -> Void
        init(_ work: @escaping @Sendable () -> Void) { self.work = work }
    }
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Box(work)).toOpaque()
    pthread_create(
        &thread, nil,
        {
            if let box = $0 { Unmanaged<Box>.fromOpaque(box).takeRetainedValue().work() }; return nil
        }, box)
    pthread_detach(thread)
}
