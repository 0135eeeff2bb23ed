package import ByteCoding

/// Makes a segment of another one without what only makes searching faster: the filters of its blocks. All else is copied
/// byte for byte. The answers stay the same, and come more slowly.
///
/// That a segment is stripped needs no mark: it has no filter. Streams and rollups stay, for they take next to nothing.
package struct SegmentStrip {
    private let transfer: SegmentTransfer

    /// The kinds of sections that are left out.
    private static let kinds: Set<SectionKind> = [.filter]

    /// How much of a segment could be left out.
    ///
    /// - Parameter footer: of the segment.
    /// - Returns: bytes of sections; 0 for one that has been stripped.
    package static func bytes(of footer: SegmentFooter) -> UInt64 {
        footer.blocks.reduce(0) { sum, block in
            block.extras.reduce(sum) { $0 + (kinds.contains($1.kind) ? UInt64($1.length) : 0) }
        }
    }

    /// Plans the new segment, whose generation is one more; nil when there is nothing to leave out.
    ///
    /// - Parameter reader: the segment.
    package init?(_ reader: SegmentReader) {
        guard Self.bytes(of: reader.footer) > 0 else { return nil }
        var footer = reader.footer
        footer.generation += 1
        for index in footer.blocks.indices { footer.blocks[index].extras.removeAll { Self.kinds.contains($0.kind) } }
        transfer = SegmentTransfer(reader: reader, footer: footer)
    }

    /// Writes the new segment.
    ///
    /// - Parameter sink: gets the bytes in order, a section at a time.
    /// - Returns: the footer.
    /// - Throws: what `sink` throws; `StoreFormatError` when a section is damaged; what reading throws.
    package func write(to sink: (borrowing ByteWriter) throws -> Void) throws -> SegmentFooter {
        try transfer.write(to: sink)
    }
}
