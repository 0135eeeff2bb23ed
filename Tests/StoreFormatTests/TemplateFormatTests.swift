import ByteCoding
import LogModel
import Testing

@testable import StoreFormat

/// The bytes of the kind `templates`, as docs/format.md explains them.
@Suite struct TemplateFormatTests {
    private let messages: [String] =
        (0..<16).map { "GET /\($0 % 3) took=\(100 + $0)ms id=\($0 % 2 == 0 ? "00ff" : "a\($0 % 10)0b") at \($0 * $0)" }
        + ["stop 07", "boot x=now"]

    /// A section as version 1 wrote it. It must be read for ever; how well zstd compresses may change.
    private static let golden =
        "490000004c00000028b52ffd20491d020092c40f16a0a90d80c049ff45da89571e0ce0c241c15a3a913b05e72cf0399b"
        + "f17c7cca8c6b391be0b38d794677656abeaa487e8f6752c93329aafb4437884218100600120000001300000028b52ffd"
        + "20125500002000000201010032c0020e2449922400086290620e4a6ab1e601020000000b00000028b52ffd2002110000"
        + "030201200000002900000028b52ffd202001010000ffa10b00ffa30b00ffa50b00ffa70b00ffa90b00ffa10b00ffa30b"
        + "00ffa50b01050000000e00000028b52ffd20052900006e6f773037"

    /// The directory of that section.
    private static let directory =
        "03" + "2f100c"  // 3 templates: 23 bytes with columns, 8 and 6 bytes without
        + "474554202f1a20746f6f6b3d1a2069643d1a206174201a"  // "GET /", " took=", " id=", " at ", 1a behind each
        + "626f6f7420783d1a" + "73746f70201a"  // "boot x=", "stop ", 1a behind each
        + "0300" + "00000200"  // decimal of any length; offsets from 0, 2 bits each, not split
        + "060100026d73" + "0300" + "01640200"  // parts: nothing, a number, "ms"; from 100 in steps of 1, 0 bits each
        + "050002"  // lower-case hexadecimal of 2 bytes
        + "0300" + "0100020500"  // decimal; differences from 0, at least 1, 5 bits each, not split
        + "07010205"  // variables of rare templates: words of ASCII, 2 bytes of lengths, 5 of values

    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    @Test func sectionsOfVersionOneAreRead() throws {
        let digits = Array(Self.golden)
        let bytes = try stride(from: 0, to: digits.count, by: 2).map { index in
            try #require(UInt8(String(digits[index...index + 1]), radix: 16))
        }
        var context = CodecContext()
        let rows = RowBitmap(rowCount: messages.count, filled: true)
        let column = try bytes.withUnsafeBytes {
            let outline = try TemplateOutline($0, rowCount: messages.count, &context)
            return try TemplateRenderer.messages(outline, $0, rows, &context)
        }
        #expect((0..<messages.count).map { column.value(at: $0) } == messages.map { Array($0.utf8) })
    }

    @Test func whatIsWrittenIsWhatIsDocumented() throws {
        var column = ColumnBuilder(capacity: 16)
        for (row, message) in messages.enumerated() {
            Array(message.utf8).withUnsafeBytes { column.set($0, row: row) }
        }
        var encoder = TemplateEncoder()
        var words = WordCollector()
        var context = CodecContext()
        var section = ByteWriter()
        #expect(try encoder.encode(&column, into: &section, &words, &context) != nil)
        let bytes = section.array()
        try bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            #expect(try content(&reader, &context) == Self.directory)
            // The template of each row.
            #expect(try content(&reader, &context) == String(repeating: "00", count: 16) + "0201")
            // The area of bits: of the first and of the last variable.
            let bits = hex(Array(try reader.lengthPrefixed()))
            #expect(bits == "24499224" + "00086290620e4a6ab1e6")
            // Bytes: lengths of the shared column.
            #expect(try reader.varint() == 1)
            #expect(try content(&reader, &context) == "0302")
            // Wide values: hexadecimal.
            #expect(try reader.varint() == 1)
            #expect(try content(&reader, &context).hasPrefix("00ff" + "a10b" + "00ff" + "a30b"))
            // Text: the shared column.
            #expect(try reader.varint() == 1)
            #expect(try content(&reader, &context) == hex(Array("now07".utf8)))
            #expect(reader.remaining == 0)
        }
    }

    private func content(_ reader: inout ByteReader, _ context: inout CodecContext) throws -> String {
        var content = ByteWriter()
        try context.decompress(&reader, limit: 1 << 20, into: &content)
        return hex(content.array())
    }
}
