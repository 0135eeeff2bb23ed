import ByteCoding
import LogModel
import Testing

@testable import StoreFormat

/// The bytes of the kinds `typed` and `rollup`, as docs/format.md explains them.
@Suite struct FieldFormatTests {
    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private func section(_ stored: StoredField) throws -> String {
        hex(try stored.reader.section(stored.reader.footer.blocks[0].columns[0].section))
    }

    @Test func numbers() throws {
        // More than 256 distinct values, and so many that no dictionary is tried.
        let stored = try StoredField((0..<600).map { Array("\(1_000 + $0 * 5).25ms".utf8) })
        #expect(
            try section(stored)
                == "03" + "00"  // numbers; all rows
                + "0202" + "00" + "026d73"  // two digits behind the point, always; no prefix, "ms"
                + "f29a0c" + "f403"  // from 100,025, in multiples of 500
                + "0100" + "02" + "00"  // differences from 0, at least 1, 0 bits each
                + "00" + "000000")  // no bits, no bytes, no wide values, no text
    }

    @Test func timestamps() throws {
        let stored = try StoredField(
            (0..<600).map { Array("2025-06-15 14:\(10 + $0 / 50):\(10 + $0 % 50)Z".utf8) })
        let text = try section(stored)
        #expect(text.hasPrefix("04" + "00" + "2000" + "015a"))  // all rows; a space, no digits, "Z"
        // From 14:10:10 UTC, in multiples of a second: zigzag and varint.
        #expect(text.dropFirst(12).hasPrefix("80d08093a3a99ec930" + "8094ebdc03"))
    }

    @Test func hexadecimal() throws {
        let stored = try StoredField(
            (0..<600).map { row in
                let digits = String(0xABC_0000 + row * 40_503 % 65_536, radix: 16)
                return row < 300 ? nil : Array("id-\(digits.prefix(3))-\(digits.suffix(4))f".utf8)
            })
        let bitmap =
            "01" + String(repeating: "00", count: 37) + "f0" + String(repeating: "ff", count: 37) + "0000000000"
        #expect(try section(stored).hasPrefix("05" + bitmap + "00" + "02" + "0369642d" + "03" + "012d" + "05" + "00"))
    }

    @Test func byStream() throws {
        let stored = try StoredField(
            (0..<64).map { $0 % 3 == 1 ? nil : Array($0 % 3 == 0 ? "eu".utf8 : "us".utf8) }, stream: { $0 % 3 })
        let section = try stored.reader.section(stored.reader.footer.blocks[0].columns[0].section)
        var context = CodecContext()
        try section.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            #expect(try reader.byte() == FieldForm.byStream.rawValue)
            #expect(try reader.varint() == 2)
            var content = ByteWriter()
            try context.decompress(&reader, limit: 100, into: &content)
            #expect(hex(content.array()) == "026575" + "027573")
            #expect(try reader.byte() == 1)
            content.removeAll()
            try context.decompress(&reader, limit: 100, into: &content)
            #expect(hex(content.array()) == "010002")
            #expect(reader.remaining == 0)
        }
    }

    @Test func rollup() {
        var writer = ByteWriter()
        let cells = [
            Rollup.Cell(stream: 0, level: .info, interval: 29_000_000, count: 300),
            Rollup.Cell(stream: 0, level: .error, interval: 29_000_000, count: 1),
            Rollup.Cell(stream: 2, level: .info, interval: 28_999_999, count: 7),
        ]
        Rollup(minutes: 1, cells: cells).encode(into: &writer)
        #expect(
            hex(writer.array())
                == "01" + "03"  // minutes; cells
                + "000002" + "030503"  // streams, as differences; levels
                + "8085d41b" + "00" + "01"  // intervals, as differences, zigzag
                + "ac02" + "01" + "07")  // events
    }
}
