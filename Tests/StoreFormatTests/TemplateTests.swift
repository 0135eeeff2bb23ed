import ByteCoding
import LogModel
import StoreTestSupport
import TestSupport
import Testing

@testable import StoreFormat

/// Messages of all kinds, for tests of what stores them.
struct MessageMaker {
    var generator: SeededGenerator

    mutating func number(_ limit: Int) -> Int { Int(generator.next() >> 8 % UInt64(limit)) }

    mutating func bytes(_ count: Int, _ byte: (inout MessageMaker) -> UInt8) -> [UInt8] {
        (0..<count).map { _ in byte(&self) }
    }

    mutating func digits(_ count: Int) -> String { String((0..<count).map { _ in Character("\(number(10))") }) }

    /// A line such as programs write, of one of `kinds` shapes.
    mutating func line(_ kinds: Int) -> [UInt8] {
        let hex = Array("0123456789abcdef")
        var text: String
        switch number(kinds) {
        case 0: text = "GET /api/v\(number(3))/items/\(number(100_000)) \(200 + number(4)) took=\(number(900))ms"
        case 1: text = "blk_\(digits(1 + number(19))) is 0x\(String((0..<8).map { _ in hex[number(16)] })) ok"
        case 2:
            text = "user=\(["anna", "bert", "céline"][number(3)]) id \(String((0..<32).map { _ in hex[number(16)] }))"
        case 3: text = "at 2024-0\(1 + number(9))-\(10 + number(20)) 0\(number(10)):\(digits(2)), trace \(digits(30))"
        case 4: text = "upper DEADBEEF\(digits(2)) mixed aBcD\(digits(1 + number(3))) pad \(digits(4))"
        case 5: text = "session \(digits(4))_\(digits(1 + number(5))) attempt_1_\(number(4))_x_\(number(70))"
        case 6: text = "counter \(1_000_000 + number(50)) of 18446744073709551615 and 999999999999999999"
        default: text = "kind \(String(repeating: "x", count: 1 + number(40))) is rare, value \(digits(2)) \(number(5))"
        }
        if number(50) == 0 { text += "\u{0}\r\u{1A}" }
        var bytes = Array(text.utf8)
        if number(40) == 0 { bytes.insert(UInt8(number(256)), at: number(bytes.count)) }
        return bytes
    }

    /// Bytes that mean nothing, of an alphabet that is made for trouble.
    mutating func noise() -> [UInt8] {
        let alphabet = Array("09aAfFgxX_=:. ".utf8) + [0, 0x1A, 0x80, 0xC3, 0xA9, 0xFF, 0x0A]
        return bytes(number(40)) { $0.number(3) == 0 ? UInt8($0.number(256)) : alphabet[$0.number(alphabet.count)] }
    }
}

/// A segment of messages without fields.
func messageSegment(_ messages: [[UInt8]]) throws -> [UInt8] {
    var builder = SegmentBuilder()
    var first = 0
    var position: UInt64 = 1
    while first < messages.count {
        let part = messages[first..<min(messages.count, first + 50_000)]
        var batch = EventBatchBuilder(labels: [.init("service", "test")])
        for message in part {
            message.withUnsafeBytes { batch.endEvent(time: Timestamp(nanoseconds: 5), level: .info, message: $0) }
        }
        let ids = (0..<part.count).map { RowID.make(position: position, row: $0) }
        try builder.append(batch.finish(), ids: ids, ingestBounds: 0...0)
        first += part.count
        position += 1
    }
    _ = try builder.finish()
    var bytes: [UInt8] = []
    builder.output.withPending { bytes.append(contentsOf: $0) }
    return bytes
}

@Suite struct TemplateTests {
    /// Checks that messages come back, all at once and some rows only; says which kinds of sections held them.
    @discardableResult
    private func roundTrip(_ messages: [[UInt8]], _ note: String) throws -> [SectionKind] {
        let reader = try SegmentReader(MemoryBytes(content: try messageSegment(messages)))
        var first = 0
        for block in reader.blocks {
            let all = try block.messages(RowBitmap(rowCount: block.rowCount, filled: true))
            for row in 0..<block.rowCount where all.value(at: row) != messages[first + row] {
                Issue.record("row \(first + row) differs: \(messages[first + row].prefix(200)); \(note)")
                return []
            }
            for step in [3, 97, 1_009] {
                var some = RowBitmap(rowCount: block.rowCount, filled: false)
                for row in stride(from: step / 2, to: block.rowCount, by: step) { some.insert(row) }
                if some.isEmpty { continue }
                let column = try block.messages(some)
                for row in some.rows where column.value(at: row) != messages[first + row] {
                    Issue.record("row \(first + row) alone differs: \(messages[first + row].prefix(200)); \(note)")
                    return []
                }
            }
            first += block.rowCount
        }
        #expect(first == messages.count)
        return reader.footer.blocks.map(\.messages.kind)
    }

