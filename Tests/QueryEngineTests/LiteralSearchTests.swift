import QueryEngine
import TestSupport
import Testing

/// Parts of messages, in the middle of words or not, are found through the templates of a segment as in memory.
@Suite struct LiteralSearchTests {
    private static let tokens = [
        "order", "reorder", "a", "12", "7f3a9c", "user_1", "GET", "é", "x9", "timeout", "err", "00", "deadbeef", "1a",
    ]
    private static let separators = [" ", "=", ":", "/", "-", ", ", "[", "] ", "==", ". ", "\"", "\u{1A}"]

    private func message(_ generator: inout SeededGenerator) -> String {
        let isLong = Int.random(in: 0..<40, using: &generator) == 0
        var text = Bool.random(using: &generator) ? "" : Self.separators.randomElement(using: &generator) ?? ""
        for _ in 0..<(isLong ? 90 : Int.random(in: 0...6, using: &generator)) {
            text += Self.tokens.randomElement(using: &generator) ?? ""
            text += Self.separators.randomElement(using: &generator) ?? ""
        }
        return text
    }

    @Test func anyPartOfAMessageIsFound() throws {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<4 {
            let texts = (0..<3_000).map { _ in message(&generator) }
            let blocks = try segmentBlocks(texts.enumerated().map { PlainEvent(Int64($0.offset), $0.element) })
            for _ in 0..<40 {
                let source = Array((texts.randomElement(using: &generator) ?? "").unicodeScalars)
                guard source.count > 1 else { continue }
                let start = Int.random(in: 0..<source.count, using: &generator)
                let end = min(source.count, start + Int.random(in: 1...10, using: &generator))
                var part = String.UnicodeScalarView()
                part.append(contentsOf: source[start..<end])
                let literal = String(part)
                if literal.contains("\u{1A}") || literal.contains("\"") { continue }
                let wanted = texts.count { $0.utf8.contains(literal.utf8) }
                let escaped = literal.map { character in
                    let isPlain =
                        !character.isASCII || character.isLetter || character.isNumber || "_ ".contains(character)
                    return isPlain ? "\(character)" : #"\\"# + "\(character)"
                }.joined()
                for query in [#"_msg:*"\#(literal)"*"#, #"_msg:~"\#(escaped)""#, #"!_msg:~"\#(escaped)""#] {
                    let counted = try run(query + " | stats count() n", on: blocks)
                    let expected = query.hasPrefix("!") ? texts.count - wanted : wanted
                    #expect(values("n", of: counted) == ["\(expected)"], "\(query), seed \(seed)")
                }
            }
        }
    }
}

extension String.UTF8View {
    fileprivate func contains(_ other: String.UTF8View) -> Bool {
        let (bytes, part) = (Array(self), Array(other))
        guard bytes.count >= part.count else { return false }
        return (0...(bytes.count - part.count)).contains { bytes[$0..<($0 + part.count)].elementsEqual(part) }
    }
}
