/// How many queries run and wait, and of whom.
package struct AdmissionRules: Sendable, Equatable {
    /// Queries that run at the same time.
    package var running = 4
    /// Queries that wait for one of those to end; more are refused.
    package var waiting = 256
    /// Of one user: queries that run at the same time; further ones wait.
    package var runningOfUser = 3
    /// Of one user: queries that wait; more are refused.
    package var waitingOfUser = 128
    /// The cost from which on a query is a heavy one: rows, weighted by what is done with each.
    package var heavyRows = 4_000_000
    /// Heavy queries that run at the same time; further ones wait, and lighter ones pass them.
    package var heavyRunning = 2
    /// Rows that a query may be estimated to read; beyond, it is refused before it runs.
    package var estimatedRows = Int.max
    /// How long a query waits before it may go ahead of lighter ones, nanoseconds.
    package var patienceNanos: UInt64 = 2_000_000_000
    /// Of so many places one goes to a query that has waited for so long.
    package var placesPerPatient = 8

    /// The defaults.
    package init() {}
}

/// Why a query was not taken.
package struct AdmissionRefusal: Error, Sendable, Equatable {
    /// Which limit it was; the name of the metric's label.
    package enum Reason: String, Sendable, CaseIterable {
        /// Too many queries wait already.
        case waiting
        /// Too many queries of the same user wait already.
        case user
        /// It would read too many rows.
        case rows
        /// Queries of this shape failed one after the other a moment ago.
        case breaker
        /// Queries of this shape are not taken for a while.
        case quarantine
        /// The bodies of queries take too much memory together.
        case bodies
        /// The collector is stopping.
        case stopping
    }

    /// Which limit it was.
    package var reason: Reason
    /// A sentence: the limit, the query's own figure, and what to do.
    package var message: String
    /// The limit, in its own unit.
    package var limit: Int
    /// The query's own figure.
    package var figure: Int
    /// Seconds after which it may be tried again; nil when it must be changed.
    package var retrySeconds: Int?

    /// Makes a refusal.
    package init(reason: Reason, message: String, limit: Int, figure: Int, retrySeconds: Int? = nil) {
        self.reason = reason
        self.message = message
        self.limit = limit
        self.figure = figure
        self.retrySeconds = retrySeconds
    }
}
