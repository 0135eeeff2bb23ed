/// Which events a block of a segment holds, and in which order: equal for the same bytes whichever reader they come by, and
/// never equal for others. What was found out about a block stays true for its identity for ever.
package struct BlockIdentity: Hashable, Sendable {
    /// Positions and generation are what the segment's name says.
    private let positions: ClosedRange<UInt64>
    private let generation: UInt64
    private let footerChecksum: UInt32
    /// Where the block begins in the segment.
    private let offset: UInt64

    /// The identity of a block; nil for one in memory, which may yet grow.
    package init?(_ block: any BlockSource) {
        guard let block = block as? SegmentBlock else { return nil }
        positions = block.segment.footer.journalPositions
        generation = block.segment.footer.generation
        footerChecksum = block.segment.footerChecksum
        offset = block.description.times.offset
    }
}
