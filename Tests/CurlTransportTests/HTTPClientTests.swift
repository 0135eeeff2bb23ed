import CurlTransport
import Glibc
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(15)))
struct HTTPClientTests {
    private func client() throws -> HTTPClient { try HTTPClient(userAgent: "lodge-test/1") }

    @Test func sendsMethodHeadersAndBodyAndReadsTheResponse() throws {
        let server = ScriptedServer { _, connection in
            write("HTTP/1.1 202 Accepted\r\nRetry-After:  7 \r\nContent-Length: 4\r\n\r\na\0b\n", to: connection)
            return true
        }
        defer { server.stop() }
        let body = [UInt8](repeating: 0x7A, count: 300_000)
        var request = HTTPRequest(method: "POST", url: "http://127.0.0.1:\(server.port)/v1/ingest?x=1")
        request.headers = [("Lodge-Sequence", "5"), ("Content-Encoding", "zstd")]
        request.body = .bytes(body)
        let response = try client().send(request)
        #expect(response.status == 202)
        #expect(response.isSuccess)
        #expect(response.header("retry-after") == "7")
        #expect(response.body == Array("a\0b\n".utf8))
        #expect(response.timing.total > .zero)
        let seen = try #require(server.received.first)
        #expect(seen.head.hasPrefix("POST /v1/ingest?x=1 HTTP/1.1\r\n"))
        #expect(seen.head.contains("Lodge-Sequence: 5"))
        #expect(seen.head.contains("User-Agent: lodge-test/1"))
        #expect(!seen.head.contains("Expect"))
        #expect(seen.body == body)
    }

    @Test func usesAConnectionAgainAndBorrowedBytesAreNotNeededAfterwards() throws {
        let server = ScriptedServer { request, connection in
            write("HTTP/1.1 200 OK\r\nContent-Length: \(request.body.count)\r\n\r\n", to: connection)
            request.body.withUnsafeBytes { _ = send(connection, $0.baseAddress, $0.count, 0) }
            return true
        }
        defer { server.stop() }
        let client = try client()
        for round in 1...3 {
            let bytes = Array("round \(round)".utf8)
            let response = try bytes.withUnsafeBytes { buffer in
                try client.send(
                    HTTPRequest(method: "PUT", url: "http://127.0.0.1:\(server.port)/", body: .borrowed(buffer)))
            }
            #expect(response.body == bytes)
            #expect(response.timing.reusedConnection == (round > 1))
        }
        #expect(server.received.allSatisfy { $0.connection == 1 && $0.head.hasPrefix("PUT / ") })
    }

    @Test func anErrorStatusIsAResponse() throws {
        let server = ScriptedServer { _, connection in
            write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno", to: connection)
            return true
        }
        defer { server.stop() }
        let response = try client().send(HTTPRequest(url: "http://127.0.0.1:\(server.port)/"))
        #expect(response.status == 503)
        #expect(response.text == "no")
    }

    @Test func aLargeResponseIsRefused() throws {
        let server = ScriptedServer { _, connection in
            write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + String(repeating: "x", count: 100), to: connection)
            return true
        }
        defer { server.stop() }
        var request = HTTPRequest(url: "http://127.0.0.1:\(server.port)/")
        request.responseLimit = 99
        let error = #expect(throws: TransportError.self) { try client().send(request) }
        #expect(error?.code == .tooLarge)
    }

    @Test func failuresHaveTheirKindAndASentence() throws {
        let server = ScriptedServer { _, _ in false }
        let base = "http://127.0.0.1:\(server.port)/"
        let closed = #expect(throws: TransportError.self) { try client().send(HTTPRequest(url: base)) }
        #expect(closed?.code == .interrupted)
        server.stop()
        let refused = #expect(throws: TransportError.self) { try client().send(HTTPRequest(url: base)) }
        #expect(refused?.code == .cannotConnect)
        #expect(refused?.description.hasPrefix("cannot connect to 127.0.0.1:\(server.port)") == true)
        let scheme = #expect(throws: TransportError.self) { try client().send(HTTPRequest(url: "file:///etc/passwd")) }
        #expect(scheme?.code == .invalidRequest)
        let name = #expect(throws: TransportError.self) {
            try client().send(HTTPRequest(url: "http://no-such-host.invalid/"))
        }
        #expect(name?.code == .cannotResolve)
        var split = HTTPRequest(url: base)
        split.headers = [("X", "a\r\nY: b")]
        let injected = #expect(throws: TransportError.self) { try client().send(split) }
        #expect(injected?.code == .invalidRequest)
    }

    @Test func aSilentServerTimesOut() throws {
        let server = ScriptedServer { _, connection in
            var byte: UInt8 = 0
            return read(connection, &byte, 1) > 0
        }
        defer { server.stop() }
        var request = HTTPRequest(url: "http://127.0.0.1:\(server.port)/")
        request.totalTimeout = .milliseconds(100)
        let error = #expect(throws: TransportError.self) { try client().send(request) }
        #expect(error?.code == .timeout)
    }

    @Test func streamsBytesUntilTheConsumerStops() throws {
        let server = ScriptedServer { _, connection in
            write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", to: connection)
            write("data: 1\n\n", to: connection)
            write("data: 2\n\n", to: connection)
            var byte: UInt8 = 0
            return read(connection, &byte, 1) > 0
        }
        defer { server.stop() }
        var got: [UInt8] = []
        var kind: String?
        var request = HTTPRequest(url: "http://127.0.0.1:\(server.port)/")
        request.totalTimeout = nil
        let response = try client().stream(
            request,
            onResponse: { head in
                kind = head.header("content-type")
                return .proceed
            },
            onBytes: { bytes in
                got.append(contentsOf: bytes)
                return got.count >= 18 ? .stop : .proceed
            })
        #expect(response.status == 200)
        #expect(kind == "text/event-stream")
        #expect(String(decoding: got, as: UTF8.self) == "data: 1\n\ndata: 2\n\n")
    }

    @Test func theBodyOfAFailedStreamIsInTheResponse() throws {
        let server = ScriptedServer { _, connection in
            write("HTTP/1.1 400 Bad\r\nContent-Length: 5\r\n\r\nwrong", to: connection)
            return true
        }
        defer { server.stop() }
        let response = try client().stream(HTTPRequest(url: "http://127.0.0.1:\(server.port)/")) { _ in
            Issue.record("bytes of an error response were streamed")
            return .stop
        }
        #expect(response.status == 400)
        #expect(response.text == "wrong")
    }

    @Test func anotherThreadCancelsAStream() throws {
        let server = ScriptedServer { _, connection in
            write("HTTP/1.1 200 OK\r\n\r\nx", to: connection)
            var byte: UInt8 = 0
            return read(connection, &byte, 1) > 0
        }
        defer { server.stop() }
        let client = try client()
        let cancellation = client.cancellation
        var request = HTTPRequest(url: "http://127.0.0.1:\(server.port)/")
        request.totalTimeout = nil
        let error = #expect(throws: TransportError.self) {
            try client.stream(request) { _ in
                spawn { cancellation.cancel() }
                return .proceed
            }
        }
        #expect(error?.code == .cancelled)
        #expect(throws: TransportError.self) { try client.send(request) }
        cancellation.reset()
        var asked = 0
        let polled = #expect(throws: TransportError.self) {
            try client.stream(
                request,
                shouldContinue: {
                    asked += 1
                    return asked < 3
                }, onBytes: { _ in .proceed })
        }
        #expect(polled?.code == .cancelled)
    }
}
