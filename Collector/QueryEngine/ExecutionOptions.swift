package import LogModel

/// The place of a row in the order of time, and of arrival where times are equal: where a page of results ended.
package struct RowCursor: Hashable, Sendable, Comparable {
    /// The event's time, nanoseconds.
    package var time: Int64
    /// The event's `RowID`.
    package var id: UInt64

    /// Makes a cursor.
    package init(time: Int64, id: UInt64) {
        self.time = time
        self.id = id
    }

    /// Earlier comes first; of equal times, what arrived first.
    package static func < (left: RowCursor, right: RowCursor) -> Bool {
        left.time != right.time ? left.time < right.time : left.id < right.id
    }
}

/// In which order rows are wanted when the query itself does not say.
package enum RowOrder: Sendable, Equatable {
    /// The latest first.
    case newestFirst
    /// The earliest first.
    case oldestFirst
    /// As they are found: the cheapest, and the only one without a bound on how many.
    case any
}

/// What a query may do and how its rows are wanted.
package struct ExecutionOptions: Sendable {
    /// Against what relative times such as `_time:5m` are resolved.
    package var now: Timestamp
    /// Only events at or after this time.
    package var from: Timestamp?
    /// Only events before this time.
    package var to: Timestamp?
    /// Whether ``from`` and ``to`` do not hold, unless a query inside says that they do.
    var ignoresGlobalTimeFilter = false
    /// Whether the query around this one needs the ids of streams.
    var needsStreamID = false
    /// At most so many rows; nil for all.
    package var limit: Int?
    /// The order of rows.
    package var order: RowOrder
    /// Only rows behind this one in ``order``.
    package var after: RowCursor?
    /// Only rows with these `RowID`s, where rows are ordered by time.
    package var ids: ClosedRange<UInt64> = 0...UInt64.max
    /// Over how many seconds `rate` counts; nil for the times that the query is about.
    package var rateSeconds: Double?
    /// Whether all matching rows are to be counted even when ``limit`` needs fewer.
    package var countsHits: Bool
    /// What earlier queries found out about blocks; nil for nothing.
    package var cache: QueryCache?
    /// Threads that help where there is much to look at; nil for none.
    package var threads: QueryThreads?
    /// Whether others go on where it ends: hits are those behind ``after`` and among ``ids``, and rows behind times that
    /// a limit left out are not handed on. Where rows are ordered by time.
    package var isResumable = false
    /// The memory that the query may hold; beyond, it fails.
    package var budget: QueryBudget
    /// Is told how far the query is.
    package var progress: QueryProgress
    /// Rows that it may read; beyond, the scan ends, and the answer says that it is not complete.
    package var maximumRows: Int
    /// Why rows are missing among the blocks, for each reason a sentence: the answer is not complete then.
    package var gaps: [String] = []
    /// Asked before each block; true ends the query with ``ExecutionError/Code/cancelled``.
    package var isCancelled: @Sendable () -> Bool
    /// Asked before each block; true ends the scan, and the answer says that it is not complete.
    package var isOverdue: @Sendable () -> Bool

    /// Follows the query to explain it; queries inside are not followed.
    package var trace: QueryTrace?

    /// Makes options; by default everything, in any order.
    package init(
        now: Timestamp, from: Timestamp? = nil, to: Timestamp? = nil, limit: Int? = nil, order: RowOrder = .any,
        after: RowCursor? = nil, countsHits: Bool = false, budget: QueryBudget = QueryBudget(),
        progress: QueryProgress = QueryProgress(), maximumRows: Int = .max,
        isCancelled: @escaping @Sendable () -> Bool = { false },
        isOverdue: @escaping @Sendable () -> Bool = { false }
    ) {
        self.now = now
        self.from = from
        self.to = to
        self.limit = limit
        self.order = order
        self.after = after
        self.countsHits = countsHits
        self.budget = budget
        self.progress = progress
        self.maximumRows = maximumRows
        self.isCancelled = isCancelled
        self.isOverdue = isOverdue
    }

    /// Ends the query when nobody waits for its answer any more. To be asked wherever much is done between two blocks.
    func checkCancelled() throws(ExecutionError) {
        if isCancelled() { throw ExecutionError(code: .cancelled, message: "the query was cancelled") }
    }
}

/// What a query did.
package struct ExecutionSummary: Sendable, Equatable {
    /// Rows that matched the filter, as far as they were looked at.
    package var hits = 0
    /// Rows of the blocks that were read.
    package var scannedRows = 0
    /// Bytes of the blocks that were read.
    package var scannedBytes = 0
    /// Rows of blocks that an earlier query had looked at, so that they need not be read.
    package var knownRows = 0
    /// Blocks left out because of their times, or because they hold none of the words.
    package var prunedBlocks = 0
    /// Whether every event that could match was looked at.
    package var isComplete = true
    /// Why not, for each reason a sentence.
    package var gaps: [String] = []
    /// The times that a limit left out; nil when none did.
    package var skipped: SkippedTimes?
    /// Segments that the query did not see, as far as its caller told.
    package var missing: [MissingSegment] = []
    /// Whether more is missing than ``skipped``, ``missing`` and ``unreadable`` say: queries inside this one lack events,
    /// or there are more blocks that cannot be read than are named.
    package var hasUnplacedGaps = false
    /// Blocks that could not be read, the first ``ExecutionSummary/maxUnreadable`` of them.
    package var unreadable: [UnreadableBlock] = []
    /// How many unreadable blocks are named; the others only make the answer incomplete.
    static let maxUnreadable = 64
    /// The last row that was handed out, when rows are ordered by time.
    package var lastRow: RowCursor?
    /// The highest journal position that the query could see.
    package var lastPosition: UInt64 = 0

    /// Nothing done yet.
    package init() {}
}

/// A block whose bytes are damaged or cannot be read. Its bounds come from the segment's footer, which is intact.
package struct UnreadableBlock: Sendable, Equatable {
    /// The lowest and the highest `RowID` of its events; no two blocks have the same.
    package var ids: ClosedRange<UInt64>
    /// Their earliest and latest time, nanoseconds.
    package var times: ClosedRange<Int64>
    /// How many events there are.
    package var rowCount: Int
    /// Tenants of the block's segment, sorted.
    package var tenants: [String]
    /// What was wrong with the part that was needed.
    package var reason: String
}

/// A segment that a query did not see.
package struct MissingSegment: Sendable, Equatable {
    /// Its name.
    package var name: String
    /// Where it is kept: `hot`, `warm` or `cold`.
    package var tier: String
    /// How many events it has.
    package var rowCount: Int
    /// Their earliest and latest time, nanoseconds.
    package var times: ClosedRange<Int64>
    /// What is missing and why, a sentence.
    package var reason: String

    /// Describes a segment.
    package init(name: String, tier: String, rowCount: Int, times: ClosedRange<Int64>, reason: String) {
        self.name = name
        self.tier = tier
        self.rowCount = rowCount
        self.times = times
        self.reason = reason
    }
}

/// Why a query failed.
package struct ExecutionError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure.
    package enum Code: Sendable, Equatable {
        /// The client is gone or somebody ended the query.
        case cancelled
        /// Groups, sorted rows or other things to hold take more memory than one query may.
        case memory
        /// They take more memory than all queries may together.
        case memoryOfAll
    }
    /// What kind of failure.
    package var code: Code
    /// A sentence that says how to narrow the query.
    package var message: String
    /// The limit that it met, if it was one, in its own unit.
    package var limit: Int?
    /// What the query needed of it, at least.
    package var needed: Int?

    /// The message.
    package var description: String { message }
}
