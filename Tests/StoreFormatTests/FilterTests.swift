import ByteCoding
import LogModel
import StoreTestSupport
import TestSupport
import Testing

@testable import StoreFormat

@Suite struct FilterTests {
    private func table(
        _ keys: [UInt64]
    ) throws -> (filter: FuseFilter, bytes: [UInt8]) {
        var buffer = ReusableBuffer<UInt64>()
        for key in keys { buffer.append(key) }
        var builder = FuseFilterBuilder()
        var writer = ByteWriter()
        let filter = builder.build(buffer, into: &writer)
        return (try #require(filter), writer.array())
    }

    @Test(arguments: [0, 1, 2, 3, 10, 100, 1_000, 20_000, 200_000])
    func eachKeyIsFoundAndFewOthers(count: Int) throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        let keys = Set((0..<count).map { _ in generator.next() })
        let (filter, bytes) = try table(Array(keys))
        #expect(bytes.count == filter.tableBytes)
        if count >= 1_000 { #expect(bytes.count * 8 < count * 13, "\(bytes.count) bytes, seed \(seed)") }
        bytes.withUnsafeBytes { table in
            for key in keys where !filter.mayContain(key, in: table) { Issue.record("\(key) is lost, seed \(seed)") }
            let errors = (0..<100_000).count { _ in filter.mayContain(generator.next(), in: table) }
            // One in 256 is expected.
            #expect(errors < 100_000 / 128, "\(errors), seed \(seed)")
        }
    }

    @Test func equalKeysAreRefusedAndDoNotHang() {
        var keys = ReusableBuffer<UInt64>()
        for _ in 0..<3 { keys.append(7) }
        var builder = FuseFilterBuilder()
        var writer = ByteWriter()
        let filter = builder.build(keys, into: &writer)
        #expect(filter == nil)
        #expect(writer.array().isEmpty)
    }

    /// The hash is part of the format.
    @Test func keysOfWordsStayTheSame() {
        let words = ["a", "Ab", "timeout", "deadbeef", "0123456789abcdef0", "é"]
        let keys = words.map { WordHash.key(Array($0.utf8), isPrefix: false, WordHash.Salt.templates) }
        #expect(keys == Self.golden, "\(keys)")
        #expect(
            WordHash.key(Array("TIMEOUT".utf8), isPrefix: false, 5)
                == WordHash.key(Array("timeout".utf8), isPrefix: false, 5))
        #expect(
            WordHash.key(Array("timeout".utf8), isPrefix: false, 5)
                != WordHash.key(Array("timeout".utf8), isPrefix: false, 6))
        #expect(WordHash.key(Array("0123456789".utf8), isPrefix: false, 5) == nil)
        func prefix(_ text: String) -> UInt64? { WordHash.key(Array(text.utf8), isPrefix: true, 5) }
        #expect(prefix("TIM") == prefix("timeout") && prefix("tim") != nil && prefix("tin") != prefix("tim"))
        #expect(prefix("ti") == nil && prefix("123abc") == nil && prefix("12a") != nil)
    }

    private static let golden: [UInt64?] = [
        0x1113_A37D_FC37_C6C4, 0x4206_EACB_915A_D8B3, 0x1FDA_D181_E659_F8F9, 0x3AC4_D5F7_A0CB_3253,
        0x52E5_D0C4_24D4_11EF, 0xBD67_8B75_0355_4631,
    ]

    @Test func damagedSectionsAreRefusedOrAnswer() throws {
        var builder = BlockFilterBuilder()
        for number in 0..<500 { Array("word\(number)".utf8).withUnsafeBytes { builder.words.add(wordsOf: $0, 1) } }
        builder.cover(BlockFilter.Place.messages)
        builder.cover(BlockFilter.Place.column(3))
        var output = SectionOutput(fileOffset: 0)
        let finished = builder.finish(into: &output)
        let section = try #require(finished)
        #expect(section.kind == .filter)
        var bytes: [UInt8] = []
        output.withPending { bytes.append(contentsOf: $0) }
        let filter = try BlockFilter(bytes)
        #expect(filter.covers(BlockFilter.Place.messages) && filter.covers(BlockFilter.Place.column(3)))
        #expect(!filter.covers(BlockFilter.Place.column(0)))
        #expect(filter.mayContain(WordHash.key(Array("wor".utf8), isPrefix: true, 1) ?? 0))
        #expect(
            (0..<500).allSatisfy { filter.mayContain(WordHash.key(Array("word\($0)".utf8), isPrefix: false, 1) ?? 0) })
        for length in 0..<bytes.count {
            #expect(throws: StoreFormatError.self) { try BlockFilter(Array(bytes[..<length])) }
        }
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<2_000 {
            var damaged = bytes
            damaged[Int(generator.next() % 24)] = UInt8(truncatingIfNeeded: generator.next())
            if let read = try? BlockFilter(damaged) { _ = read.mayContain(generator.next()) }
        }
    }

    /// A filter that fails its checksum is as good as none: everything is still found.
    @Test func damagedFiltersLoseNothing() throws {
        let messages = (0..<2_000).map { Array("request \($0) from host_\($0 * 77)x".utf8) }
        let bytes = try messageSegment(messages)
        let intact = try SegmentReader(MemoryBytes(content: bytes))
        let filter = try #require(intact.footer.blocks[0].extras.first { $0.kind == .filter })
        #expect(filter.offset >= intact.footer.tailOffset)
        func search(_ word: String) -> MessageSearch {
            let bytes = Array(word.utf8)
            let test = MessageWord(bytes, isPrefix: false, ignoresCase: false) { text in
                var found = false
                WordRule.forEachWord(in: text) { if $0.elementsEqual(bytes) { found = true } }
                return found
            }
            return MessageSearch(alternatives: [[test]], isOneWord: true, passes: nil)
        }
        #expect(intact.blocks[0].mayHave(search("host_770x")) && !intact.blocks[0].mayHave(search("host_771x")))
        #expect(intact.cache.statistics.damagedFilters == 0)

        var damaged = bytes
        damaged[Int(filter.offset) + Int(filter.length) / 2] ^= 0x10
        let reader = try SegmentReader(MemoryBytes(content: damaged))
        let block = reader.blocks[0]
        #expect(block.mayHave(search("host_770x")) && block.mayHave(search("host_771x")))
        #expect(reader.cache.statistics.damagedFilters == 1)
        let all = RowBitmap(rowCount: 2_000, filled: true)
        let found = try #require(try block.messageCandidates(search("host_770x"), among: all))
        #expect(found.certain.rows == [10] && found.possible.isEmpty)
        #expect(throws: StoreFormatError.self) { try reader.verify() }
    }
}
