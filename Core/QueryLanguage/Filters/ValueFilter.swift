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
            if let text = try substring() { return .field(field, .substring(text)) }
            advance()
            return isNamed ? .field(field, .any) : .all
        case (.symbol, "="):
            advance()
            return .field(field, try exactTest())
        case (.symbol, "!="):
            advance()
            return .negation(.field(field, try exactTest()))
        case (.symbol, "~"), (.symbol, "=~"), (.symbol, "!~"):
            advance()
            let filter = Parser.expression(field: field, try expressionText(stops: ",()[]|"))
            return start.text == "!~" ? .negation(filter) : filter
        case (.symbol, ">"), (.symbol, ">="), (.symbol, "<"), (.symbol, "<="):
            advance()
            return try comparison(field: field, start.text)
        case (.word, _)
        where following.isSymbol("(") || (start.text.lowercased() == "range" && following.isSymbol("[")):
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

    mutating func exactTest() throws(QueryError) -> FieldTest {
        let text = try value(stops: "*,()[]{}|", "a value")
        return try starAfterValue() ? .exactPrefix(text) : .exact(text)
    }

    /// Reads the `*` that makes a prefix of the value just read.
    mutating func starAfterValue() throws(QueryError) -> Bool {
        let star = current
        guard isAdjacent, takeSymbol("*") else { return false }
        try expectNoValueAdjacent(to: star)
        return true
    }

    private func expectNoValueAdjacent(to star: Token) throws(QueryError) {
        guard isAdjacent, !atBoundary else { return }
        throw failure("`*` may only stand at the end of a word, or at both ends as in `*text*`", at: star)
    }

    /// Reads `*text*`; nil, with nothing read, if something else comes.
    private mutating func substring() throws(QueryError) -> QueryText? {
        let saved = self
        let star = current
        advance()
        guard isAdjacent, !atBoundary, !atSymbol("(") else {
            self = saved
            return nil
        }
        let text = try value(stops: "*,()[]{}|:", "a word or a phrase")
        guard isAdjacent, takeSymbol("*") else {
            throw failure("`*` may only stand at the end of a word, or at both ends as in `*text*`", at: star)
        }
        return text
    }
}
