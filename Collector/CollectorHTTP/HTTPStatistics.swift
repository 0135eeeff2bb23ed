package import QueryAdmission
import Synchronization

/// What the HTTP side has done since the start.
package final class HTTPStatistics: Sendable {
    /// The counts at one moment.
    package struct Counts: Sendable, Equatable {
        /// Answers by status.
        package var responses: [Int: UInt64] = [:]
        /// Queries by how they ended: `complete`, `incomplete`, `cancelled`, `failed`, `refused`.
        package var queries: [String: UInt64] = [:]
        /// Queries that were refused, by the limit.
        package var refusedQueries: [AdmissionRefusal.Reason: UInt64] = [:]
        /// Queries that took up to so many seconds, one count a bound of ``queryBounds``, and one for longer ones.
        package var queryDurations = [UInt64](repeating: 0, count: HTTPStatistics.queryBounds.count + 1)
        /// Seconds that all queries took together.
        package var querySeconds = 0.0
        /// Rows that queries looked at.
        package var scannedRows: UInt64 = 0
        /// Blocks that could not be read, each counted once.
        package var unreadableBlocks: UInt64 = 0
        /// Events in them.
        package var unreadableRows: UInt64 = 0
    }

    /// Bounds of the durations of queries, in seconds.
    package static let queryBounds = [0.005, 0.025, 0.1, 0.5, 1, 5, 30]

    private let state = Mutex(Counts())

    /// Nothing counted yet.
    package init() {}

    /// The counts now.
    package var counts: Counts { state.withLock { $0 } }

    func answered(_ status: Int) {
        state.withLock { $0.responses[status, default: 0] += 1 }
    }

    func queryEnded(_ outcome: String, nanos: UInt64, scannedRows: Int) {
        let seconds = Double(nanos) / 1e9
        let index = Self.queryBounds.firstIndex { seconds <= $0 } ?? Self.queryBounds.count
        state.withLock {
            $0.queries[outcome, default: 0] += 1
            $0.queryDurations[index] += 1
            $0.querySeconds += seconds
            $0.scannedRows += UInt64(scannedRows)
        }
    }

    func foundUnreadable(rows: Int) {
        state.withLock {
            $0.unreadableBlocks += 1
            $0.unreadableRows += UInt64(rows)
        }
    }

    func queryRefused(_ reason: AdmissionRefusal.Reason) {
        state.withLock {
            $0.queries["refused", default: 0] += 1
            $0.refusedQueries[reason, default: 0] += 1
        }
    }
}
