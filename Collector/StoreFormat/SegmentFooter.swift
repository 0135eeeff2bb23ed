package import ByteCoding

/// Where a section lies in the file, and how to check it.
package struct SectionReference: Equatable, Sendable {
    /// How its bytes are to be read.
    package var kind: SectionKind
    /// From the start of the file.
    package var offset: UInt64
    /// In bytes.
    package var length: UInt32
    /// CRC-32C of its bytes.
    package var checksum: UInt32
}

/// One block of a segment: its bounds, for pruning, and its columns.
package struct BlockDescription: Equatable, Sendable {
    /// Events in the block.
    package var rowCount: Int
    /// The earliest and the latest time, nanoseconds.
    package var timeBounds: ClosedRange<Int64>
    /// The lowest and the highest ``RowID``.
    package var idBounds: ClosedRange<UInt64>
    /// Times of the rows.
    package var times: SectionReference
    /// Ids of the rows.
    package var ids: SectionReference
    /// Normalised levels.
    package var levels: SectionReference
    /// Indexes into the streams of the segment.
    package var streams: SectionReference
    /// Messages.
    package var messages: SectionReference
    /// Fields with a column of their own.
    package var columns: [(name: String, section: SectionReference)]
    /// Fields without one, and their names.
    package var overflow: (names: [String], section: SectionReference)?
    /// Which rows have a value, for columns that have this in common with others.
    package var presences: [SectionReference] = []
    /// Sections about the block that stand in the tail of the file, where pruning finds them; at most one of a kind.
    package var extras: [SectionReference] = []

    /// Whether both describe the same block.
    package static func == (left: BlockDescription, right: BlockDescription) -> Bool {
        left.rowCount == right.rowCount && left.timeBounds == right.timeBounds && left.idBounds == right.idBounds
            && left.times == right.times && left.ids == right.ids && left.levels == right.levels
            && left.streams == right.streams && left.messages == right.messages
            && left.columns.elementsEqual(right.columns) { $0.name == $1.name && $0.section == $1.section }
            && left.overflow?.names == right.overflow?.names && left.overflow?.section == right.overflow?.section
            && left.presences == right.presences && left.extras == right.extras
    }
}

