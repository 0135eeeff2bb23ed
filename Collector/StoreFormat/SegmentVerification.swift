internal import ByteCoding

/// A section of a segment whose bytes are not what was written, or cannot be read.
package struct SectionDamage: Sendable, Equatable {
    /// What of the segment it is.
    package enum Part: Sendable, Equatable {
        /// The first bytes of the file: a mark that nothing depends on.
        case header
        /// A section about the whole segment that it can do without.
        case segment(SectionKind)
        /// Times, ids, levels, streams or messages of a block: its rows are lost.
        case rows(block: Int)
        /// One or more fields of a block: its rows are there, without these.
        case fields([String], block: Int)
        /// What makes searching a block faster.
        case extra(SectionKind, block: Int)
    }

    /// What of the segment it is.
    package var part: Part
    /// Where the bytes begin in the file.
    package var offset: UInt64
    /// How many bytes.
    package var length: Int
    /// Why it cannot be used.
    package var reason: String

    /// The block that has lost something, nil when no event has.
    package var block: Int? {
        switch part {
        case .rows(let block), .fields(_, let block): block
        case .header, .segment, .extra: nil
        }
    }
}

extension SegmentReader {
    /// Reads the header and every section, one after the other, and compares the checksums.
    ///
    /// - Returns: all that is damaged, in the order of the blocks.
    package func damages() -> [SectionDamage] {
        var found: [SectionDamage] = []
        func check(_ reference: SectionReference, _ part: SectionDamage.Part) {
            do {
                _ = try section(reference)
            } catch {
                found.append(
                    SectionDamage(
                        part: part, offset: reference.offset, length: Int(reference.length), reason: "\(error)"))
            }
        }
        check(headerReference, .header)
        for section in footer.sections where section.kind != .streams { check(section, .segment(section.kind)) }
        for (number, block) in footer.blocks.enumerated() {
            for part in [block.times, block.ids, block.levels, block.streams, block.messages] {
                check(part, .rows(block: number))
            }
            for column in block.columns { check(column.section, .fields([column.name], block: number)) }
            if let overflow = block.overflow { check(overflow.section, .fields(overflow.names, block: number)) }
            for (shared, presence) in block.presences.enumerated() {
                check(presence, .fields(fields(of: block, sharing: shared), block: number))
            }
            for extra in block.extras { check(extra, .extra(extra.kind, block: number)) }
        }
        return found
    }

    /// Names of the fields that cannot be read without a presence of their block.
    private func fields(of block: BlockDescription, sharing presence: Int) -> [String] {
        block.columns.filter { column in
            guard [.typed, .dictionary, .text].contains(column.section.kind),
                let content = try? section(column.section), let first = content.first
            else { return false }
            // Values by what they stand for have their form first; those that follow from others have no presence.
            let start = column.section.kind == .typed ? 1 : 0
            if start == 1, [.byStream, .byLevel].contains(FieldForm(rawValue: first)) { return false }
            return unsafe content.withUnsafeBytes { raw in
                var reader = unsafe ByteReader(UnsafeRawBufferPointer(rebasing: raw[start...]))
                guard unsafe (try? reader.byte()) == Presence.shared.rawValue else { return false }
                return unsafe (try? reader.varint()) == UInt64(presence)
            }
        }.map(\.name)
    }

    /// The header as a section: its bytes are known.
    private var headerReference: SectionReference {
        let header = SegmentBuilder.header(version)
        return SectionReference(
            kind: .packed, offset: 0, length: UInt32(header.count), checksum: crc32c(header))
    }
}

extension SegmentBuilder {
    /// The first bytes of a segment of a version.
    static func header(_ version: SegmentVersion) -> [UInt8] {
        var writer = ByteWriter(capacity: headerBytes)
        writer.append(littleEndian: magic)
        writer.append(littleEndian: version.rawValue)
        writer.append(contentsOf: [UInt8](repeating: 0, count: headerBytes - writer.count))
        return writer.array()
    }
}
