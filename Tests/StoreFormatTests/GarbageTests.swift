import ByteCoding
import LogModel
import StoreFormat
import StoreTestSupport
import TestSupport
import Testing

/// Bytes that pass every checksum and are no sense all the same: reading them throws or returns, and never traps.
@Suite struct GarbageTests {
    private func original() throws -> [UInt8] {
        var builder = SegmentBuilder()
        for position in UInt64(1)...3 {
            var events = EventBatchBuilder(labels: [.init("host", "h\(position)")])
            let names = (0..<530).map { events.name("field-\($0)") }
            for row in 0..<40 {
                for (index, name) in names.enumerated() where index < 4 || (position == 2 && row < 3) {
                    if index == 2, row % 7 > 0 { continue }
                    Array("\(index == 0 ? row : row % 3)".utf8).withUnsafeBytes { events.add(field: name, value: $0) }
                }
                Array("message \(row &* 7919) of \(position)".utf8).withUnsafeBytes {
                    events.endEvent(time: Timestamp(nanoseconds: Int64(row)), level: .info, message: $0)
                }
            }
            let batch = events.finish()
            let ids = (0..<batch.count).map { RowID.make(position: position, row: $0) }
            try builder.append(batch, ids: ids, ingestBounds: 1...2)
        }
        _ = try builder.finish()
        var bytes: [UInt8] = []
        builder.output.withPending { bytes.append(contentsOf: $0) }
        return bytes
    }

    /// Reads all there is, whether it can be read or not, and touches each value.
    private func readAll(_ bytes: [UInt8]) -> Int {
        guard let reader = try? SegmentReader(MemoryBytes(content: bytes)) else { return 0 }
        var touched = 1
        for block in reader.blocks {
            let all = RowBitmap(rowCount: block.rowCount, filled: true)
            var some = RowBitmap(rowCount: block.rowCount, filled: false)
            if block.rowCount > 5 { some.insert(5) }
            _ = try? block.times()
            _ = try? block.ids()
            _ = try? block.levels()
            if let indexes = try? block.streamIndexes(), let known = try? block.streams {
                for index in indexes { touched += known[Int(index)].labels.count }
            }
            var columns = [try? block.messages(all), try? block.messages(some)]
            for name in block.fieldNames.prefix(8) + block.fieldNames.suffix(2) {
                columns += [try? block.column(name, all), try? block.column(name, some)]
            }
            for case let column? in columns {
                precondition(column.rowCount == block.rowCount, "a column of other rows than its block")
                for row in 0..<min(100, column.rowCount) { touched += column.value(at: row)?.count ?? 0 }
            }
        }
        return touched
    }

    /// The bytes up to the footer, followed by another footer and its trailer.
    private func assembled(_ sections: [UInt8], _ footer: [UInt8]) -> [UInt8] {
        var writer = ByteWriter()
        writer.append(contentsOf: sections)
        writer.append(contentsOf: footer)
        writer.append(littleEndian: UInt32(footer.count))
        writer.append(littleEndian: crc32c(footer))
        writer.append(littleEndian: SegmentBuilder.version.endMagic)
        return writer.array()
    }

    private func encoded(_ footer: SegmentFooter) -> [UInt8] {
        var writer = ByteWriter()
        footer.encode(into: &writer)
        return writer.array()
    }

    /// Puts a changed section behind the others and makes the footer point to it.
    private func replacing(
        _ path: WritableKeyPath<SegmentFooter, SectionReference>, _ footer: SegmentFooter, _ sections: [UInt8],
        kind: SectionKind? = nil, with content: [UInt8]
    ) -> [UInt8] {
        var footer = footer
        footer[keyPath: path].kind = kind ?? footer[keyPath: path].kind
        footer[keyPath: path].offset = UInt64(sections.count)
        footer[keyPath: path].length = UInt32(content.count)
        footer[keyPath: path].checksum = crc32c(content)
        return assembled(sections + content, encoded(footer))
    }

    private func parts(_ bytes: [UInt8]) throws -> (footer: SegmentFooter, sections: [UInt8], encoded: [UInt8]) {
        let footer = try SegmentReader(MemoryBytes(content: bytes)).footer
        let encoded = encoded(footer)
        return (footer, Array(bytes.dropLast(encoded.count + SegmentBuilder.trailerBytes)), encoded)
    }

    private func paths(_ footer: SegmentFooter) -> [WritableKeyPath<SegmentFooter, SectionReference>] {
        var paths: [WritableKeyPath<SegmentFooter, SectionReference>] = footer.sections.indices.map { \.sections[$0] }
        for index in footer.blocks.indices {
            paths += [
                \.blocks[index].times, \.blocks[index].ids, \.blocks[index].levels, \.blocks[index].streams,
                \.blocks[index].messages,
            ]
            for column in footer.blocks[index].columns.indices.prefix(6) {
                paths.append(\.blocks[index].columns[column].section)
            }
        }
        return paths
    }

