import ByteCoding
import LogModel
import StoreFormat
import StoreTestSupport

/// The input is a footer behind its length in two bytes, and the sections. All checksums are made right.
func feedSegment(_ input: UnsafeRawBufferPointer) {
    guard input.count > 2 else { return }
    let length = min(Int(input[0]) | Int(input[1]) << 8, input.count - 2)
    let encoded = UnsafeRawBufferPointer(rebasing: input[2..<(2 + length)])
    let sections = Array(input[(2 + length)...])
    var reader = ByteReader(encoded)
    guard let footer = try? SegmentFooter(from: &reader, version: .newest) else {
        return readAll(assembled([], encoded))
    }
    var writer = ByteWriter()
    withRightChecksums(footer, sections).encode(into: &writer)
    writer.withBytes { readAll(assembled(sections, $0)) }
}

/// A file of sections and a footer.
func assembled(_ sections: [UInt8], _ footer: UnsafeRawBufferPointer) -> [UInt8] {
    var writer = ByteWriter()
    writer.append(littleEndian: SegmentBuilder.magic)
    writer.append(littleEndian: SegmentVersion.newest.rawValue)
    writer.append(contentsOf: [UInt8](repeating: 0, count: SegmentBuilder.headerBytes - 10))
    writer.append(contentsOf: sections)
    writer.append(contentsOf: footer)
    writer.append(littleEndian: UInt32(footer.count))
    writer.append(littleEndian: crc32c(footer))
    writer.append(littleEndian: SegmentVersion.newest.endMagic)
    return writer.array()
}

private func withRightChecksums(_ footer: SegmentFooter, _ sections: [UInt8]) -> SegmentFooter {
    func right(_ reference: SectionReference) -> SectionReference {
        let start = UInt64(SegmentBuilder.headerBytes)
        guard reference.offset >= start, reference.offset - start <= UInt64(sections.count),
            UInt64(reference.length) <= UInt64(sections.count) - (reference.offset - start)
        else { return reference }
        let first = Int(reference.offset - start)
        var result = reference
        result.checksum = crc32c(Array(sections[first..<(first + Int(reference.length))]))
        return result
    }
    var footer = footer
    footer.sections = footer.sections.map(right)
    for index in footer.blocks.indices {
        var block = footer.blocks[index]
        block.times = right(block.times)
        block.ids = right(block.ids)
        block.levels = right(block.levels)
        block.streams = right(block.streams)
        block.messages = right(block.messages)
        block.columns = block.columns.map { ($0.name, right($0.section)) }
        block.overflow = block.overflow.map { ($0.names, right($0.section)) }
        block.presences = block.presences.map(right)
        block.extras = block.extras.map(right)
        footer.blocks[index] = block
    }
    return footer
}

/// Reads all there is, whether it can be read or not, and touches each value.
func readAll(_ bytes: [UInt8]) {
    guard let reader = try? SegmentReader(MemoryBytes(content: bytes)) else { return }
    try? reader.verify()
    for block in reader.blocks.prefix(8) {
        let all = RowBitmap(rowCount: block.rowCount, filled: true)
        var some = RowBitmap(rowCount: block.rowCount, filled: false)
        if block.rowCount > 5 { some.insert(5) }
        _ = try? block.times()
        _ = try? block.ids()
        _ = try? block.levels()
        let count = ((try? block.streams) ?? []).count
        for index in (try? block.streamIndexes()) ?? [] {
            precondition(Int(index) < count, "a row of no stream")
        }
        var columns = [try? block.messages(all), try? block.messages(some)]
        for name in block.fieldNames.prefix(8) + block.fieldNames.suffix(2) {
            columns += [try? block.column(name, all), try? block.column(name, some)]
        }
        for case let column? in columns {
            precondition(column.rowCount == block.rowCount, "a column of other rows than its block")
            for row in 0..<min(100, column.rowCount) { _ = column.value(at: row) }
        }
    }
}

/// A segment of these batches.
func segment(of batches: [EventBatch]) throws -> [UInt8] {
    var builder = SegmentBuilder()
    for (index, batch) in batches.enumerated() {
        let ids = (0..<batch.count).map { RowID.make(position: UInt64(index + 1), row: $0) }
        try builder.append(batch, ids: ids, ingestBounds: Int64(index)...Int64(index))
    }
    _ = try builder.finish()
    var bytes: [UInt8] = []
    builder.output.withPending { bytes.append(contentsOf: $0) }
    return bytes
}

func segmentSeeds() throws -> [[UInt8]] {
    try (sampleBatches().map { [$0] } + [sampleBatches()]).map { batches in
        let content = try segment(of: batches)
        var footer = ByteWriter()
        try SegmentReader(MemoryBytes(content: content)).footer.encode(into: &footer)
        let length = UInt16(footer.count)
        let end = content.count - SegmentBuilder.trailerBytes - footer.count
        return [UInt8(length & 0xFF), UInt8(length >> 8)] + footer.array() + content[SegmentBuilder.headerBytes..<end]
    }
}
