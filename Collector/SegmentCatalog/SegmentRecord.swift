/// Where the bytes of a segment are kept. Raw values are written into the catalog and never change their meaning.
package enum StorageTier: String, Sendable, CaseIterable {
    /// On the local disk, as written or compacted.
    case hot
    /// On the local disk, reduced to what a rarely searched segment needs.
    case warm
    /// In the object store; a stub with the footer is kept locally.
    case cold
}

/// When and why a segment was taken out of use.
package struct Retirement: Equatable, Sendable {
    /// Nanoseconds since the epoch.
    package var since: Int64
    /// For people: the segment that took its place, the rule that it passed.
    package var reason: String

    /// Makes a retirement.
    package init(since: Int64, reason: String) {
        self.since = since
        self.reason = reason
    }
}

/// Whether queries see a segment.
package enum SegmentState: Equatable, Sendable {
    /// Queries see it.
    case live
    /// Another segment holds its events; its bytes go after a time of grace.
    case superseded(Retirement)
    /// Retention took its events away; its bytes go after a time of grace, until then it can be made live again.
    case expired(Retirement)
}

/// What the catalog knows of a segment, under its name.
package struct SegmentRecord: Equatable, Sendable {
    /// The file's name, its key.
    package var name: String
    /// The journal positions that it speaks for.
    package var positions: ClosedRange<UInt64>
    /// 0 for a segment written from memory, else 1 more than the highest of those it was made of.
    package var generation: Int
    /// The level of compaction, 0 for a segment written from memory.
    package var level: Int
    /// Where its bytes are.
    package var tier: StorageTier
    /// Whether queries see it.
    package var state: SegmentState
    /// Events in it.
    package var rows: Int
    /// Bytes of the whole segment, wherever they are.
    package var bytes: UInt64
    /// The earliest and the latest time of an event, nanoseconds.
    package var timeBounds: ClosedRange<Int64>
    /// The earliest and the latest arrival, nanoseconds.
    package var ingestBounds: ClosedRange<Int64>
    /// When the segment was entered, nanoseconds since the epoch.
    package var createdAt: Int64

    /// Makes a record.
    package init(
        name: String, positions: ClosedRange<UInt64>, generation: Int, level: Int, tier: StorageTier,
        state: SegmentState, rows: Int, bytes: UInt64, timeBounds: ClosedRange<Int64>,
        ingestBounds: ClosedRange<Int64>, createdAt: Int64
    ) {
        self.name = name
        self.positions = positions
        self.generation = generation
        self.level = level
        self.tier = tier
        self.state = state
        self.rows = rows
        self.bytes = bytes
        self.timeBounds = timeBounds
        self.ingestBounds = ingestBounds
        self.createdAt = createdAt
    }
}

/// One step of a change of the catalog; see ``SegmentCatalog/apply(_:)``.
package enum CatalogChange: Equatable, Sendable {
    /// Enters a segment, or replaces what is known of the one with this name.
    case insert(SegmentRecord)
    /// Takes a segment into or out of use.
    case setState(SegmentState, of: String)
    /// Notes where the bytes of a segment are now.
    case setTier(StorageTier, of: String)
    /// Forgets a segment whose bytes are gone.
    case remove(String)
}