/// The table of contents at the end of a segment: all that is needed to decide what else to read.
package struct SegmentFooter: Equatable, Sendable {
    /// Events in the segment.
    package var rowCount: Int
    /// Journal positions of the batches in the segment, all of them and no others.
    package var journalPositions: ClosedRange<UInt64>
    /// The earliest and the latest time of arrival, nanoseconds.
    package var ingestBounds: ClosedRange<Int64>
    /// How often its events were compacted, as a level: 0 for a segment that was flushed from the head.
    package var compactionLevel: Int
    /// 0 for a segment that was flushed; of one that replaces others, one more than the highest among them.
    package var generation: UInt64
    /// Where the tail begins: ``sections``, the blocks' extras, this footer and the trailer, up to the end of the file.
    package var tailOffset: UInt64
    /// Sections about the whole segment, all in the tail; at most one of a kind.
    package var sections: [SectionReference]
    /// Blocks in the order of arrival.
    package var blocks: [BlockDescription]

    /// The segment-wide section of a kind; nil when there is none.
    package func section(_ kind: SectionKind) -> SectionReference? { sections.first { $0.kind == kind } }

    /// The earliest and the latest time of all events, nanoseconds.
    package var timeBounds: ClosedRange<Int64>? {
        guard let low = blocks.map(\.timeBounds.lowerBound).min(),
            let high = blocks.map(\.timeBounds.upperBound).max()
        else { return nil }
        return low...high
    }

    /// Roughly how many bytes of memory it takes.
    package var memoryBytes: Int {
        blocks.reduce(256 + sections.count * 32) { sum, block in
            sum + 384 + block.columns.count * 48 + (block.overflow?.names.count ?? 0) * 16 + block.extras.count * 32
        }
    }

    /// Appends the footer's bytes.
    package func encode(into writer: inout ByteWriter) {
        writer.append(varint: UInt64(rowCount))
        writer.append(varint: journalPositions.lowerBound)
        writer.append(varint: journalPositions.upperBound)
        writer.append(zigzag: ingestBounds.lowerBound)
        writer.append(zigzag: ingestBounds.upperBound)
        writer.append(varint: UInt64(compactionLevel))
        writer.append(varint: generation)
        writer.append(varint: tailOffset)
        Self.append(sections, to: &writer)
        var names: [String: UInt64] = [:]
        var table: [String] = []
        for block in blocks {
            for name in block.columns.map(\.name) + (block.overflow?.names ?? []) where names[name] == nil {
                names[name] = UInt64(table.count)
                table.append(name)
            }
        }
        writer.append(varint: UInt64(table.count))
        for name in table { writer.append(lengthPrefixed: name) }
        writer.append(varint: UInt64(blocks.count))
        for block in blocks {
            writer.append(varint: UInt64(block.rowCount))
            writer.append(zigzag: block.timeBounds.lowerBound)
            writer.append(zigzag: block.timeBounds.upperBound)
            writer.append(varint: block.idBounds.lowerBound)
            writer.append(varint: block.idBounds.upperBound)
            for section in [block.times, block.ids, block.levels, block.streams, block.messages] {
                Self.append(section, to: &writer)
            }
            writer.append(varint: UInt64(block.columns.count))
            for column in block.columns {
                writer.append(varint: names[column.name] ?? 0)
                Self.append(column.section, to: &writer)
            }
            writer.append(varint: UInt64(block.overflow?.names.count ?? 0))
            if let overflow = block.overflow, !overflow.names.isEmpty {
                for name in overflow.names { writer.append(varint: names[name] ?? 0) }
                Self.append(overflow.section, to: &writer)
            }
            Self.append(block.presences, to: &writer)
            Self.append(block.extras, to: &writer)
        }
    }

    /// Reads a footer.
    ///
    /// - Parameters:
    ///   - reader: stands at the footer's first byte.
    ///   - version: of the segment.
    /// - Throws: when the bytes are no footer of that version.
    package init(from reader: inout ByteReader, version: SegmentVersion) throws(ByteCodingError) {
        rowCount = unsafe try reader.count(limit: Int.max)
        journalPositions = unsafe try Self.bounds(try reader.varint(), try reader.varint(), &reader)
        ingestBounds = unsafe try Self.bounds(try reader.zigzag(), try reader.zigzag(), &reader)
        switch version {
        case .one:
            let streams = unsafe try Self.section(&reader)
            (compactionLevel, generation, tailOffset, sections) = (0, 0, streams.offset, [streams])
        case .two, .three:
            compactionLevel = unsafe try reader.count(limit: 255)
            generation = unsafe try reader.varint()
            tailOffset = unsafe try reader.varint()
            sections = unsafe try Self.sections(&reader)
        }
        let nameCount = unsafe try reader.count(limit: reader.remaining)
        var names: [String] = []
        for _ in 0..<nameCount { names.append(unsafe try reader.lengthPrefixedString()) }
        let blockCount = unsafe try reader.count(limit: reader.remaining)
        blocks = []
        for _ in 0..<blockCount { blocks.append(unsafe try Self.block(&reader, names: names, version)) }
        guard blocks.reduce(0, { $0 + $1.rowCount }) == rowCount else {
            throw unsafe .invalid(offset: reader.offset, what: "rows of the blocks do not add up")
        }
    }

    /// Makes a footer.
    package init(
        rowCount: Int, journalPositions: ClosedRange<UInt64>, ingestBounds: ClosedRange<Int64>,
        compactionLevel: Int, generation: UInt64, tailOffset: UInt64, sections: [SectionReference],
        blocks: [BlockDescription]
    ) {
        self.rowCount = rowCount
        self.journalPositions = journalPositions
        self.ingestBounds = ingestBounds
        self.compactionLevel = compactionLevel
        self.generation = generation
        self.tailOffset = tailOffset
        self.sections = sections
        self.blocks = blocks
    }

    private static func block(
        _ reader: inout ByteReader, names: [String], _ version: SegmentVersion
    ) throws(ByteCodingError) -> BlockDescription {
        let rowCount = unsafe try reader.count(limit: StoreLimits.blockRows)
        let times = unsafe try bounds(try reader.zigzag(), try reader.zigzag(), &reader)
        let ids = unsafe try bounds(try reader.varint(), try reader.varint(), &reader)
        var block = BlockDescription(
            rowCount: rowCount, timeBounds: times, idBounds: ids, times: unsafe try section(&reader),
            ids: unsafe try section(&reader), levels: unsafe try section(&reader),
            streams: unsafe try section(&reader), messages: unsafe try section(&reader), columns: [], overflow: nil)
        for _ in 0..<(unsafe try reader.count(limit: reader.remaining)) {
            let name = unsafe try Self.name(&reader, names)
            block.columns.append((name, unsafe try section(&reader)))
        }
        let overflowCount = unsafe try reader.count(limit: reader.remaining)
        if overflowCount > 0 {
            var overflowNames: [String] = []
            for _ in 0..<overflowCount { overflowNames.append(unsafe try name(&reader, names)) }
            block.overflow = (overflowNames, unsafe try section(&reader))
        }
        if version >= .two {
            for _ in 0..<(unsafe try reader.count(limit: reader.remaining)) {
                block.presences.append(unsafe try section(&reader))
            }
            block.extras = unsafe try sections(&reader)
        }
        return block
    }

    private static func name(_ reader: inout ByteReader, _ names: [String]) throws(ByteCodingError) -> String {
        let index = unsafe try reader.varint()
        guard index < UInt64(names.count) else {
            throw unsafe .invalid(offset: reader.offset, what: "no such field name")
        }
        return names[Int(index)]
    }

    private static func append(_ section: SectionReference, to writer: inout ByteWriter) {
        writer.append(section.kind.rawValue)
        writer.append(varint: section.offset)
        writer.append(varint: UInt64(section.length))
        writer.append(littleEndian: section.checksum)
    }

    private static func append(_ sections: [SectionReference], to writer: inout ByteWriter) {
        writer.append(varint: UInt64(sections.count))
        for section in sections { append(section, to: &writer) }
    }

    private static func section(_ reader: inout ByteReader) throws(ByteCodingError) -> SectionReference {
        guard let section = unsafe try sectionOfAnyKind(&reader) else {
            throw unsafe .invalid(offset: reader.offset, what: "unknown kind of section")
        }
        return section
    }

    /// Sections by kind; those of kinds that this program does not know are left out: it can do without them.
    private static func sections(_ reader: inout ByteReader) throws(ByteCodingError) -> [SectionReference] {
        var sections: [SectionReference] = []
        for _ in 0..<(unsafe try reader.count(limit: 255)) {
            guard let section = unsafe try sectionOfAnyKind(&reader) else { continue }
            sections.append(section)
        }
        return sections
    }

    private static func sectionOfAnyKind(_ reader: inout ByteReader) throws(ByteCodingError) -> SectionReference? {
        let kind = SectionKind(rawValue: unsafe try reader.byte())
        let offset = unsafe try reader.varint()
        let length = unsafe try reader.count(limit: StoreLimits.sectionBytes)
        let checksum: UInt32 = unsafe try reader.littleEndian()
        return kind.map {
            SectionReference(kind: $0, offset: offset, length: UInt32(length), checksum: checksum)
        }
    }

    private static func bounds<T: Comparable>(
        _ low: T, _ high: T, _ reader: inout ByteReader
    ) throws(ByteCodingError) -> ClosedRange<T> {
        guard low <= high else { throw unsafe .invalid(offset: reader.offset, what: "bounds in the wrong order") }
        return low...high
    }
}
