/// Which events a block of a segment holds, and in which order: equal for the same bytes whichever reader they come by, and
/// never equal for others. What was found out about a block stays true for its identity for ever.
package struct BlockIdentity: Hashable, Sendable {
    /// Positions and generation are what the segment's name says.
    private let positions: ClosedRange<UInt64>
    private let generation: UInt64
    private let footerChecksum: UInt32
    /// Where the block begins in the segment.
    private let offset: UInt64

    init(_ footer: SegmentFooter, checksum: UInt32) {
        positions = footer.journalPositions
        generation = footer.generation
        footerChecksum = checksum
        offset = 0
    }

    /// A block of the segment.
    init(_ segment: BlockIdentity, offset: UInt64) {
        positions = segment.positions
        generation = segment.generation
        footerChecksum = segment.footerChecksum
        self.offset = offset
    }

    /// By what differs most often.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(positions.lowerBound ^ UInt64(footerChecksum) << 32)
        hasher.combine(offset)
    }
}
