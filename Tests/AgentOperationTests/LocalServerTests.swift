import Glibc
import TestSupport
import Testing

@testable import AgentOperation

@Suite(.timeLimit(.minutes(15)))
struct LocalServerTests {
    private func server(_ path: String, body: String = "all is well") throws -> LocalServer {
        try LocalServer(path: path) { asked in
            asked == "/status" ? .init(contentType: "text/plain", body: Array(body.utf8)) : nil
        }
    }

    private func connection(_ path: String) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let address = try #require(UnixAddress(path))
        try #require(address.withSockaddr { connect(descriptor, $0, $1) } == 0)
        return descriptor
    }

    private func exchange(_ path: String, _ request: String) throws -> String {
        let descriptor = try connection(path)
        defer { close(descriptor) }
        send(descriptor, request, request.utf8.count, Int32(MSG_NOSIGNAL))
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while case let count = recv(descriptor, &chunk, chunk.count, 0), count > 0 { answer += chunk[..<count] }
        return String(decoding: answer, as: UTF8.self)
    }

    @Test func questionsAreAnswered() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/agent.sock"
        let long = String(repeating: "0123456789", count: 300_000)
        let server = try server(path, body: long)
        #expect(try LocalClient.get("/status", socketPath: path) == Array(long.utf8))
        #expect(try exchange(path, "GET /other HTTP/1.1\r\n\r\n").hasPrefix("HTTP/1.1 404 Not Found\r\n"))
        #expect(try exchange(path, "POST /status HTTP/1.1\r\n\r\n").hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        #expect(try exchange(path, "\r\n\r\n").hasPrefix("HTTP/1.1 400 "))
        #expect(try exchange(path, "GET /status?x=1 HTTP/1.0\r\nHost: a\r\n\r\n").hasPrefix("HTTP/1.1 200 OK\r\n"))
        // Longer than a request may be.
        #expect(try exchange(path, "GET /" + String(repeating: "x", count: 10_000)) == "")
        server.stop()
        #expect(access(path, F_OK) == -1)
        #expect(throws: LocalServer.Failure.self) { try LocalClient.get("/status", socketPath: path) }
    }

    @Test func clientsThatDoNotAskDoNotKeepTheOthers() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/agent.sock"
        let server = try server(path)
        let silent = try connection(path)
        defer { close(silent) }
        #expect(try LocalClient.get("/status", socketPath: path) == Array("all is well".utf8))
        server.stop()
    }

    @Test func whatAnEarlierProcessLeftIsReplaced() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/agent.sock"
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let address = try #require(UnixAddress(path))
        try #require(address.withSockaddr { bind(descriptor, $0, $1) } == 0)
        close(descriptor)
        let server = try server(path)
        #expect(try LocalClient.get("/status", socketPath: path) == Array("all is well".utf8))
        server.stop()
    }

    @Test func anAddressThatIsTakenIsNamed() throws {
        let directory = try TemporaryDirectory()
        let holder = try LocalServer(path: "\(directory.path)/a", address: "127.0.0.1:0") { _ in nil }
        defer { holder.stop() }
        let error = #expect(throws: LocalServer.Failure.self) {
            try LocalServer(path: "\(directory.path)/b", address: "192.0.2.1:7601") { _ in nil }
        }
        #expect(error?.description.hasPrefix("nothing can listen at 192.0.2.1:7601: ") == true)
    }
}
