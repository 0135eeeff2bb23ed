import ByteCoding
import LogModel
import StoreTestSupport
import TestSupport
import Testing

@testable import StoreFormat

@Suite struct FieldDamageTests {
    /// Values that nearly fit a form: each makes a column of others lose it, or comes back as it was.
    @Test func valuesThatNearlyFitComeBack() throws {
        let odd =
            [
                "", "-", "-0", "+5", "00", "007", "1.", ".5", "1.50", "00.5", "-0.5", "-0.0", "1e5", "12.5.7", "1 ",
                " 1",
                "999999999999999999", "1000000000000000000", "-999999999999999999", "0.000000000000000001", "NaN",
                "2025-02-29T00:00:00Z", "2025-06-15t14:00:00Z", "2025-06-15T14:00:60Z", "2025-06-15T14:00:00.Z",
                "2262-04-12T00:00:00Z", "1677-09-20T00:00:00Z", "0x", "0X12", "abcdefABCDEF", "abc", "ff-ff", "FF-ff",
            ].map { Array($0.utf8) } + [[0xFF], [0], [0x30, 0], [0x1A]]
        for (index, test) in FieldFormTests.cases.enumerated() {
            for (number, value) in odd.enumerated() where (index + number) % 3 == 0 {
                var maker = MessageMaker(generator: SeededGenerator(seed: UInt64(number)))
                var values = (0..<60).map { row -> [UInt8]? in Array(test.value(&maker, row).utf8) }
                values[number % 3 * 20] = value
                let stored = try StoredField(values)
                #expect(try stored.values(stored.all) == values, "\(test.name) and \(value)")
            }
        }
    }

    /// Reads a column from a section that is damaged; the footer knows nothing of it.
    private func read(_ stored: StoredField, _ section: [UInt8], _ kind: SectionKind) throws -> Int {
        var footer = stored.reader.footer
        var file = [UInt8](repeating: 0, count: Int(footer.tailOffset))
        let streams = try #require(footer.section(.streams))
        let block = footer.blocks[0]
        func place(_ reference: SectionReference, _ content: [UInt8]) -> SectionReference {
            var moved = reference
            moved.offset = UInt64(file.count)
            moved.length = UInt32(content.count)
            moved.checksum = crc32c(content)
            file += content
            return moved
        }
        footer.blocks[0].columns[0].section = place(block.columns[0].section, section)
        footer.blocks[0].columns[0].section.kind = kind
        footer.blocks[0].streams = place(block.streams, try stored.reader.section(block.streams))
        footer.blocks[0].levels = place(block.levels, try stored.reader.section(block.levels))
        footer.sections = [place(streams, try stored.reader.section(streams))]
        var encoded = ByteWriter()
        footer.encode(into: &encoded)
        file += encoded.array()
        var trailer = ByteWriter()
        trailer.append(littleEndian: UInt32(encoded.count))
        trailer.append(littleEndian: crc32c(encoded.array()))
        trailer.append(littleEndian: SegmentBuilder.version.endMagic)
        let damaged = try SegmentReader(MemoryBytes(content: file + trailer.array())).blocks[0]
        let column = try #require(try damaged.column("v", stored.all))
        #expect(column.rowCount == damaged.rowCount)
        var bytes = 0
        for row in 0..<damaged.rowCount { bytes += column.value(at: row)?.count ?? 0 }
        if let numbers = try damaged.numbers("v") { bytes += numbers.values.count }
        return bytes
    }

    @Test(arguments: FieldFormTests.cases)
    func damagedSectionsThrowOrReturn(test: FieldFormTests.Case) throws {
        let seed = drawSeed()
        var maker = MessageMaker(generator: SeededGenerator(seed: seed))
        let values = (0..<700).map { row in maker.number(4) == 0 ? nil : Array(test.value(&maker, row).utf8) }
        let stored = try StoredField(values, stream: { $0 % 50 }, level: { $0 % 2 == 0 ? .info : .warn })
        let section = try stored.reader.section(stored.reader.footer.blocks[0].columns[0].section)
        #expect(try read(stored, section, stored.kind) > 0)
        var refused = 0
        for turn in 0..<300 {
            var damaged = section
            let place = maker.number(turn % 2 == 0 ? min(40, section.count) : section.count)
            switch maker.number(4) {
            case 0: damaged.removeLast(section.count - place)
            case 1: damaged.insert(UInt8(maker.number(256)), at: place)
            default: damaged[place] = UInt8(maker.number(256))
            }
            let kind = turn % 10 == 0 ? SectionKind.typed : stored.kind
            do {
                _ = try read(stored, damaged, kind)
            } catch {
                refused += 1
            }
        }
        #expect(refused > 0, "seed \(seed)")
    }

    @Test func damagedTablesByStreamThrowOrReturn() throws {
        var maker = MessageMaker(generator: SeededGenerator(seed: drawSeed()))
        let stored = try StoredField(
            (0..<2_000).map { Array("zone \($0 % 40 % 6)".utf8) }, stream: { $0 % 40 })
        #expect(stored.form == .byStream)
        let section = try stored.reader.section(stored.reader.footer.blocks[0].columns[0].section)
        for _ in 0..<600 {
            var damaged = section
            damaged[maker.number(section.count)] = UInt8(maker.number(256))
            _ = try? read(stored, damaged, .typed)
        }
    }
}
