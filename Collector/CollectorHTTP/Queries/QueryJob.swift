import LogModel
import QueryEngine
import QueryLanguage
import StoreFormat

extension QueryRunner {
    /// What a query works with: bounds of time and memory are set here, the rest by the route.
    struct Job: Hashable, Sendable {
        var query: Query
        var from: Timestamp?
        var to: Timestamp?
        var limit: Int?
        var order = RowOrder.any
        var after: RowCursor?
        var countsHits = false
        /// Whether an answer that a limit cuts short says where to go on, so that the client can have the rest.
        var goesOn = false
        /// Only blocks that may hold rows with these ids.
        var ids: ClosedRange<UInt64> = 0...UInt64.max
        /// Over how many seconds `rate` counts; nil for the times that the query is about.
        var rateSeconds: Double?
        /// Whether others go on where it ends; see `ExecutionOptions.isResumable`.
        var isResumable = false
        var timeout: Duration
        var now: Timestamp
        /// Follows the query, if it is to be explained.
        var trace: QueryTrace?
    }

    /// Goes over the blocks of a query in another way than all at once.
    struct Pass: Sendable {
        /// What is known when it begins.
        struct Input {
            var query: Query
            var blocks: [any BlockSource]
            var options: ExecutionOptions
            /// The highest `RowID` that it can see.
            var lastID: UInt64
            /// Segments that it does not see.
            var missing: [MissingSegment]
        }

        /// Gives the rows to `emit`, on the thread of the query.
        var run: @Sendable (Input, @escaping (ResultBlock) -> Bool) throws(ExecutionError) -> ExecutionSummary
    }
}
