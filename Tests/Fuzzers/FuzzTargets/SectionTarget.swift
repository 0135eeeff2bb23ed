import ByteCoding
import LogModel
import StoreFormat
import StoreTestSupport

/// Where a frame stands in an input; its length in two bytes and its content follow. 0xFFFF stands for this byte itself.
private let frameMark: UInt8 = 0xF7

/// The input is a kind, a number of rows in two bytes, and a section, in which frames are not compressed: so what is
/// behind zstd is reached.
func feedSection(_ input: UnsafeRawBufferPointer) {
    guard input.count > 3, let kind = SectionKind(rawValue: input[0]) else { return }
    let rows = max(1, min(Int(input[1]) | Int(input[2]) << 8, 1 << 12))
    guard let section = try? compressed(UnsafeRawBufferPointer(rebasing: input[3...])) else { return }
    readAll(file(with: section, kind, rows))
}

/// A segment of one block, in which this section is everything that can be of its kind.
private func file(with section: [UInt8], _ kind: SectionKind, _ rows: Int) -> [UInt8] {
    var footer = base.footer
    var block = footer.blocks[0]
    var made = block.messages
    made.kind = kind
    made.offset = UInt64(SegmentBuilder.headerBytes + base.sections.count)
    made.length = UInt32(section.count)
    made.checksum = crc32c(section)
    func changed(_ reference: SectionReference) -> SectionReference { reference.kind == kind ? made : reference }
    block.rowCount = rows
    block.times = changed(block.times)
    block.ids = changed(block.ids)
    block.levels = changed(block.levels)
    block.streams = changed(block.streams)
    block.messages = made
    block.columns = [("field", made)]
    block.overflow = (["other"], made)
    block.presences = block.presences.map(changed)
    block.extras = block.extras.map(changed)
    footer.sections = footer.sections.map(changed)
    footer.rowCount = rows
    footer.blocks = [block]
    var encoded = ByteWriter()
    footer.encode(into: &encoded)
    return encoded.withBytes { assembled(base.sections + section, $0) }
}

/// A segment to put sections into.
private let base: (footer: SegmentFooter, sections: [UInt8]) = {
    guard let content = try? segment(of: [sampleBatches()[1]]),
        let footer = try? SegmentReader(MemoryBytes(content: content)).footer
    else { preconditionFailure("a segment that was just written cannot be opened") }
    var encoded = ByteWriter()
    footer.encode(into: &encoded)
    let end = content.count - SegmentBuilder.trailerBytes - encoded.count
    return (footer, Array(content[SegmentBuilder.headerBytes..<end]))
}()

/// Compresses what is marked as a frame.
private func compressed(_ input: UnsafeRawBufferPointer) throws -> [UInt8] {
    var context = CodecContext()
    var writer = ByteWriter()
    var index = 0
    while index < input.count {
        let byte = input[index]
        index += 1
        guard byte == frameMark, index + 2 <= input.count else {
            writer.append(byte)
            continue
        }
        let length = Int(input[index]) | Int(input[index + 1]) << 8
        index += 2
        if length == 0xFFFF {
            writer.append(byte)
            continue
        }
        let end = min(index + length, input.count)
        try context.compress(UnsafeRawBufferPointer(rebasing: input[index..<end]), into: &writer)
        index = end
    }
    return writer.array()
}

/// The opposite of ``compressed(_:)``: frames are found by zstd's magic number.
private func expanded(_ section: [UInt8]) -> [UInt8] {
    var context = CodecContext()
    var result: [UInt8] = []
    var index = 0
    while index < section.count {
        if index + 12 <= section.count, section[(index + 8)..<(index + 12)].elementsEqual([0x28, 0xB5, 0x2F, 0xFD]) {
            var content = ByteWriter()
            let consumed = section[index...].withUnsafeBytes { raw in
                var reader = ByteReader(raw)
                try? context.decompress(&reader, limit: 60_000, into: &content)
                return reader.offset
            }
            result += [frameMark, UInt8(content.count & 0xFF), UInt8(content.count >> 8)] + content.array()
            index += consumed
        } else {
            result += section[index] == frameMark ? [frameMark, 0xFF, 0xFF] : [section[index]]
            index += 1
        }
    }
    return result
}

func sectionSeeds() throws -> [[UInt8]] {
    var seeds: Set<[UInt8]> = []
    for batches in sampleBatches().map({ [$0] }) + [sampleBatches()] {
        let content = try segment(of: batches)
        let footer = try SegmentReader(MemoryBytes(content: content)).footer
        for block in footer.blocks {
            let fixed = [block.times, block.ids, block.levels, block.streams, block.messages]
            for reference in fixed + block.columns.map(\.section) + footer.sections + block.presences + block.extras {
                let section = Array(content[Int(reference.offset)..<(Int(reference.offset) + Int(reference.length))])
                let rows = UInt16(block.rowCount)
                seeds.insert([reference.kind.rawValue, UInt8(rows & 0xFF), UInt8(rows >> 8)] + expanded(section))
            }
        }
    }
    return seeds.sorted { $0.lexicographicallyPrecedes($1) }
}
