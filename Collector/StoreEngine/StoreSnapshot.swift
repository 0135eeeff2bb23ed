package import StoreFormat

/// What a query sees: the segments and the head as they were at one moment. Files stay readable while it lives.
package struct StoreSnapshot: Sendable {
    /// All blocks, the oldest arrivals first.
    package let blocks: [any BlockSource]
    /// The highest journal position whose events are among the blocks, 0 when there are none.
    package let lastPosition: UInt64
    /// Segments that are set aside because they are damaged: their events are missing here.
    package let quarantined: Int
    /// Why events are missing here that are not lost, for each reason a sentence: an object store that is away.
    package let gaps: [String]
}
