package import StoreFormat

/// How a query is run, what that was expected to cost, and what it did cost. Of bounded size.
package struct Explanation: Sendable {
    /// What is done, and in which order.
    package struct Plan: Sendable {
        /// The filter as it is run: filters behind it are part of it, queries inside have their values.
        package var filter = ""
        /// The first and the last time that can match, nanoseconds; nil when none can.
        package var times: ClosedRange<Int64>?
        /// In which order blocks are looked at.
        package var order = RowOrder.any
        /// Rows after which no more are wanted; nil for all.
        package var limit: Int?
        /// Rows that are left out first.
        package var offset = 0
        /// Fields whose combinations of values are ordered and limited by themselves.
        package var partition: [String] = []
        /// The pipes that are left when the plan has taken over what it can.
        package var pipes: [String] = []
        /// The fields that are read of matching rows; nil for all.
        package var fields: [String]?
    }

    /// Blocks: parts of segments or of the head of up to 65,536 rows.
    package struct Blocks: Equatable, Sendable {
        /// How many.
        package var count = 0
        /// Their rows.
        package var rows = 0
        /// Their bytes, on disk or in memory.
        package var bytes = 0

        mutating func add(_ source: any BlockSource) {
            count += 1
            rows += source.rowCount
            bytes += source.byteCount
        }
    }

    /// What is known before anything is read but footers and filters.
    package struct Estimate: Sendable {
        /// All blocks of the store that the query is about.
        package var all = Blocks()
        /// Left out because of their times.
        package var outsideOfTimes = Blocks()
        /// Left out because they have none of the words or values: by filters, dictionaries of labels, names of fields.
        package var withoutValues = Blocks()
        /// The others.
        package var read = Blocks()
        /// Bytes of the columns that the filter and the pipes look at, in the others: at most so many are read.
        package var columnBytes = 0
    }

    /// A stage of the work.
    package enum Stage: Int, CaseIterable, Sendable {
        /// Deciding which blocks to look at.
        case pruning
        /// Finding the matching rows of blocks.
        case filter
        /// Reading the columns of these.
        case columns
        /// Everything behind.
        case pipes
    }

    /// What was measured.
    package struct Measurement: Sendable {
        /// Blocks that were looked at.
        package var blocks = 0
        /// Blocks whose rows were counted by rollups instead.
        package var byRollups = Blocks()
        /// What was read of blocks.
        package var reading = BlockReading()
        /// Rows that came out of each pipe.
        package var rowsBehindPipes: [Int] = []
        /// Nanoseconds of each stage, by its raw value.
        package var nanos = [UInt64](repeating: 0, count: Stage.allCases.count)
        /// Nanoseconds in all.
        package var totalNanos: UInt64 = 0
        /// What the query did.
        package var summary = ExecutionSummary()
    }

    /// What is done.
    package var plan = Plan()
    /// What is known before.
    package var estimate = Estimate()
    /// What was measured.
    package var measured = Measurement()
}
