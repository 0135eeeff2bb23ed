import ByteCoding
import LogModel
import Testing

@testable import StoreFormat

/// The bytes of the kind `templates`, as docs/format.md has them.
@Suite struct TemplateFormatTests {
    private let messages: [String] =
        (0..<16).map { "GET /\($0 % 3) took=\(100 + $0)ms id=\($0 % 2 == 0 ? "00ff" : "a\($0 % 10)0b") at \($0 * $0)" }
        + ["stop 07", "boot x=now"]

    private func encoded() throws -> [UInt8] {
        var column = ColumnBuilder(capacity: 16)
        for (row, message) in messages.enumerated() {
            Array(message.utf8).withUnsafeBytes { column.set($0, row: row) }
        }
        var encoder = TemplateEncoder()
        var context = CodecContext()
        var writer = ByteWriter()
        #expect(try encoder.encode(&column, into: &writer, &context) != nil)
        return writer.array()
    }

    @Test func printBytes() throws {
        let bytes = try encoded()
        var context = CodecContext()
        var directory = ByteWriter()
        try bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            try context.decompress(&reader, limit: 1 << 20, into: &directory)
        }
        print("DIR", directory.array().map { String($0, radix: 16) }.joined(separator: " "))
        print("SECTION", bytes.map { String($0, radix: 16) }.joined(separator: " "))
    }
}
