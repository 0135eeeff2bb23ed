import Testing

@testable import QueryLanguage

@Suite struct LexerTests {
    struct Case: CustomTestStringConvertible {
        var query: String
        var texts: [String]
        var testDescription: String { query }
    }

    @Test(arguments: [
        Case(query: "", texts: []),
        Case(query: "  \n\t ", texts: []),
        Case(query: "error", texts: ["error"]),
        Case(query: "a.b_c:x-1", texts: ["a.b_c", ":", "x", "-", "1"]),
        Case(query: "f:=\"v\" f:!=v f:~v", texts: ["f", ":", "=", "\"v\"", "f", ":", "!=", "v", "f", ":", "~", "v"]),
        Case(query: "a=~b!~c>=d<=e<f>g", texts: ["a", "=~", "b", "!~", "c", ">=", "d", "<=", "e", "<", "f", ">", "g"]),
        Case(query: "{a=b}[1,2)|*", texts: ["{", "a", "=", "b", "}", "[", "1", ",", "2", ")", "|", "*"]),
        Case(query: "a # all of this\nb#c", texts: ["a", "b"]),
        Case(query: "'#' `#`", texts: ["'#'", "`#`"]),
        Case(query: "тест:日本 é", texts: ["тест", ":", "日本", "é"]),
        Case(query: "5µs 🎉", texts: ["5µs", "🎉"]),
    ])
    func queryIsCutIntoTokens(_ test: Case) throws {
        let tokens = try Lexer.tokens(of: test.query).tokens
        #expect(tokens.dropLast().map(\.text) == test.texts)
        #expect(tokens.last?.kind == .end)
        #expect(tokens.last?.offset == test.query.utf8.count)
    }

    struct StringCase: CustomTestStringConvertible {
        var literal: String
        var bytes: [UInt8]
        var testDescription: String { literal }
    }

    @Test(arguments: [
        StringCase(literal: #""""#, bytes: []),
        StringCase(literal: #""a b""#, bytes: [0x61, 0x20, 0x62]),
        StringCase(literal: #""\n\t\r\"\\\'""#, bytes: [0x0A, 0x09, 0x0D, 0x22, 0x5C, 0x27]),
        StringCase(literal: #"'it\'s "x"'"#, bytes: Array("it's \"x\"".utf8)),
        StringCase(literal: #"`\n'"`"#, bytes: Array(#"\n'""#.utf8)),
        StringCase(literal: #""\x00\xff""#, bytes: [0, 0xFF]),
        StringCase(literal: #""\u00e9\U0001F389""#, bytes: Array("é🎉".utf8)),
    ])
    func quotedTextIsDecoded(_ test: StringCase) throws {
        let tokens = try Lexer.tokens(of: test.literal).tokens
        #expect(tokens.count == 2)
        #expect(tokens[0].kind == .quoted(test.bytes))
    }

    @Test func tokensKnowTheirPlaceAndTheSpaceInFront() throws {
        let (source, tokens) = try Lexer.tokens(of: "é a\n  b:c")
        #expect(tokens.map(\.offset) == [0, 3, 7, 8, 9, 10])
        #expect(tokens.map(\.hasSpaceBefore) == [true, true, true, false, false, false])
        #expect(source.position(of: tokens[1].offset) == (1, 3))
        #expect(source.position(of: tokens[2].offset) == (2, 3))
    }

    @Test(arguments: [#""abc"#, "'", "`a\nb", #""abc\"#, #""a\""#])
    func missingClosingQuoteIsReportedAtTheOpeningOne(_ query: String) {
        let error = #expect(throws: QueryError.self) { try Lexer.tokens(of: "x " + query) }
        #expect(error?.column == 3)
        #expect(error?.message.contains("closing") == true)
    }

    @Test(arguments: [#""\q""#, #""\x1""#, #""\u12""#, #""\ud800""#, #""\xé0""#])
    func badEscapeIsReportedWhereItStarts(_ query: String) {
        let error = #expect(throws: QueryError.self) { try Lexer.tokens(of: query) }
        #expect(error?.column == 2)
    }

    @Test func tooLongQueryIsRefused() throws {
        #expect(throws: QueryError.self) { try Query(parsing: String(repeating: "a", count: 65_537)) }
        _ = try Query(parsing: String(repeating: "a", count: 65_536))
    }
}