    @Test(arguments: [1, 2, 15, 16, 17, 300, 5_000, 70_000])
    func linesComeBackByteForByte(count: Int) throws {
        let seed = drawSeed()
        var maker = MessageMaker(generator: SeededGenerator(seed: seed))
        let messages = (0..<count).map { _ in maker.line(8) }
        let kinds = try roundTrip(messages, "seed \(seed)")
        if count >= 5_000 { #expect(kinds.allSatisfy { $0 == .templates }) }
    }

    @Test func noiseComesBackByteForByte() throws {
        let seed = drawSeed()
        var maker = MessageMaker(generator: SeededGenerator(seed: seed))
        for count in [1, 10, 500, 9_000] {
            try roundTrip((0..<count).map { _ in maker.noise() }, "seed \(seed)")
        }
        // Noise among lines: the block is split, and noise with it.
        let mixed = (0..<6_000).map { _ in maker.number(30) == 0 ? maker.noise() : maker.line(7) }
        let kinds = try roundTrip(mixed, "seed \(seed)")
        #expect(kinds == [.templates])
    }

    @Test func oneColumnOfAnyValuesComesBack() throws {
        let seed = drawSeed()
        var maker = MessageMaker(generator: SeededGenerator(seed: seed))
        let makers: [(inout MessageMaker) -> String] = [
            { "\($0.number(10))" }, { $0.digits(1 + $0.number(3)) }, { $0.digits(18) }, { $0.digits(19) },
            { $0.digits(20) }, { $0.digits(1 + $0.number(25)) }, { "\($0.generator.next())" },
            { "\($0.generator.next() >> 30)" }, { "\($0.generator.next() >> 44)" }, { "0x\($0.digits(8))" },
            { "0x\($0.digits(7))" }, { "\($0.digits(3))x\($0.digits(4))" }, { "0X\($0.digits(4))" },
            { "\($0.digits(4))\(["ab", "AB", "aB"][$0.number(3)])" },
            { "\($0.digits(6))\(["ab", "cd"][$0.number(2)])" },
            { "\($0.digits(6))AB" }, { "v\($0.number(4_000))" }, { "\($0.number(4_000))us" },
            { "a\($0.number(9))b\($0.digits(2))c\($0.digits(1 + $0.number(3)))d" },
            { "a1b2c3d4e5f6g7h8i\($0.digits(1 + $0.number(4)))" }, { "1a1b1c1d1e1f1g1h1i\($0.digits(3))" },
            { $0.number(200) == 0 ? "7" : "1000000" }, { $0.number(3) == 0 ? "0" : "00" },
            { "é\($0.number(3_000))ü" }, { "9\($0.digits(17))" },
        ]
        for (index, make) in makers.enumerated() {
            for count in [16, 400, 3_000] {
                let messages = (0..<count).map { _ in Array("one value = \(make(&maker)) here".utf8) }
                let twice = (0..<count).map { row in
                    let value = make(&maker)
                    return Array("\(value) and \(value) in \(row) \(row * 7 + 1_000_000_000) \(maker.number(4))".utf8)
                }
                try roundTrip(messages, "maker \(index), seed \(seed)")
                try roundTrip(twice, "maker \(index) twice, seed \(seed)")
            }
        }
    }

    @Test func extremesComeBack() throws {
        let equal = Array("the same 17 times".utf8)
        try roundTrip([[UInt8]](repeating: equal, count: 65_536), "equal rows")
        try roundTrip((0..<65_536).map { Array("row \($0 * 31 % 65_536)".utf8) }, "all values unique")
        try roundTrip([[UInt8]](repeating: [], count: 3_000), "empty")
        let own = (0..<20_000).map { row in
            Array("word".utf8) + String(row, radix: 36).utf8.map { $0 < 0x3A ? $0 + 0x41 - 0x30 : $0 }
                + Array(" 5".utf8)
        }
        #expect(try roundTrip(own, "a template a row").allSatisfy { $0 == .text })
        let many = (0..<300).map { row in Array((0..<(100 + row)).map { "\($0 * row)" }.joined(separator: " ").utf8) }
        try roundTrip(many + many, "up to 400 variables")
        var long = (0..<5_000).map { Array("request \($0) done".utf8) }
        long[77] = [UInt8](repeating: 0x61, count: 1 << 20)
        long[1_234] = [UInt8](repeating: 0x37, count: 70_000)
        long[1_235] = Array(repeatElement(Array("1 ".utf8), count: 32_768).joined())
        #expect(try roundTrip(long, "a megabyte") == [.templates])
        // Each message is kept whole, and there are enough of them for a column of their own.
        try roundTrip((0..<2_000).map { Array("8=FIX.4.4\u{1A}35=\($0 % 7)\u{1A}".utf8) }, "placeholder bytes")
        try roundTrip((0..<2_000).map { row in [UInt8](repeating: 0, count: row % 9) + [0x1A] }, "zeros")
    }

    @Test func memoryOfEarlierBlocksDoesNotShowThrough() throws {
        let seed = drawSeed()
        var maker = MessageMaker(generator: SeededGenerator(seed: seed))
        let lines = (0..<66_000).map { _ in maker.line(8) }
        let noise = (0..<66_000).map { _ in maker.noise() }
        let few = (0..<66_000).map { _ in maker.line(2) }
        try roundTrip(lines + noise + few + lines, "seed \(seed)")
    }
}
