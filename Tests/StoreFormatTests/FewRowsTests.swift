import ByteCoding
import LogModel
import StoreTestSupport
import TestSupport
import Testing

@testable import StoreFormat

/// Few rows of a large block are read by parts of sections; they must be what all rows together are.
@Suite struct FewRowsTests {
    private static let fields = ["trace_id", "user_id", "status", "region", "path", "note"]

    /// A block with templates of many rows and of few, and fields of all forms, not all of them in each row.
    private func segmentOfManyForms(_ generator: inout SeededGenerator) throws -> [UInt8] {
        var maker = MessageMaker(generator: generator)
        var batch = EventBatchBuilder(labels: [.init("service", "cart")])
        let names = Self.fields.map { batch.name($0) }
        var time: Int64 = 1_750_000_000_000_000_000
        for row in 0..<24_000 {
            time += row % 11 == 0 ? Int64(maker.number(5)) * 1_000_000 : 0
            func add(_ field: Int, _ value: String) {
                Array(value.utf8).withUnsafeBytes { batch.add(field: names[field], value: $0) }
            }
            if row % 3 != 1 {
                let digits = String(maker.generator.next(), radix: 16)
                add(0, String((String(repeating: "0", count: 15) + digits + "a").suffix(16)))
            }
            if row % 4 != 2 { add(1, "u_\(maker.number(900_000))") }
            if row % 5 == 0 { add(2, ["200", "404", ""][maker.number(3)]) }
            add(3, "eu")
            add(4, "/items/\(maker.number(50_000))/of/\(maker.number(7))")
            if maker.number(3_000) == 0 { add(5, "seen \(row)") }
            // Each number has a template of its own, with variables.
            let line = maker.line(7)
            let message = maker.number(4) == 0 ? Array("rare \(Self.word(row)) took \(row)ms of ".utf8) + line : line
            message.withUnsafeBytes {
                batch.endEvent(time: Timestamp(nanoseconds: time), level: row % 9 == 0 ? .warn : .info, message: $0)
            }
        }
        generator = maker.generator
        let events = batch.finish()
        var builder = SegmentBuilder()
        try builder.append(
            events, ids: (0..<events.count).map { RowID.make(position: 1, row: $0) }, ingestBounds: 0...0)
        _ = try builder.finish()
        var bytes: [UInt8] = []
        builder.output.withPending { bytes.append(contentsOf: $0) }
        return bytes
    }

    /// A word without digits that few numbers have.
    private static func word(_ number: Int) -> String {
        var rest = number % 3_000
        var word = "w"
        while rest > 0 {
            word.append(Character(Unicode.Scalar(UInt8(0x67 + rest % 16))))
            rest /= 16
        }
        return word
    }

    private func some(_ count: Int, of rowCount: Int, _ generator: inout SeededGenerator) -> RowBitmap {
        var rows = RowBitmap(rowCount: rowCount, filled: false)
        for _ in 0..<count { rows.insert(Int.random(in: 0..<rowCount, using: &generator)) }
        return rows
    }

    private func expectSame(_ picked: ColumnData?, _ all: ColumnData?, _ rows: RowBitmap, _ note: String) {
        for (place, row) in rows.rows.enumerated() {
            #expect(picked?.value(at: place) == all?.value(at: row), "row \(row), \(note)")
        }
    }

