package import ByteCoding

/// Makes a segment of what is intact of a damaged one. Sections are copied as they are; a block without its rows is left
/// out, a damaged field is left out of its block, and so is what only makes searching faster.
package struct SegmentSalvage {
    private let reader: SegmentReader
    private var footer: SegmentFooter
    /// Where presences begin that cannot be read.
    private let damagedPresences: Set<UInt64>

    /// Plans a salvage; nil when no block is left.
    ///
    /// - Parameters:
    ///   - reader: the damaged segment.
    ///   - damages: what is damaged of it.
    package init?(_ reader: SegmentReader, damages: [SectionDamage]) {
        self.reader = reader
        footer = reader.footer
        let presences = Set(reader.footer.blocks.flatMap { $0.presences.map(\.offset) })
        damagedPresences = presences.intersection(damages.map(\.offset))
        var lost: Set<Int> = []
        var fields: [Int: Set<String>] = [:]
        var extras: [Int: Set<SectionKind>] = [:]
        for damage in damages {
            switch damage.part {
            case .rows(let block): lost.insert(block)
            case .fields(let names, let block): fields[block, default: []].formUnion(names)
            case .extra(let kind, let block): extras[block, default: []].insert(kind)
            case .header, .segment: break
            }
        }
        footer.blocks = reader.footer.blocks.enumerated().compactMap { number, block in
            guard !lost.contains(number) else { return nil }
            var block = block
            let damaged = fields[number] ?? []
            block.columns.removeAll { damaged.contains($0.name) }
            if let overflow = block.overflow, !damaged.isDisjoint(with: overflow.names) { block.overflow = nil }
            block.extras.removeAll { extras[number]?.contains($0.kind) ?? false }
            return block
        }
        guard !footer.blocks.isEmpty else { return nil }
        footer.rowCount = footer.blocks.reduce(0) { $0 + $1.rowCount }
        footer.generation += 1
        // Others are made of all rows; a segment can do without them.
        footer.sections.removeAll { $0.kind != .streams }
    }

    /// Events in the new segment.
    package var rowCount: Int { footer.rowCount }

    /// Writes the new segment, which takes the damaged one's place: its generation is one more.
    ///
    /// - Parameter sink: gets the bytes in order, a section at a time.
    /// - Returns: the footer.
    /// - Throws: what `sink` throws; `StoreFormatError` when a section is damaged by now.
    package func write(to sink: (borrowing ByteWriter) throws -> Void) throws -> SegmentFooter {
        try SegmentTransfer(reader: reader, footer: footer, emptied: damagedPresences).write(to: sink)
    }
}
