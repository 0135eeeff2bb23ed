import ByteCoding
import LogModel
import StoreTestSupport
import TestSupport
import Testing

@testable import StoreFormat

@Suite struct TemplateDamageTests {
    /// The section of a block's messages, and how many rows it has.
    private func section(_ messages: [[UInt8]]) throws -> (bytes: [UInt8], rows: Int) {
        let content = try messageSegment(messages)
        let reader = try SegmentReader(MemoryBytes(content: content))
        let block = reader.footer.blocks[0]
        #expect(block.messages.kind == .templates)
        return (try reader.section(block.messages), block.rowCount)
    }

    private func decode(_ bytes: [UInt8], _ rows: Int) throws -> ColumnData {
        var context = CodecContext()
        return try bytes.withUnsafeBytes { raw in
            let outline = try TemplateOutline(raw, rowCount: rows, &context)
            return try TemplateRenderer.messages(outline, raw, RowBitmap(rowCount: rows, filled: true), &context)
        }
    }

    @Test func damagedSectionsThrowOrReturn() throws {
        let seed = drawSeed()
        var maker = MessageMaker(generator: SeededGenerator(seed: seed))
        let (bytes, rows) = try section((0..<3_000).map { _ in maker.line(8) })
        var refused = 0
        for length in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 200)) {
            #expect(throws: StoreFormatError.self, "\(length) bytes, seed \(seed)") {
                try decode(Array(bytes[..<length]), rows)
            }
        }
        for _ in 0..<400 {
            var damaged = bytes
            for _ in 0...maker.number(3) { damaged[maker.number(bytes.count)] = UInt8(maker.number(256)) }
            do {
                let column = try decode(damaged, rows)
                #expect(column.rowCount == rows)
            } catch {
                refused += 1
            }
        }
        #expect(refused > 0, "seed \(seed)")
    }

    /// Most flips of compressed bytes end in zstd; so the directory is damaged before it is compressed again.
    @Test func damagedDirectoriesThrowOrReturn() throws {
        let seed = drawSeed()
        var maker = MessageMaker(generator: SeededGenerator(seed: seed))
        let (bytes, rows) = try section((0..<3_000).map { _ in maker.line(7) })
        var context = CodecContext()
        var directory = ByteWriter()
        let rest = try bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            try context.decompress(&reader, limit: 1 << 24, into: &directory)
            return Array(raw[reader.offset...])
        }
        let original = directory.array()
        var outcomes = (thrown: 0, returned: 0)
        for turn in 0..<3_000 {
            var damaged = original
            // The columns are at the end.
            let place = turn % 2 == 0 ? maker.number(original.count) : original.count - 1 - maker.number(400)
            switch maker.number(3) {
            case 0: damaged[max(0, place)] = UInt8(maker.number(256))
            case 1: damaged.remove(at: max(0, place))
            default: damaged.insert(UInt8(maker.number(256)), at: max(0, place))
            }
            var writer = ByteWriter()
            try damaged.withUnsafeBytes { try context.compress($0, into: &writer) }
            writer.append(contentsOf: rest)
            do {
                let column = try decode(writer.array(), rows)
                #expect(column.rowCount == rows)
                outcomes.returned += 1
            } catch {
                outcomes.thrown += 1
            }
        }
        #expect(outcomes.thrown > 0 && outcomes.returned > 0, "seed \(seed)")
    }
}
