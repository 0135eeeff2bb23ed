internal import ByteCoding

/// Writes a segment out of the sections of another one, byte for byte. What its footer does not name is left out.
struct SegmentTransfer {
    let reader: SegmentReader
    /// The footer of the new segment; its references say where the sections are in the old one.
    var footer: SegmentFooter
    /// Where presences begin, in the old segment, whose bytes are left out: fields know presences by their numbers.
    var emptied: Set<UInt64> = []

    /// Writes the new segment.
    ///
    /// - Parameter sink: gets the bytes in order, a section at a time.
    /// - Returns: its footer.
    /// - Throws: what `sink` throws; `StoreFormatError` when a section is damaged; what reading throws.
    func write(to sink: (borrowing ByteWriter) throws -> Void) throws -> SegmentFooter {
        var footer = footer
        var offset: UInt64 = 0
        func put(_ bytes: [UInt8]) throws {
            var writer = ByteWriter(capacity: bytes.count)
            writer.append(contentsOf: bytes)
            try sink(writer)
            offset += UInt64(bytes.count)
        }
        func empty(_ reference: SectionReference) -> SectionReference {
            SectionReference(kind: reference.kind, offset: offset, length: 0, checksum: crc32c([]))
        }
        func moved(_ reference: SectionReference) throws -> SectionReference {
            var result = reference
            result.offset = offset
            try put(try reader.section(reference))
            return result
        }
        try put(SegmentBuilder.header(.newest))
        for index in footer.blocks.indices {
            var block = footer.blocks[index]
            block.times = try moved(block.times)
            block.ids = try moved(block.ids)
            block.levels = try moved(block.levels)
            block.streams = try moved(block.streams)
            block.messages = try moved(block.messages)
            for column in block.columns.indices {
                block.columns[column].section = try moved(block.columns[column].section)
            }
            if let overflow = block.overflow { block.overflow = (overflow.names, try moved(overflow.section)) }
            block.presences = try block.presences.map { try emptied.contains($0.offset) ? empty($0) : moved($0) }
            footer.blocks[index] = block
        }
        footer.tailOffset = offset
        footer.sections = try footer.sections.map(moved)
        for index in footer.blocks.indices {
            footer.blocks[index].extras = try footer.blocks[index].extras.map(moved)
        }
        var end = ByteWriter()
        footer.encode(into: &end)
        let count = end.count
        let checksum = unsafe end.withBytes { unsafe crc32c($0) }
        end.append(littleEndian: UInt32(count))
        end.append(littleEndian: checksum)
        end.append(littleEndian: SegmentVersion.newest.endMagic)
        try sink(end)
        return footer
    }
}