    @Test func changedSectionsWithTheRightChecksum() throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        let bytes = try original()
        let (footer, sections, _) = try parts(bytes)
        #expect(readAll(assembled(sections, encoded(footer))) > 1_000)
        for path in paths(footer) {
            let section = footer[keyPath: path]
            let start = Int(section.offset)
            for round in 0..<25 {
                var content = Array(sections[start..<(start + Int(section.length))])
                for _ in 0...(generator.next() % 3) {
                    guard !content.isEmpty else { break }
                    let index = Int(generator.next() % UInt64(round < 10 ? min(12, content.count) : content.count))
                    switch generator.next() % 5 {
                    case 0: content[index] = UInt8(truncatingIfNeeded: generator.next())
                    case 1: content[index] = 0xFF
                    case 2: content[index] ^= 1 << UInt8(generator.next() % 8)
                    case 3: content.removeLast(content.count - index)
                    default: content.insert(0x80, at: index)
                    }
                }
                let kind = round % 6 == 0 ? SectionKind(rawValue: UInt8(generator.next() % 6 + 1)) : nil
                _ = readAll(replacing(path, footer, sections, kind: kind, with: content))
            }
        }
    }

    @Test func sectionsWhoseFramesHoldGarbage() throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        let (footer, sections, _) = try parts(try original())
        for path in paths(footer) {
            for _ in 0..<25 {
                var writer = ByteWriter()
                var context = CodecContext()
                for _ in 0...(generator.next() % 4) {
                    switch generator.next() % 4 {
                    case 0: writer.append(UInt8(generator.next() % 5))
                    case 1: writer.append(varint: generator.next() >> (generator.next() % 64))
                    default:
                        let limit = generator.next() % 3 == 0 ? 4 : UInt64.max
                        let content = (0..<Int(generator.next() % 200)).map { _ in
                            UInt8(truncatingIfNeeded: generator.next() % limit)
                        }
                        try content.withUnsafeBytes { try context.compress($0, into: &writer) }
                    }
                }
                _ = readAll(replacing(path, footer, sections, with: writer.array()))
            }
        }
    }

    @Test func framesThatPromiseMuchAreRefusedBeforeMemoryIsTaken() throws {
        let (footer, sections, _) = try parts(try original())
        // All rows, one chunk of all of them, 256 MiB announced, and a frame of nothing.
        var writer = ByteWriter()
        writer.append(0)
        writer.append(varint: 1)
        writer.append(varint: UInt64(footer.blocks[0].rowCount))
        var context = CodecContext()
        let frameAt = writer.count
        try [UInt8]().withUnsafeBytes { try context.compress($0, into: &writer) }
        writer.overwrite(at: frameAt, littleEndian: UInt32(256 << 20))
        let damaged = replacing(\.blocks[0].messages, footer, sections, kind: .text, with: writer.array())
        let block = try #require(try SegmentReader(MemoryBytes(content: damaged)).blocks.first)
        let error = #expect(throws: StoreFormatError.self) {
            try block.messages(RowBitmap(rowCount: block.rowCount, filled: true))
        }
        #expect(error?.message.contains("frame holds 0 bytes") == true)
    }

    @Test func changedFootersWithTheRightChecksum() throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        let (_, sections, footer) = try parts(try original())
        for round in 0..<400 {
            var changed = footer
            for _ in 0...(generator.next() % 3) {
                // The first bytes matter most: counts, bounds, and the streams.
                let index = Int(generator.next() % UInt64(round % 2 == 0 ? 40 : changed.count))
                if generator.next() % 4 == 0 {
                    changed.insert(UInt8(truncatingIfNeeded: generator.next()), at: index)
                } else {
                    changed[index] = generator.next() % 3 == 0 ? 0 : UInt8(truncatingIfNeeded: generator.next())
                }
            }
            _ = readAll(assembled(sections, changed))
            _ = readAll(assembled(sections, (0..<60).map { _ in UInt8(truncatingIfNeeded: generator.next()) }))
        }
    }

    @Test func aSegmentOfRowsWithoutStreamsIsRefused() throws {
        let (footer, sections, _) = try parts(try original())
        var table = ByteWriter()
        var context = CodecContext()
        try [UInt8(0)].withUnsafeBytes { try context.compress($0, into: &table) }
        #expect(throws: StoreFormatError.self) {
            try SegmentReader(MemoryBytes(content: replacing(\.sections[0], footer, sections, with: table.array())))
        }
    }
}
