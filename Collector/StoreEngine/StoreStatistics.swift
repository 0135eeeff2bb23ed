package import SegmentCatalog
package import StoreFormat

/// How hard the store is pressed.
package enum StoreLoad: Sendable, Equatable {
    /// All is well.
    case normal
    /// A full head waits to be written.
    case elevated
    /// As many heads wait as are allowed, or they cannot be written: nothing more should be accepted.
    case critical
}

/// What a store holds.
package struct StoreStatistics: Sendable, Equatable {
    /// Events, in memory and in segments.
    package var rows = 0
    /// Segments.
    package var segments = 0
    /// Bytes of all segments.
    package var diskBytes: UInt64 = 0
    /// Segments in use whose files cannot be read at present.
    package var unreadableSegments = 0
    /// Segments with so many streams that they are not merged.
    package var wideSegments = 0
    /// Events in memory.
    package var headRows = 0
    /// Bytes of memory they take.
    package var headBytes = 0
    /// The earliest time of an event, nanoseconds; nil without events.
    package var oldest: Int64?
    /// The latest time of an event, nanoseconds.
    package var newest: Int64?
    /// Distinct streams seen since the start, and in the segments.
    package var streams = 0
    /// What each tier holds; nothing for one that is empty.
    package var tiers: [StorageTier: Tier] = [:]
    /// Segments on the disk that nobody sees any more, waiting to be removed, and their bytes.
    package var retiredSegments = 0
    /// Bytes of these.
    package var retiredBytes: UInt64 = 0
    /// Segments of each level of compaction, those from memory first.
    package var segmentsByLevel: [Int] = []
    /// What has happened since the start.
    package var counters = StoreCounters()
    /// Whether the catalog on the disk could not be brought up to date.
    package var catalogIsBehind = false
}

extension StoreStatistics {
    /// What a tier holds.
    package struct Tier: Sendable, Equatable {
        /// Segments.
        package var segments = 0
        /// Events.
        package var rows = 0
        /// Bytes of the segments, wherever they are.
        package var bytes: UInt64 = 0

        /// An empty tier.
        package init() {}
    }
}

/// What has happened in a store since the start.
package struct StoreCounters: Sendable, Equatable {
    /// Segments set aside because they were damaged.
    package var quarantined = 0
    /// Segments that were damaged or missing and of which events are in no other segment.
    package var lostSegments = 0
    /// These events.
    package var lostRows = 0
    /// Segments written from memory.
    package var flushes = 0
    /// Their bytes.
    package var flushedBytes: UInt64 = 0
    /// What the segments written since the start could not keep in the usual form; merging counts again.
    package var degraded = DegradedColumns()
    /// Attempts to write a segment from memory that failed.
    package var failedFlushes = 0
    /// Times that segments were merged into one.
    package var compactions = 0
    /// Attempts to do so that failed.
    package var failedCompactions = 0
    /// Bytes that were read to merge segments.
    package var compactionBytesRead: UInt64 = 0
    /// Bytes of merged segments.
    package var compactionBytesWritten: UInt64 = 0
    /// Nanoseconds that merging rested: to keep to its share, and while ingest was pressed.
    package var throttledNanos: UInt64 = 0

    /// How often a byte was written, on average, since the start: 1 when nothing was merged.
    package var writeAmplification: Double {
        flushedBytes == 0 ? 1 : Double(flushedBytes + compactionBytesWritten) / Double(flushedBytes)
    }

    /// Makes counters at zero.
    package init() {}
}
