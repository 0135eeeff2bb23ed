import Synchronization

/// The bytes of requests that are in memory, and their bound.
package final class BytesInFlight: Sendable {
    /// The bound.
    package let limit: Int
    private let bytes = Mutex(0)

    /// Nothing in flight.
    package init(limit: Int) {
        self.limit = limit
    }

    /// Takes room for some more bytes.
    ///
    /// - Throws: ``IngestProblem`` of the kind `overloaded` when there is none; nothing is taken then.
    package func take(_ count: Int) throws(IngestProblem) {
        let fits = bytes.withLock { bytes in
            guard bytes + count <= limit else { return false }
            bytes += count
            return true
        }
        if !fits {
            throw IngestProblem(
                .overloaded, "\(limit) bytes of requests are being worked on already: send it again in a moment",
                limit: limit)
        }
    }

    /// Gives room back.
    package func give(_ count: Int) {
        bytes.withLock { $0 -= count }
    }

    /// The bytes now.
    package var current: Int { bytes.withLock { $0 } }
}
