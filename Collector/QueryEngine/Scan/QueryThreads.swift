internal import Synchronization
package import Workers

/// Threads that help queries which have much to look at. Together with the queries' own threads they are never more than a
/// bound, so that what else the machine does keeps its share: queries begin whenever they may, and helpers go when
/// there are too many. Shared freely.
package final class QueryThreads: Sendable {
    /// Threads that one query may have at most, its own among them: each holds the columns of a block or two.
    package static let mostOfQuery = 4

    /// The most threads of all queries together, where there are helpers among them.
    package let limit: Int
    /// For how long a query works alone: what is done sooner is not worth a second thread.
    let patience: Duration
    private let pool: WorkerPool?
    private let busy = Atomic<Int>(0)
    private let helping = Atomic<Int>(0)

    /// Starts the threads.
    ///
    /// - Parameters:
    ///   - limit: the most threads of all queries; with 1 nobody helps.
    ///   - niceness: how nice helpers are to other threads of the process, 0 to 19.
    ///   - patience: for how long a query works alone.
    /// - Throws: `WorkerError` when there are no threads to be had.
    package init(limit: Int, niceness: Int = 0, patience: Duration = .milliseconds(1)) throws(WorkerError) {
        self.limit = limit
        self.patience = patience
        let helpers = limit - 1
        pool =
            helpers > 0
            ? try WorkerPool(name: "query-help", threads: helpers, queueLimit: helpers, niceness: niceness) : nil
    }

    /// Helpers at work now.
    package var helpers: Int { helping.load(ordering: .relaxed) }

    /// Ends the threads, once no query runs any more.
    package func stop() { pool?.stop() }

    /// A query begins on a thread of its own.
    package func begin() { busy.add(1, ordering: .relaxed) }

    /// It has ended.
    package func end() { busy.subtract(1, ordering: .relaxed) }

    /// How many threads one query may have.
    var mostOfQuery: Int { min(limit, Self.mostOfQuery) }

    /// Whether a helper has to go, for a query has begun since.
    var areTooMany: Bool { busy.load(ordering: .relaxed) > limit }

    /// Has a helper do some work; false when all are needed elsewhere.
    func lend(_ work: @escaping @Sendable () -> Void) -> Bool {
        guard let pool else { return false }
        if busy.add(1, ordering: .relaxed).newValue > limit {
            busy.subtract(1, ordering: .relaxed)
            return false
        }
        do throws(WorkerError) {
            try pool.submit { [self] in
                helping.add(1, ordering: .relaxed)
                work()
                helping.subtract(1, ordering: .relaxed)
                busy.subtract(1, ordering: .relaxed)
            }
            return true
        } catch {
            busy.subtract(1, ordering: .relaxed)
            return false
        }
    }
}
