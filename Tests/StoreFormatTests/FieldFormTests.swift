import ByteCoding
import LogModel
import StoreTestSupport
import TestSupport
import Testing

@testable import StoreFormat

/// A column of one field as a segment stores it: which form it took, and what comes back.
struct StoredField {
    let kind: SectionKind
    /// Nil for sections that have no forms.
    let form: FieldForm?
    let reader: SegmentReader
    let block: any BlockSource

    /// Writes a segment whose events have the field `v`, or do not have it, each in a stream and of a level by its row.
    init(
        _ values: [[UInt8]?], stream: (Int) -> Int = { _ in 0 }, level: (Int) -> Level = { _ in .info }
    ) throws {
        var batch = EventBatchBuilder(labels: [])
        let (name, label) = (batch.name("v"), batch.name("service"))
        for (row, value) in values.enumerated() {
            value?.withUnsafeBytes { batch.add(field: name, value: $0) }
            Array("s\(stream(row))".utf8).withUnsafeBytes { batch.add(label: label, value: $0) }
            Array("message".utf8).withUnsafeBytes {
                batch.endEvent(time: Timestamp(nanoseconds: 5), level: level(row), message: $0)
            }
        }
        var builder = SegmentBuilder()
        let ids = values.indices.map { RowID.make(position: 1, row: $0) }
        try builder.append(batch.finish(), ids: ids, ingestBounds: 0...0)
        _ = try builder.finish()
        var bytes: [UInt8] = []
        builder.output.withPending { bytes.append(contentsOf: $0) }
        reader = try SegmentReader(MemoryBytes(content: bytes))
        block = reader.blocks[0]
        let section = try #require(reader.footer.blocks[0].columns.first?.section)
        kind = section.kind
        form = kind == .typed ? FieldForm(rawValue: try reader.section(section)[0]) : nil
    }

    /// Bytes of the section.
    var byteCount: Int { reader.footer.blocks[0].columns.reduce(0) { $0 + Int($1.section.length) } }

    /// The values of the rows that are asked for.
    func values(_ rows: RowBitmap) throws -> [[UInt8]?] {
        let column = try #require(try block.column("v", rows))
        return rows.rows.map { column.value(at: $0) }
    }

    var all: RowBitmap { RowBitmap(rowCount: block.rowCount, filled: true) }
}

@Suite struct FieldFormTests {
    struct Case: CustomTestStringConvertible {
        var name: String
        var form: FieldForm?
        var kind = SectionKind.typed
        var value: @Sendable (inout MessageMaker, Int) -> String
        var testDescription: String { name }
    }

    static let hex = Array("0123456789abcdef")
    static let cases: [Case] = [
        Case(name: "integers", form: .numbers) { maker, _ in "\(maker.number(1 << 30))" },
        Case(name: "signed", form: .numbers) { maker, _ in "\(maker.number(1 << 20) - 1 << 19)" },
        Case(name: "long", form: .numbers) { maker, _ in "\(maker.number(1_000_000_000_000_000_000))" },
        Case(name: "too long", form: .templates) { maker, _ in "1\(maker.digits(19))" },
        Case(name: "multiples", form: .numbers) { _, row in "\(row * 1_000 + 17)" },
        Case(name: "zeros in front", form: .numbers) { maker, _ in maker.digits(7) },
        Case(name: "fixed point", form: .numbers) { maker, _ in "-\(maker.number(900) + 1).\(maker.digits(3))" },
        Case(name: "shortest", form: .numbers) { maker, row in
            row % 3 == 0 ? "\(maker.number(5_000))" : "\(maker.number(100)).\(maker.digits(2))\(maker.number(9) + 1)"
        },
        Case(name: "shortest with a point", form: .numbers) { maker, row in
            row % 3 == 0 ? "\(maker.number(5_000)).0" : "\(maker.number(100)).\(maker.digits(2))\(maker.number(9) + 1)"
        },
        Case(name: "with unit", form: .numbers) { maker, _ in "\(maker.number(1 << 20))ms" },
        Case(name: "with prefix", form: .numbers) { maker, _ in "user-\(maker.number(1 << 20))" },
        Case(name: "addresses", form: .templates) { maker, _ in
            "10.\(maker.number(256)).\(maker.number(256)).\(maker.number(256))"
        },
        Case(name: "times", form: .timestamps) { maker, row in
            "2025-06-\(10 + row / 500)T14:\(10 + maker.number(50)):\(10 + maker.number(50)).\(maker.digits(3))Z"
        },
        Case(name: "times with offset", form: .timestamps) { maker, _ in
            "2025-06-01 14:\(10 + maker.number(50)):\(10 + maker.number(50))+02:00"
        },
        Case(name: "impossible times", form: .templates) { maker, _ in
            "2025-06-31T14:\(10 + maker.number(50)):\(10 + maker.number(50)).\(maker.digits(3))Z"
        },
        Case(name: "ids", form: .hexadecimal) { maker, _ in
            String((0..<16).map { _ in hex[maker.number(16)] })
        },
        Case(name: "upper-case ids", form: .hexadecimal) { maker, _ in
            "0x" + String((0..<12).map { _ in hex[maker.number(16)] }).uppercased()
        },
        Case(name: "UUIDs", form: .hexadecimal) { maker, _ in
            [8, 4, 4, 4, 12].map { count in String((0..<count).map { _ in hex[maker.number(16)] }) }
                .joined(separator: "-")
        },
        Case(name: "network cards", form: .hexadecimal) { maker, _ in
            (0..<6).map { _ in String((0..<2).map { _ in hex[maker.number(16)] }) }.joined(separator: ":")
        },
        Case(name: "mixed case", form: .templates) { maker, row in
            let id = String((0..<16).map { _ in hex[maker.number(16)] })
            return "id " + (row % 2 == 0 ? id.uppercased() : id)
        },
        Case(name: "paths", form: .templates) { maker, _ in
            ["/health", "/v1/users/\(maker.number(1 << 18))", "/v1/carts/\(maker.number(1 << 18))/items"][
                maker.number(3)]
        },
        Case(name: "few", form: nil, kind: .dictionary) { maker, _ in "\(maker.number(40))" },
        Case(name: "free text", form: nil, kind: .text) { maker, _ in
            String((0..<30).map { _ in Character(Unicode.Scalar(UInt8(0x67 + maker.number(20)))) })
        },
    ]

