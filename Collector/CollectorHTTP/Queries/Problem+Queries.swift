import LineFormats
import QueryAdmission
import QueryEngine

extension Problem {
    /// A query that is not taken.
    init(_ refusal: AdmissionRefusal) {
        let (status, slug, title): (Int, String, String) =
            switch refusal.reason {
            case .stopping: (503, "stopping", "The collector is stopping")
            case .waiting, .user: (429, "too-many-queries", "Too many queries run at the same time")
            case .rows: (422, "query-too-costly", "The query would read too much")
            case .breaker, .quarantine: (429, "query-shape-refused", "Queries like this one are not taken now")
            case .bodies: (429, "too-many-queries", "Too many queries are being read at the same time")
            }
        self.init(
            status, slug, title, refusal.message,
            extra: [
                .init("reason", .string(refusal.reason.rawValue)), .init("limit", .integer(refusal.limit)),
                .init("figure", .integer(refusal.figure)),
            ], retryAfter: refusal.retrySeconds)
    }

    /// A query that met a limit while it ran.
    init(_ error: ExecutionError) {
        let extra: [JSONValue.Member] = [
            .init("limit", .integer(error.limit ?? 0)), .init("figure", .integer(error.needed ?? 0)),
        ]
        switch error.code {
        case .memory:
            self.init(400, "query-too-large", "The query needs too much memory", error.message, extra: extra)
        case .memoryOfAll:
            self.init(
                503, "queries-too-large", "The queries need too much memory together", error.message, extra: extra,
                retryAfter: 1)
        case .cancelled: self.init(503, "cancelled", "The query was cancelled", error.message, retryAfter: 1)
        }
    }

    /// A query that was ended before its time.
    init(ending reason: RunningQuery.Ending, _ name: String) {
        switch reason {
        case .clientGone: self.init(503, "cancelled", "The query was cancelled", "its client is gone", retryAfter: 1)
        case .stopping: self = .stopping
        case .killed:
            self.init(
                503, "query-killed", "The query was ended",
                "\(name) was ended by a person: narrow it before you try again")
        }
    }
}
