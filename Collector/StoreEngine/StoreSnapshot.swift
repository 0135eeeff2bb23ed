package import SegmentCatalog
package import StoreFormat

/// What a query sees: the segments and the head as they were at one moment. Files stay readable while it lives.
package struct StoreSnapshot: Sendable {
    /// A segment whose events a query does not see.
    package struct Missing: Sendable {
        /// What is known of it; its times are all there are when it could never be read.
        package var record: SegmentRecord
        /// What is missing and why, a sentence.
        package var reason: String
    }

    /// All blocks, the oldest arrivals first.
    package let blocks: [any BlockSource]
    /// The highest journal position whose events are among the blocks, 0 when there are none.
    package let lastPosition: UInt64
    /// Segments that are set aside because they are damaged: their events are missing here.
    package let quarantined: Int
    /// Segments whose events are missing here: their object store is away, they cannot be read at present, or they were
    /// found damaged since the start and set aside.
    package let missing: [Missing]
    /// Why events are missing here, for each reason a sentence.
    package var gaps: [String] { missing.map(\.reason) }
}
