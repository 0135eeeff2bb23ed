import Journal
import CollectorHTTP
import CollectorRuntime
import Diagnostics
import Glibc
import LineFormats
import Synchronization
import SystemIO
import TestSupport
import Workers

/// A collector on a free port, with a directory of its own unless it is given one.
final class TestServer: Sendable {
    let directory: TemporaryDirectory
    var path: String { directory.path }
    let collector: Collector
    private let log: LogLines

    /// What the collector has said.
    final class LogLines: Sendable {
        let lines = Mutex<[String]>([])
    }

    init(
        in directory: TemporaryDirectory? = nil, queries: QueryLimits = QueryLimits(),
        _ change: (inout CollectorSettings) -> Void = { _ in }
    ) async throws {
        self.directory = try directory ?? TemporaryDirectory()
        var settings = CollectorSettings()
        settings.listen.port = 0
        settings.durability = .operatingSystem
        settings.storage.headroomBytes = 0
        settings.queries = queries
        change(&settings)
        let log = LogLines()
        self.log = log
        collector = try await Collector(
            settings, dataPath: "\(self.directory.path)/data",
            log: DiagnosticLog(program: "test", sink: { line in log.lines.withLock { $0.append(line) } }))
    }

    /// Stops the collector.
    func end() async { await collector.stop() }

    /// Asks until the collector has read back what its directory holds.
    func waitUntilReady() async throws {
        try await eventually("the collector is ready") { try await send("GET", "/ready").status == 200 }
    }

    var port: Int { collector.address.port }
    var logLines: [String] { log.lines.withLock { $0 } }

    func client() throws -> TestClient { try TestClient(port: port) }

    /// One request on a connection of its own. It blocks, so it runs on a thread of its own.
    func send(
        _ method: String, _ target: String, _ headers: [String] = [], _ body: [UInt8] = []
    ) async throws -> TestAnswer {
        try await offPool { [port] in
            let client = try TestClient(port: port)
            try client.send(method, target, headers, body)
            return try client.answer(to: method)
        }
    }

    func json(_ target: String, _ body: String) async throws -> TestAnswer {
        try await send("POST", target, ["Content-Type: application/json"], Array(body.utf8))
    }

    func query(_ text: String) async throws -> [JSONValue] {
        let answer = try await send(
            "POST", "/select/logsql/query", ["Content-Type: application/x-www-form-urlencoded"],
            Array(("query=" + text.utf8.map { "%" + hex($0) }.joined()).utf8))
        guard answer.status == 200 else { throw TestFailure("query: \(answer)") }
        return try answer.text.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    }
}

private func hex(_ byte: UInt8) -> String {
    let text = String(byte, radix: 16)
    return text.count == 1 ? "0" + text : text
}

struct TestFailure: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

/// Runs what blocks on a thread of its own: the server needs the threads of the pool.
func offPool<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        do {
            let thread = try DedicatedThread(name: "test-client") {
                continuation.resume(with: Result(catching: body))
            }
            _ = thread
        } catch {
            continuation.resume(throwing: error)
        }
    }
}

/// An answer to a request.
struct TestAnswer: Sendable, CustomStringConvertible {
    var status: Int
    var headers: [String: String]
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSONValue? { try? JSONValue(parsing: body) }
    var description: String { "\(status) \(headers) \(text)" }
}

/// A connection that speaks just enough HTTP/1.1, byte by byte where a test wants it.
final class TestClient: Sendable {
    private let descriptor: Int32
    private let unread = Mutex<[UInt8]>([])

    // `receiveBuffer`: bytes that the system takes for a client that does not read; nil for the usual.
    init(port: Int, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw TestFailure("connect: \(errno)") }
        var timeout = timeval(tv_sec: 120, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func send(_ method: String, _ target: String, _ headers: [String] = [], _ body: [UInt8] = []) throws {
        var lines = ["\(method) \(target) HTTP/1.1", "Host: test"] + headers
        if !body.isEmpty || method == "POST" { lines.append("Content-Length: \(body.count)") }
        try write(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body)
    }

    func write(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw TestFailure("send: \(errno)") }
            sent += count
        }
    }

    /// Reads more into what is unread; false at the end of the connection.
    private func more(_ unread: inout [UInt8]) throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count < 0 { throw TestFailure("recv: \(errno)") }
        unread += buffer.prefix(count)
        return count > 0
    }

    private func line(_ unread: inout [UInt8]) throws -> String {
        while true {
            if let end = unread.firstIndex(of: 0x0A) {
                defer { unread.removeFirst(end + 1) }
                return String(decoding: unread[..<end].filter { $0 != 0x0D }, as: UTF8.self)
            }
            guard try more(&unread) else { throw TestFailure("the connection ended") }
        }
    }

    private func take(_ count: Int, _ unread: inout [UInt8]) throws -> [UInt8] {
        while unread.count < count {
            guard try more(&unread) else { throw TestFailure("the connection ended") }
        }
        defer { unread.removeFirst(count) }
        return Array(unread[..<count])
    }

    /// Status and headers; the body is still to be read.
    func head() throws -> TestAnswer {
        try unread.withLock { unread in
            let first = try line(&unread).split(separator: " ")
            guard first.count > 1, let status = Int(first[1]) else { throw TestFailure("no status: \(first)") }
            var headers: [String: String] = [:]
            while case let text = try line(&unread), !text.isEmpty {
                let colon = text.firstIndex(of: ":") ?? text.endIndex
                headers[text[..<colon].lowercased()] = text[colon...].dropFirst(2).description
            }
            return TestAnswer(status: status, headers: headers, body: [])
        }
    }

    /// The next piece of a chunked body, empty at its end.
    func chunk() throws -> [UInt8] {
        try unread.withLock { unread in
            guard let size = Int(try line(&unread), radix: 16) else { throw TestFailure("no chunk") }
            let bytes = try take(size, &unread)
            _ = try line(&unread)
            return bytes
        }
    }

    /// A whole answer.
    func answer(to method: String = "GET") throws -> TestAnswer {
        var answer = try head()
        if method == "HEAD" || answer.status < 200 { return answer }
        if answer.headers["transfer-encoding"] == "chunked" {
            while case let bytes = try chunk(), !bytes.isEmpty { answer.body += bytes }
        } else if let length = answer.headers["content-length"].flatMap({ Int($0) }) {
            answer.body = try unread.withLock { try take(length, &$0) }
        }
        return answer
    }

    /// Whether the other side has closed the connection, as far as has been sent.
    func isAtEnd() throws -> Bool {
        try unread.withLock { unread in
            guard unread.isEmpty else { return false }
            return try !more(&unread)
        }
    }
}
