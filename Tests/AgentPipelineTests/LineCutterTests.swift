import AgentPipeline
import TestSupport
import Testing

struct LineCutterTests {
    struct Piece: Equatable, CustomStringConvertible {
        var text: String
        var part = 0
        var description: String { part == 0 ? text : "\(text)#\(part)" }
    }

    private func cut(_ text: String, max: Int = 100, isFinal: Bool = false) -> (pieces: [Piece], taken: Int) {
        var pieces: [Piece] = []
        var parts = 0
        let taken = Array(text.utf8).withUnsafeBytes { bytes in
            LineCutter(maxLineBytes: max).cut(bytes, parts: &parts, isFinal: isFinal) { piece in
                pieces.append(Piece(text: String(decoding: piece.bytes, as: UTF8.self), part: piece.part))
                return true
            }
        }
        return (pieces, taken)
    }

    @Test func onlyLineFeedsEndLines() {
        let (pieces, taken) = cut("a\r\n\nb\0c\r\rd\nrest")
        #expect(pieces == [Piece(text: "a\r"), Piece(text: ""), Piece(text: "b\0c\r\rd")])
        #expect(taken == 11)
    }

    @Test func theLastLineCountsWhenNothingFollows() {
        #expect(cut("a\nb", isFinal: true).pieces == [Piece(text: "a"), Piece(text: "b")])
        #expect(cut("a\n", isFinal: true).pieces == [Piece(text: "a")])
        #expect(cut("", isFinal: true).pieces == [])
    }

    @Test func longLinesAreCutIntoParts() {
        #expect(cut("12345\n", max: 5).pieces == [Piece(text: "12345")])
        #expect(cut("12345", max: 5).pieces == [])
        #expect(cut("123456", max: 5).pieces == [Piece(text: "12345", part: 1)])
        #expect(
            cut("123456\nx\n", max: 5).pieces == [
                Piece(text: "12345", part: 1), Piece(text: "6", part: 2), Piece(text: "x"),
            ])
        #expect(cut("1234567890\n", max: 5).pieces == [Piece(text: "12345", part: 1), Piece(text: "67890", part: 2)])
        #expect(
            cut("12345678901", max: 5, isFinal: true).pieces
                == [Piece(text: "12345", part: 1), Piece(text: "67890", part: 2), Piece(text: "1", part: 3)])
    }

    @Test func stopsWhereItIsToldTo() {
        var parts = 0
        var count = 0
        let taken = Array("a\nb\nc\n".utf8).withUnsafeBytes { bytes in
            LineCutter(maxLineBytes: 10).cut(bytes, parts: &parts, isFinal: false) { _ in
                count += 1
                return count < 2
            }
        }
        #expect(taken == 4)
    }

    @Test func findsLineFeedsAtEachPlaceOfAWord() {
        for length in 0..<40 {
            // Bytes one above and one below a line feed, and with the high bit, are none.
            let text = String(repeating: "\u{0B}\u{09}\u{8A}", count: 20).prefix(length)
            let (pieces, taken) = cut(String(text) + "\nx", max: 1000)
            #expect(pieces == [Piece(text: String(text))])
            #expect(taken == text.utf8.count + 1)
        }
    }

    @Test func cuttingInPiecesGivesTheSameLines() {
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        func next(_ limit: Int) -> Int { random.below(limit) }
        for _ in 0..<200 {
            let bytes = (0..<next(400)).map { _ in next(6) == 0 ? UInt8(0x0A) : UInt8(0x61 + next(3)) }
            let cutter = LineCutter(maxLineBytes: 7)
            var whole: [UInt8] = []
            var parts = 0
            var rest = bytes[...]
            while true {
                let isFinal = rest.count <= 20
                let chunk = Array(rest.prefix(8 + next(12)))
                let isLast = isFinal && chunk.count == rest.count
                let taken = chunk.withUnsafeBytes { buffer in
                    cutter.cut(buffer, parts: &parts, isFinal: isLast) { piece in
                        #expect(piece.bytes.count <= 7)
                        whole.append(contentsOf: piece.bytes)
                        return next(4) > 0
                    }
                }
                rest = rest.dropFirst(taken)
                if rest.isEmpty { break }
            }
            #expect(whole == bytes.filter { $0 != 0x0A }, "seed \(seed)")
        }
    }
}
