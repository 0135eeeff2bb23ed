import LogModel

// test := "*" | word ["*"] | quoted ["*"] | "=" value ["*"] | "!=" value ["*"]
//       | "in(" values ")" | "i(" value ["*"] ")" | "exact(" value ["*"] ")"
extension Parser {
    private static var valueStops: String { "*,()[]{}|" }

    /// Reads one test of a field's value.
    ///
    /// - Parameters:
    ///   - field: the field that the test is about.
    ///   - isNamed: whether the query names the field; then a colon is part of the value.
    /// - Returns: the filter.
    /// - Throws: `QueryError` when there is no test here, or one that is not supported yet.
    mutating func test(field: String, isNamed: Bool) throws(QueryError) -> Filter {
        let start = current
        switch (start.kind, start.text) {
        case (.symbol, "*"):
            advance()
            try expectNoValueAdjacent(to: start)
            return isNamed ? .field(field, .any) : .all
        case (.symbol, "="):
            advance()
            return .field(field, try exactTest())
        case (.symbol, "!="):
            advance()
            return .negation(.field(field, try exactTest()))
        case (.symbol, "~"), (.symbol, "=~"), (.symbol, "!~"):
            advance()
            _ = try value(stops: Parser.valueStops, "a regular expression in quotes")
            throw notYet("regular expressions", "regexp filter", at: start)
        case (.symbol, ">"), (.symbol, ">="), (.symbol, "<"), (.symbol, "<="):
            throw notYet("comparisons of values", "`\(start.text)` filter", at: start)
        case (.word, _) where following.isSymbol("("):
            if let filter = try function(field: field) { return filter }
        default: break
        }
        let text = try value(stops: isNamed ? Parser.valueStops : Parser.valueStops + ":", "a filter")
        let isPrefix = try starAfterValue()
        if isAdjacent, atSymbol("(") {
            throw failure("a space is missing in front of `(`", at: current)
        }
        return .field(field, .containing(text, isPrefix: isPrefix))
    }

    private mutating func exactTest() throws(QueryError) -> FieldTest {
        let text = try value(stops: "*,()[]{}|", "a value")
        return try starAfterValue() ? .exactPrefix(text) : .exact(text)
    }

    /// Reads the `*` that makes a prefix of the value just read.
    private mutating func starAfterValue() throws(QueryError) -> Bool {
        let star = current
        guard isAdjacent, takeSymbol("*") else { return false }
        try expectNoValueAdjacent(to: star)
        return true
    }

    private func expectNoValueAdjacent(to star: Token) throws(QueryError) {
        guard isAdjacent, !atBoundary else { return }
        throw notYet("words with `*` anywhere but at their end", "`*` in front of `\(current.text)`", at: star)
    }

    /// Reads `name(...)` if `name` is a function; nil, with nothing read, if it is a word in front of a group.
    private mutating func function(field: String) throws(QueryError) -> Filter? {
        let token = current
        let name = token.text.lowercased()
        if let missing = KnownNames.missingFilter(name) {
            throw notYet(missing.feature, missing.name == "re" ? "regexp filter" : "\(name) filter", at: token)
        }
        guard KnownNames.filters.contains(name) else {
            if following.hasSpaceBefore { return nil }
            let names = KnownNames.filters + KnownNames.missingFilters.map(\.name)
            throw unknown("filter", token, among: names)
        }
        advance()
        switch name {
        case "in": return try membership(field: field)
        case "exact":
            advance()
            let test = try exactTest()
            try expect(")", "after the value")
            return .field(field, test)
        default:
            advance()
            let text = try value(stops: Parser.valueStops, "a word or a phrase")
            let isPrefix = try starAfterValue()
            try expect(")", "after the word or phrase")
            return .field(field, .containing(text, isPrefix: isPrefix, ignoringCase: true))
        }
    }

    /// Reads the values of `in(...)`. `in(*)` lets everything pass.
    private mutating func membership(field: String) throws(QueryError) -> Filter {
        if following.isSymbol("*"), tokens[min(index + 2, tokens.count - 1)].isSymbol(")") {
            for _ in 0..<3 { advance() }
            return .all
        }
        let values = try parenthesized("after `in`") { parser throws(QueryError) in
            let start = parser.current
            let value = try parser.value(stops: "*,()[]{}|", "a value")
            if !parser.atSymbol(","), !parser.atSymbol(")"), parser.current.kind != .end {
                throw parser.notYet("queries inside queries", "in(...) with more than values", at: start)
            }
            return value
        }
        return .field(field, .oneOf(values))
    }
}
