import QueryAdmission
import Synchronization

/// Bytes of the small bodies of all requests that are being handled.
final class BodyBound: Sendable {
    /// The most that there may be.
    let limit: Int
    private let held = Atomic<Int>(0)

    init(limit: Int) {
        self.limit = limit
    }

    /// Bytes now.
    var current: Int { held.load(ordering: .relaxed) }

    fileprivate func take(_ bytes: Int) -> Bool {
        if held.add(bytes, ordering: .relaxed).newValue <= limit { return true }
        give(bytes)
        return false
    }

    fileprivate func give(_ bytes: Int) { held.subtract(bytes, ordering: .relaxed) }
}

/// What the body of one request takes of the ``BodyBound``; given back when the request has been answered.
final class BodyHold: Sendable {
    private let bound: BodyBound
    private let statistics: HTTPStatistics
    private let bytes = Atomic<Int>(0)

    init(_ bound: BodyBound, _ statistics: HTTPStatistics) {
        self.bound = bound
        self.statistics = statistics
    }

    deinit { bound.give(bytes.load(ordering: .relaxed)) }

    /// Takes more.
    func take(_ more: Int) throws(Problem) {
        guard bound.take(more) else {
            statistics.queryRefused(.bodies)
            throw Problem(
                AdmissionRefusal(
                    reason: .bodies,
                    message:
                        "the bodies of all queries that are being read may have \(bound.limit) bytes together, and "
                        + "this one does not fit beside the others: try again in a moment, or send a shorter query",
                    limit: bound.limit, figure: bytes.load(ordering: .relaxed) + more, retrySeconds: 1))
        }
        bytes.add(more, ordering: .relaxed)
    }
}