    @Test func fewRowsAreWhatAllAre() throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        let segment = try SegmentReader(MemoryBytes(content: try segmentOfManyForms(&generator)))
        let source = try #require(segment.blocks.first)
        let all = RowBitmap(rowCount: source.rowCount, filled: true)
        let (messages, times) = (try source.messages(all), try source.times())
        let columns = try Self.fields.map { ($0, try source.column($0, all)) }
        for round in 0..<120 {
            let rows = some(1 + round % 12, of: source.rowCount, &generator)
            let block = source.opened()
            _ = try block.messageTemplates(rows)
            expectSame(try block.messages(picking: rows), messages, rows, "messages, seed \(seed)")
            for (name, column) in columns {
                expectSame(try block.column(name, picking: rows), column, rows, "\(name), seed \(seed)")
            }
            #expect(try block.times(picking: rows) == rows.rows.map { times[$0] }, "seed \(seed)")
        }
    }

    /// One message, or one id, does not take the whole section.
    @Test func aPartOfASectionIsReadForOneRow() throws {
        var generator = SeededGenerator(seed: 7)
        let segment = try SegmentReader(MemoryBytes(content: try segmentOfManyForms(&generator)))
        let block = try #require(segment.blocks.first).opened()
        let described = segment.footer.blocks[0]
        var rows = RowBitmap(rowCount: block.rowCount, filled: false)
        rows.insert(12_345)
        _ = try block.messageTemplates(rows)
        let before = block.reading.bytes
        _ = try block.messages(picking: rows)
        #expect(block.reading.bytes - before < Int(described.messages.length) / 2)
        let middle = block.reading.bytes
        _ = try block.column("trace_id", picking: rows)
        let ids = try #require(described.columns.first { $0.name == "trace_id" }).section
        #expect(block.reading.bytes - middle < Int(ids.length) / 2)
    }

    /// A damaged byte is never taken for what was there, and damaged checksums of pages cost nothing but time.
    @Test func damageIsFound() throws {
        var generator = SeededGenerator(seed: 8)
        let bytes = try segmentOfManyForms(&generator)
        let footer = try SegmentReader(MemoryBytes(content: bytes)).footer
        let ids = try #require(footer.blocks[0].columns.first { $0.name == "trace_id" }).section
        var damaged = bytes
        for offset in stride(from: Int(ids.offset), to: Int(ids.offset) + Int(ids.length), by: 512) {
            damaged[offset] ^= 0x40
        }
        let rows = some(3, of: footer.blocks[0].rowCount, &generator)
        let block = try #require(try SegmentReader(MemoryBytes(content: damaged)).blocks.first).opened()
        #expect(throws: StoreFormatError.self) { try block.column("trace_id", picking: rows) }

        let pages = try #require(footer.blocks[0].extras.first { $0.kind == .pages })
        for byte in [0, 5, Int(pages.length) - 1] {
            var other = bytes
            other[Int(pages.offset) + byte] ^= 1
            let block = try #require(try SegmentReader(MemoryBytes(content: other)).blocks.first).opened()
            let all = try block.column("trace_id", RowBitmap(rowCount: block.rowCount, filled: true))
            expectSame(try block.column("trace_id", picking: rows), all, rows, "byte \(byte)")
        }
    }

    /// Checksums of pages that are wrong, under a checksum of their own that is right: the section's own counts.
    @Test func wrongChecksumsOfPagesDoNotHideValues() throws {
        var generator = SeededGenerator(seed: 9)
        var bytes = try segmentOfManyForms(&generator)
        let footer = try SegmentReader(MemoryBytes(content: bytes)).footer
        let pages = try #require(footer.blocks[0].extras.first { $0.kind == .pages })
        let range = Int(pages.offset)..<Int(pages.offset) + Int(pages.length)
        var content = Array(bytes[range])
        for index in stride(from: 8, to: content.count, by: 3) { content[index] ^= 0x55 }
        bytes.replaceSubrange(range, with: content)
        var changed = footer
        let place = try #require(changed.blocks[0].extras.firstIndex { $0.kind == .pages })
        changed.blocks[0].extras[place].checksum = crc32c(content)
        let (old, new) = (encoded(footer), encoded(changed))
        #expect(old.count == new.count)
        bytes.replaceSubrange((bytes.count - 16 - old.count)..<(bytes.count - 16), with: new)
        var checksum = ByteWriter()
        checksum.append(littleEndian: crc32c(new))
        bytes.replaceSubrange((bytes.count - 12)..<(bytes.count - 8), with: checksum.array())
        let block = try #require(try SegmentReader(MemoryBytes(content: bytes)).blocks.first).opened()
        let all = RowBitmap(rowCount: block.rowCount, filled: true)
        let rows = some(5, of: block.rowCount, &generator)
        _ = try block.messageTemplates(rows)
        expectSame(try block.messages(picking: rows), try block.messages(all), rows, "messages")
        expectSame(try block.column("trace_id", picking: rows), try block.column("trace_id", all), rows, "ids")
    }

    private func encoded(_ footer: SegmentFooter) -> [UInt8] {
        var writer = ByteWriter()
        footer.encode(into: &writer)
        return writer.array()
    }

    /// Which rows have a field is the same by presence and by value.
    @Test func rowsThatHaveAFieldAreThoseWithAValue() throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        let segment = try SegmentReader(MemoryBytes(content: try segmentOfManyForms(&generator)))
        let block = try #require(segment.blocks.first).opened()
        let rows = some(5_000, of: block.rowCount, &generator)
        var told = 0
        for name in Self.fields + ["none"] {
            guard let found = try block.rows(having: name, among: rows) else { continue }
            told += 1
            let column = try block.column(name, rows)
            for row in rows.rows {
                let hasValue = !(column?.value(at: row) ?? []).isEmpty
                #expect(found.contains(row) == hasValue, "\(name), row \(row), seed \(seed)")
            }
        }
        #expect(told >= 5)
        #expect(try block.rows(having: nil, among: rows) == rows)
    }

    @Test func sumsAndZerosAreThoseOfTheNumbers() throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let numbers = (0..<Int.random(in: 1...90, using: &generator)).map { _ in
                [0, 0, 0, 1, 90, 127, 128, 5_000].randomElement(using: &generator) ?? 0
            }
            var writer = ByteWriter()
            for number in numbers { writer.append(varint: UInt64(number)) }
            let count = Int.random(in: 0...numbers.count, using: &generator)
            try writer.array().withUnsafeBytes { raw in
                var run = VarintRun(raw)
                let sum = try run.sum(of: count, limit: 5_000)
                #expect(sum == UInt64(numbers[..<count].reduce(0, +)), "seed \(seed)")
                let zeros = run.zeros(atMost: numbers.count - count)
                #expect(numbers[count..<(count + zeros)].allSatisfy { $0 == 0 }, "seed \(seed)")
                let rest = try run.sum(of: numbers.count - count - zeros, limit: 5_000)
                #expect(rest == UInt64(numbers[count...].reduce(0, +)), "seed \(seed)")
            }
        }
    }
}
