import RegularExpressions
import TestSupport
import Testing

@testable import QueryLanguage

@Suite struct RequiredLiteralTests {
    @Test(arguments: [
        ("order=[0-9]+7$", "order="), ("timeout", "timeout"), ("^GET /a.*done$", "GET /a"), (#"a\.b\[c"#, "a.b[c"),
        ("ab?cde", "cde"), ("abc*", "ab"), ("abc{2,3}d", "ab"), ("abc+de", "abc"), ("(foo|bar)baz", "baz"),
        ("(?:x)yz", "yz"), (#"\d+ms elapsed"#, "ms elapsed"), ("[]a]bc[^]b]", "bc"), ("[[:alpha:]]xyz", "xyz"),
        ("füß+x", "füß"), (#"[\]]ab"#, "ab"),
    ])
    func isTheLongestPlainText(pattern: String, text: String) {
        #expect(RequiredLiteral.longest(in: Array(pattern.utf8)) == Array(text.utf8))
    }

    @Test(arguments: ["a|b", "(?i)abc", #"\Qab\E"#, #"\x41bc"#, ".*", "[a-z]+", "a?", #"\pLab"#, "(a(?i)b)c|d", ""])
    func isUnknown(pattern: String) {
        #expect(RequiredLiteral.longest(in: Array(pattern.utf8)) == nil)
    }

    /// Where an expression matches, the text is there.
    @Test func eachMatchHoldsIt() {
        let seed = drawSeed()
        var generator = SeededGenerator(seed: seed)
        let pieces = [
            "a", "b", "c", "ab", "=", " ", ".", "*", "+", "?", "(", ")", "(?:", "[ab]", "[^a]", "|", "^", "$", #"\d"#,
            #"\."#,
            "{2}", "{0,1}", "1", "(?i)", #"\Q"#, #"\E"#, "ü", "[]a]", #"\("#, "-",
        ]
        var matched = 0
        for _ in 0..<30_000 {
            let pattern = (0..<Int.random(in: 1...7, using: &generator)).map { _ in
                pieces.randomElement(using: &generator) ?? ""
            }.joined()
            guard let expression = try? RegularExpression(Array(pattern.utf8)),
                let literal = RequiredLiteral.longest(in: Array(pattern.utf8))
            else { continue }
            for _ in 0..<4 {
                let text = (0..<Int.random(in: 0...8, using: &generator)).map { _ in
                    ["a", "b", "c", "=", " ", ".", "1", "(", "A", "ü", "-"].randomElement(using: &generator) ?? ""
                }.joined()
                guard Array(text.utf8).withUnsafeBytes({ expression.matches($0) }) else { continue }
                matched += 1
                let holds = Array(text.utf8).withUnsafeBytes { bytes in
                    ByteSearch(literal, ignoringCase: false).contains(in: bytes) { _ in true }
                }
                #expect(
                    holds,
                    "\(pattern) matches \(text) without \(String(decoding: literal, as: UTF8.self)), seed \(seed)")
            }
        }
        #expect(matched > 1_000, "\(matched) matches, seed \(seed)")
    }
}
