package import CollectorAPI

/// Follows a query over as many connections as it takes: waits longer after each failure, resumes behind the last line.
package struct TailFollower {
    /// What to do after a connection has ended.
    package enum Retry: Sendable, Equatable {
        /// Try again after this many nanoseconds.
        case after(Int64)
        /// The query was refused; trying again cannot help.
        case never
    }

    /// Lines a second asked for: more than anybody reads, little enough for any link.
    package static let maxRate = 1000

    private let query: String
    private let maxRate: Int
    private var backoff = Backoff()
    private var lastID: String?

    package init(query: String, maxRate: Int = TailFollower.maxRate) {
        self.query = query
        self.maxRate = maxRate
    }

    /// Follows over one connection until it ends.
    ///
    /// - Parameters:
    ///   - client: of the calling thread.
    ///   - shouldContinue: asked several times a second.
    ///   - onOpen: the collector has accepted.
    ///   - onBatch: takes lines; false stops.
    /// - Returns: why the connection ended; nil when `onBatch` or the collector ended it in order.
    package mutating func follow(
        _ client: CollectorClient, shouldContinue: () -> Bool, onOpen: @escaping () -> Void,
        onBatch: @escaping (TailBatch) -> Bool
    ) -> RequestFailure? {
        final class Progress {
            var decoder = TailDecoder()
            var lastID: String?
            var opened = false
        }
        let progress = Progress()
        defer {
            if let id = progress.lastID { lastID = id }
            if progress.opened { backoff.succeeded() }
        }
        do {
            try client.tail(
                query, lastID: lastID, maxRate: maxRate, shouldContinue: shouldContinue,
                onOpen: {
                    progress.opened = true
                    onOpen()
                },
                onBytes: { bytes in
                    var batch = TailBatch()
                    progress.decoder.feed(bytes, into: &batch)
                    if let id = batch.lastID { progress.lastID = id }
                    return batch.entries.isEmpty || onBatch(batch)
                })
            return nil
        } catch {
            return error
        }
    }

    /// Whether and when to try again after a connection that ended with `failure`.
    package mutating func retry(after failure: RequestFailure?, random: UInt64) -> Retry {
        // A query that is wrong stays wrong; too many clients or a restart pass.
        if case .problem(let problem) = failure, (400..<500).contains(problem.status), problem.status != 429 {
            return .never
        }
        return .after(backoff.failed(random: random))
    }
}
