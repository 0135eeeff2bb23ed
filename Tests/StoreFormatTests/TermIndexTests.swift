import ByteCoding
import LogModel
import StoreTestSupport
import TestSupport
import Testing

@testable import StoreFormat

@Suite struct TermIndexTests {
    private func word(_ text: String, isPrefix: Bool = false, ignoresCase: Bool = false) -> MessageWord {
        MessageWord(Array(text.utf8), isPrefix: isPrefix, ignoresCase: ignoresCase) { _ in false }
    }

    /// The outline of messages that become templates.
    private func outline(_ messages: [String]) throws -> TemplateOutline {
        let reader = try SegmentReader(MemoryBytes(content: try messageSegment(messages.map { Array($0.utf8) })))
        let block = reader.footer.blocks[0]
        #expect(block.messages.kind == .templates)
        let section = try reader.section(block.messages)
        var context = CodecContext()
        return try section.withUnsafeBytes { try TemplateOutline($0, rowCount: messages.count, &context) }
    }

    /// Texts of the templates that have a word, and how many columns have it.
    private func found(_ word: MessageWord, _ outline: TemplateOutline) -> (templates: Set<Int>, columns: Set<Int>) {
        var templates: Set<Int> = []
        var columns: Set<Int> = []
        outline.withTexts { texts in
            TermIndex(templates: outline.directory.templates.map(\.text), texts)
                .forEachPlace(of: word, in: texts) { templates.insert($0) }
            TermIndex(columns: outline.directory, texts).forEachPlace(of: word, in: texts) { columns.insert($0) }
        }
        let terms = TemplateTerms(outline).templates(with: word)
        #expect(Set(terms.indices.filter { terms[$0] }) == templates)
        return (templates, columns)
    }

    @Test func wordsAndPrefixesAreFoundInAnyCase() throws {
        let messages = (0..<3_000).map { row in
            switch row % 4 {
            case 0: "Connection refused by gateway \(row)"
            case 1: "connection_pool connectionist refuse \(row)"
            case 2: "GET mode=fast\(row % 3) \(row)"
            default: "été CONNECTION \(row)"
            }
        }
        let outline = try outline(messages)
        let count = outline.directory.templates.count
        #expect(count == 4)
        #expect(found(word("Connection"), outline).templates.count == 1)
        #expect(found(word("connection"), outline).templates.isEmpty)
        #expect(found(word("connection", ignoresCase: true), outline).templates.count == 2)
        #expect(found(word("conn", isPrefix: true), outline).templates.count == 1)
        #expect(found(word("conn", isPrefix: true, ignoresCase: true), outline).templates.count == 3)
        #expect(found(word("connectioni", isPrefix: true), outline).templates.count == 1)
        #expect(found(word("refuse", isPrefix: true), outline).templates.count == 2)
        #expect(found(word("été"), outline).templates.count == 1)
        #expect(found(word("ét", isPrefix: true), outline).templates.count == 1)
        #expect(found(word("fast1"), outline).columns.count == 1)
        #expect(found(word("fas", isPrefix: true), outline).columns.count == 1)
        for absent in ["", "zebra", "connectionisty", "a", "\u{10FFFF}"] {
            let places = found(word(absent), outline)
            #expect(places.templates.isEmpty && places.columns.isEmpty, "\(absent)")
        }
        #expect(found(word("", isPrefix: true), outline).templates.count == count)
    }

    /// Each word of each template is found, and nothing else.
    @Test func theIndexAgreesWithTheTexts() throws {
        let seed = drawSeed()
        var maker = MessageMaker(generator: SeededGenerator(seed: seed))
        let outline = try outline((0..<4_000).map { _ in String(decoding: maker.line(8), as: UTF8.self) })
        var expected: [[UInt8]: Set<Int>] = [:]
        outline.withTexts { texts in
            for (number, template) in outline.directory.templates.enumerated() {
                let text = UnsafeRawBufferPointer(rebasing: texts[Int(template.text.offset)..<template.text.end])
                WordRule.forEachWord(in: text) { expected[Array($0), default: []].insert(number) }
            }
        }
        #expect(expected.count > 10)
        for (bytes, templates) in expected {
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(found(word(text), outline).templates == templates, "\(text), seed \(seed)")
        }
        #expect(outline.rows.count == 4_000 && outline.memoryBytes > 4_000 * 4)
        let places = outline.places(of: RowBitmap(rowCount: 4_000, filled: true))
        for (row, place) in places.enumerated() {
            let rows = outline.rows(of: place.template)
            guard place.row == row, Int(rows[rows.startIndex + place.rank]) == row else {
                Issue.record("row \(row) is not where its rank says, seed \(seed)")
                return
            }
        }
    }
}
