import RegularExpressions
import Testing

@Suite struct RegularExpressionTests {
    private func matches(_ pattern: String, _ text: String) throws -> Bool {
        let expression = try RegularExpression(Array(pattern.utf8))
        return Array(text.utf8).withUnsafeBytes { expression.matches($0) }
    }

    @Test func anExpressionMatchesAnywhereUnlessAnchored() throws {
        #expect(try matches("a+b", "xaab"))
        #expect(try !matches("^a+b", "xaab"))
        #expect(try matches("(?i)ERR", "an error"))
        #expect(try matches("", "") && matches("x*", ""))
        #expect(try !matches("a.b", "a\nb") && matches("(?s)a.b", "a\nb"))
        let whole = try RegularExpression(Array("a|bc".utf8))
        #expect(Array("bc".utf8).withUnsafeBytes { whole.matchesWhole($0) })
        #expect(!Array("abc".utf8).withUnsafeBytes { whole.matchesWhole($0) })
    }

    @Test func groupsAreNamedAndFound() throws {
        let expression = try RegularExpression(Array("(?P<key>[a-z]+)=(\\d+)?(x)?".utf8))
        #expect(expression.groupNames == ["key", nil, nil])
        let found = Array("- ab=17 c=".utf8).withUnsafeBytes { text in
            [
                expression.firstMatch(in: text), expression.firstMatch(in: text, from: 7),
                expression.firstMatch(in: text, from: 10),
            ]
        }
        #expect(found[0] == [2..<7, 2..<4, 5..<7, nil])
        #expect(found[1] == [8..<10, 8..<9, nil, nil])
        #expect(found[2] == nil)
    }

    @Test(arguments: ["(", "a**b(", "[a", "(?=x)", "\\1", "a{2000}", "((a{100}){100}){100}"])
    func anExpressionThatIsNoneOrTooLargeIsRefusedWithAReason(pattern: String) {
        let refusal = #expect(throws: RegularExpression.Refusal.self) { try RegularExpression(Array(pattern.utf8)) }
        #expect(refusal?.description.isEmpty == false)
    }

    @Test func whatBacktracksElsewhereIsLinearHere() throws {
        let expression = try RegularExpression(Array("^(a+)+(b|c*)*$".utf8))
        let text = [UInt8](repeating: 0x61, count: 200_000) + [0x21]
        #expect(!text.withUnsafeBytes { expression.matches($0) })
    }
}
