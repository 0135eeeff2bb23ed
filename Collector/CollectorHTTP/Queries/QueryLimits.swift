package import QueryAdmission
import QueryEngine
import SystemIO

/// The bounds of queries.
package struct QueryLimits: Sendable, Equatable {
    /// How many run and wait, and of whom.
    package var admission = AdmissionRules()
    /// When shapes of queries that did harm are refused.
    package var shapes = ShapeGuard.Rules()
    /// How long a query may run unless it says otherwise.
    package var timeout = Duration.seconds(30)
    /// The longest time that it may ask for.
    package var maximumTimeout = Duration.seconds(600)
    /// Rows that one query may read; beyond, its answer says that it is not complete.
    package var rows = Int.max
    /// Bytes of memory that one query may hold.
    package var memoryBytes = QueryBudget.defaultBytes
    /// Bytes of memory that all queries may hold together.
    package var totalMemoryBytes = 256 << 20
    /// Bytes of what is kept of queries for those that ask the same; 0 keeps nothing.
    package var cacheBytes = QueryCache.defaultBytes
    /// Threads of all queries together, where some of them help others than their own; 1 for a thread a query.
    package var threads = 1
    /// How nice the threads of queries are to those that take events: 0 to 19, see nice(1).
    package var niceness = 15
    /// Rows of one page of `/v1/search`.
    package var searchRows = 10_000
    /// Rows of the blocks that a streamed search looks at first; later it looks at more and more at once.
    package var sliceRows = 1 << 16
    /// Bytes of events after which a page of a search ends, and of the events that a tail makes up for.
    package var pageBytes = 8 << 20
    /// Bytes that the rows of an answer may take that is sent as a whole.
    package var answerBytes = 64 << 20
    /// Bytes of the body of a query.
    package var bodyBytes = 1 << 20
    /// Bytes of the bodies of all queries that are being read together.
    package var bodiesBytes = 16 << 20

    /// The defaults: as many queries at the same time as there are cores, and four at least; a user never has them all.
    package init() {
        threads = min(Machine.processors, 256)
        admission.running = min(max(4, Machine.processors), 64)
        admission.runningOfUser = admission.running - 1
        admission.heavyRunning = admission.running / 2
    }
}
