import HTTPTypes
import HummingbirdCore
import NIOCore
import Synchronization

/// One request as the routes see it.
struct Exchange {
    /// The path without the query string.
    let path: String
    /// The parameters of the query string.
    let query: FormParameters
    let request: Request
    let channel: any Channel
    /// Whether the body has been read to its end.
    let progress = BodyProgress()
    /// What small bodies take while the request is handled.
    let hold: BodyHold

    /// The last part of the path: the name, where a route takes one.
    var lastPart: Substring { path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...] }

    var headers: HTTPFields { request.headers }

    /// What `Content-Length` says.
    var contentLength: Int? { headers[.contentLength].flatMap { Int($0) } }

    /// Whether the request brings a body.
    var hasBody: Bool { (contentLength ?? 0) > 0 || headers[.transferEncoding] != nil }

    /// The media type of the body in lower case, without its parameters; empty when there is none.
    var mediaType: String {
        guard let value = request.headers[.contentType] else { return "" }
        let type = value.prefix { $0 != ";" }
        return type.trimmingPrefix { $0 == " " }.lowercased().replacing(" ", with: "")
    }

    /// Bytes of a body that get memory when they are announced.
    private static let announcedBytes = 4 << 20

    /// Reads the body.
    ///
    /// - Parameters:
    ///   - limit: bytes of the body at most.
    ///   - willHold: is told each piece's length before it is kept, and may refuse it.
    /// - Returns: the body.
    /// - Throws: ``Problem`` 413 at the first piece that passes the limit, without reading on. A body that is too slow
    ///   in coming has its connection closed.
    func body(limit: Int, willHold: (Int) throws -> Void = { _ in }) async throws -> [UInt8] {
        let channel = self.channel
        let alarm = channel.eventLoop.scheduleTask(in: HTTPListener.bodyTimeout) { channel.close(promise: nil) }
        defer { alarm.cancel() }
        var result: [UInt8] = []
        for try await piece in request.body {
            let bytes = piece.readableBytesView
            guard result.count + bytes.count <= limit else { throw Problem.bodyTooLarge(limit: limit) }
            try willHold(bytes.count)
            if let contentLength, result.count + bytes.count > result.capacity {
                // What is announced is not there yet: a client gets a little memory for what it says, and then for four
                // times what it has sent. What is usual has its room at once, and none to spare.
                result.reserveCapacity(min(contentLength, limit, max(Self.announcedBytes, 4 * result.count)))
            }
            result.append(contentsOf: bytes)
        }
        progress.done()
        return result
    }

    /// Reads a small body as bytes. All such bodies together are bounded, too.
    ///
    /// - Throws: ``Problem`` 413, and 429 when others take the room.
    func bytes(limit: Int) async throws -> [UInt8] {
        try await body(limit: limit) { try hold.take($0) }
    }
}

/// Whether a body has been read to its end.
final class BodyProgress: Sendable {
    private let flag = Atomic<Bool>(false)

    var isDone: Bool { flag.load(ordering: .relaxed) }

    func done() { flag.store(true, ordering: .relaxed) }
}

extension Response {
    /// An answer whose body is there already.
    init(_ status: Int, type: String, _ bytes: [UInt8]) {
        self.init(
            status: .init(code: status), headers: [.contentType: type, .contentLength: String(bytes.count)],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// An answer of JSON.
    static func json(_ status: Int, _ bytes: [UInt8]) -> Response {
        Response(status, type: "application/json", bytes)
    }

    /// An answer without a body.
    static func empty(_ status: Int) -> Response {
        Response(status: .init(code: status), headers: [.contentLength: "0"], body: ResponseBody())
    }
}
