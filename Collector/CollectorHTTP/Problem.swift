import CollectorIngest
import HTTPTypes
import HummingbirdCore
package import LineFormats
import NIOCore

/// An answer that says what went wrong, as RFC 9457 has it: `application/problem+json`.
package struct Problem: Error, Sendable, Equatable {
    /// The HTTP status.
    package var status: Int
    /// The last part of the type, `/problems/<slug>`: programs tell problems apart by it.
    package var slug: String
    /// What kind of problem it is, the same for all of a type.
    package var title: String
    /// A sentence for people: what is wrong here, and what to do.
    package var detail: String
    /// Further members: `line`, `column`, `field`, `limit`, `offset`, `nearest`.
    package var extra: [JSONValue.Member]
    /// The methods of `Allow`, for 405.
    package var allow: [String] = []
    /// Seconds of `Retry-After`.
    package var retryAfter: Int?

    /// Makes a problem.
    package init(
        _ status: Int, _ slug: String, _ title: String, _ detail: String, extra: [JSONValue.Member] = [],
        retryAfter: Int? = nil
    ) {
        self.status = status
        self.slug = slug
        self.title = title
        self.detail = detail
        self.extra = extra
        self.retryAfter = retryAfter
    }

    /// The document.
    package var document: JSONValue {
        .object(
            [
                .init("type", .string("/problems/\(slug)")), .init("title", .string(title)),
                .init("status", .integer(status)), .init("detail", .string(detail)),
            ] + extra)
    }

    /// The answer. Over-large bodies are not read to their end, so its connection ends with it.
    var response: Response {
        var headers: HTTPFields = [.contentType: "application/problem+json"]
        if !allow.isEmpty { headers[.allow] = allow.joined(separator: ", ") }
        if let retryAfter { headers[.retryAfter] = String(retryAfter) }
        let bytes = document.bytes
        headers[.contentLength] = String(bytes.count)
        return Response(
            status: .init(code: status), headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}

extension Problem {
    /// No such route.
    static func unknownRoute(_ path: String, nearest: String?) -> Problem {
        var problem = Problem(
            404, "unknown-route", "There is no such route",
            "there is nothing at \(path.prefix(200))" + (nearest.map { ": did you mean \($0)?" } ?? ""))
        if let nearest { problem.extra.append(.init("nearest", .string(nearest))) }
        return problem
    }

    /// The route has other methods.
    static func methodNotAllowed(_ method: String, _ path: String, allow: [String]) -> Problem {
        var problem = Problem(
            405, "method-not-allowed", "The route does not take this method",
            "\(path) takes \(allow.joined(separator: ", ")), not \(method)")
        problem.allow = allow
        return problem
    }

    /// The body is longer than the route takes.
    static func bodyTooLarge(limit: Int) -> Problem {
        Problem(
            413, "body-too-large", "The body is too large",
            "the body is longer than \(limit) bytes: send it in parts or compress it",
            extra: [.init("limit", .integer(limit))])
    }

    /// A parameter or a member of the body is not what it must be.
    static func badValue(_ field: String, _ detail: String, nearest: String? = nil) -> Problem {
        var extra: [JSONValue.Member] = [.init("field", .string(field))]
        if let nearest { extra.append(.init("nearest", .string(nearest))) }
        return Problem(400, "bad-value", "A value is not what it must be", detail, extra: extra)
    }

    /// The body is not the JSON that is wanted.
    static func badJSON(_ error: JSONError, in body: [UInt8]) -> Problem {
        let before = body.prefix(error.offset)
        let line = before.count { $0 == 0x0A } + 1
        let column = before.count - (before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0) + 1
        return Problem(
            400, "malformed-body", "The body cannot be read",
            "line \(line), column \(column): \(error.message)",
            extra: [
                .init("line", .integer(line)), .init("column", .integer(column)),
                .init("offset", .integer(error.offset)),
            ])
    }

    /// The collector is on its way out.
    static let stopping = Problem(
        503, "stopping", "The collector is stopping", "the collector is stopping: send it again in a moment",
        retryAfter: 2)

    /// What ingest refused, with its status.
    init(_ refusal: IngestProblem) {
        let (status, slug, title): (Int, String, String) =
            switch refusal.kind {
            case .malformed: (400, "malformed-body", "The body cannot be read")
            case .tooLarge: (413, "too-large", "The request is over a limit")
            case .unsupported: (415, "unsupported-media-type", "The body is of a type that is not taken")
            case .overloaded: (429, "overloaded", "The collector has too much to do")
            case .unavailable: (503, "unavailable", "The collector takes no events at present")
            case .diskFull: (507, "disk-full", "The disk is full")
            }
        var extra: [JSONValue.Member] = []
        if let place = refusal.place {
            extra.append(.init("line", .integer(place.line)))
            extra.append(.init("column", .integer(place.column)))
            extra.append(.init("offset", .integer(place.offset)))
        }
        if let field = refusal.field { extra.append(.init("field", .string(field))) }
        if let limit = refusal.limit { extra.append(.init("limit", .integer(limit))) }
        let retry: Int? =
            switch refusal.kind {
            case .overloaded: 1
            case .unavailable, .diskFull: 5
            default: nil
            }
        self.init(status, slug, title, refusal.detail, extra: extra, retryAfter: retry)
    }
}