    @Test(arguments: cases, [1, 2, 3])
    func valuesComeBackInTheFormThatFitsThem(test: Case, presence: Int) throws {
        var maker = MessageMaker(generator: SeededGenerator(seed: UInt64(presence)))
        let values = (0..<4_000).map { row -> [UInt8]? in
            if presence == 2, row % 40 != 3 { return nil }
            if presence == 3, maker.number(2) == 0 { return nil }
            return Array(test.value(&maker, row).utf8)
        }
        let stored = try StoredField(values)
        let isCut = test.form == .hexadecimal && HexadecimalPieces.areMany(values.count { $0 != nil })
        let form = isCut ? .hexadecimalPieces : test.form
        if presence != 2 { #expect(stored.kind == test.kind && stored.form == form) }
        #expect(try stored.values(stored.all) == values)
        var some = RowBitmap(rowCount: values.count, filled: false)
        for row in stride(from: 7, to: values.count, by: 31) { some.insert(row) }
        #expect(try stored.values(some) == some.rows.map { values[$0] })
        #expect(try stored.block.column("v", picking: some)?.values == some.rows.map { values[$0] })
        if let numbers = try stored.block.numbers("v") {
            #expect(stored.form == .numbers)
            for row in values.indices {
                #expect(numbers.rows.contains(row) == (values[row] != nil))
                guard let value = values[row] else { continue }
                var text = ByteWriter()
                numbers.form.write(numbers.values[row], to: &text)
                #expect(text.array() == value)
                #expect(value.withUnsafeBytes { numbers.form.number(of: $0) } == numbers.values[row])
                // Spelled in any other way, it is another value.
                for other in [value + [0x30], [0x30] + value, value.dropLast(), [0x2D] + value, value + [0x2E]] {
                    guard let number = other.withUnsafeBytes({ numbers.form.number(of: $0) }) else { continue }
                    text.removeAll()
                    numbers.form.write(number, to: &text)
                    #expect(text.array() == other)
                }
            }
        } else {
            #expect(stored.form != .numbers)
        }
    }

    @Test func numbersAreScaled() throws {
        let values = (0..<600).map { "\($0 / 10).\($0 % 10)5ms" }
        let stored = try StoredField(values.map { Array($0.utf8) })
        let numbers = try #require(try stored.block.numbers("v"))
        #expect(numbers.form.scale == 2 && numbers.form.suffix == Array("ms".utf8) && !numbers.form.isPlain)
        #expect(numbers.values == (0..<600).map { Int64($0 * 10 + 5) })
        // Multiples of 10 in ascending order need no bits at all.
        #expect(stored.byteCount < 40)
    }

    @Test func whatFollowsFromStreamOrLevelTakesNoBytesARow() throws {
        let streams = 40
        let byStream = try StoredField(
            (0..<20_000).map { $0 % streams < 4 ? nil : Array("region-\($0 % streams % 7)".utf8) },
            stream: { $0 % streams })
        #expect(byStream.form == .byStream && byStream.byteCount < 150)
        #expect(
            try byStream.values(byStream.all)
                == (0..<20_000).map { $0 % streams < 4 ? nil : Array("region-\($0 % streams % 7)".utf8) })
        let byLevel = try StoredField(
            (0..<20_000).map { Array(($0 % 3 == 1 ? "WARNING" : "Info").utf8) },
            level: { $0 % 3 == 1 ? .warn : .info })
        #expect(byLevel.form == .byLevel && byLevel.byteCount < 60)
        #expect(
            try byLevel.values(byLevel.all) == (0..<20_000).map { Array(($0 % 3 == 1 ? "WARNING" : "Info").utf8) })
    }

    @Test func columnsOfSomeStreamsOnlyStateNoRows() throws {
        var maker = MessageMaker(generator: SeededGenerator(seed: 3))
        let values = (0..<20_000).map { $0 % 30 < 15 ? nil : Array(maker.digits(12).utf8) }
        let stored = try StoredField(values, stream: { $0 % 30 })
        let packed = 10_000 * 40 / 8
        #expect(stored.form == .numbers && stored.byteCount < packed + 100)
        #expect(try stored.values(stored.all) == values)
    }
}

extension ColumnData {
    /// A copy of each value.
    fileprivate var values: [[UInt8]?] { (0..<rowCount).map { value(at: $0) } }
}
