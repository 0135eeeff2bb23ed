/// A place in the tokens of a query, and the steps that all rules of the grammar share. The rules themselves live beside
/// the tree: filters in Filters, pipes in Pipes.
struct Parser {
    let source: QuerySource
    let tokens: [Token]
    private(set) var index = 0
    /// Parentheses open at this place.
    var depth = 0
    /// Queries open around this place.
    var queryDepth = 0
    /// Operands open around this place.
    var formulaDepth = 0
    /// Operands of the formula around this place so far.
    var formulaOperands = 0

    init(_ text: String) throws(QueryError) {
        (source, tokens) = try Lexer.tokens(of: text)
    }

    /// The whole query.
    mutating func query() throws(QueryError) -> Query {
        let query = try queryBody()
        try expectEnd()
        return query
    }

    /// A query up to the end, or up to the parenthesis that closes it.
    mutating func queryBody() throws(QueryError) -> Query {
        let options = try queryOptions()
        if current.kind == .word, KnownNames.pipes.contains(current.text.lowercased()), !following.isSymbol(":") {
            throw failure(
                "`\(current.text)` is a pipe, and a query starts with a filter: write `* | \(current.text)`, or put the "
                    + "word into quotes to search for it", at: current)
        }
        let filter = try self.filter()
        var pipes: [Pipe] = []
        while takeSymbol("|") {
            let token = current
            let pipe = try Pipe(parsing: &self)
            if case .streamContext = pipe, !pipes.allSatisfy({ if case .filter = $0 { true } else { false } }) {
                throw failure("`stream_context` must be the first pipe, right behind the filters", at: token)
            }
            if pipe == .blockStats, !pipes.allSatisfy(\.keepsBlocks) {
                throw failure(
                    "`block_stats` must stand right behind the filters, or behind `fields` and `delete`", at: token)
            }
            pipes.append(pipe)
        }
        var query = Query(filter: filter, pipes: pipes)
        query.options = options
        return query
    }

    /// Fails unless everything has been read.
    func expectEnd() throws(QueryError) {
        guard current.kind == .end else { throw unexpected(expected: ["|", "the end of the query"]) }
    }

    // MARK: Tokens

    /// The token to read next; at the end it stays the `end` token.
    var current: Token { tokens[index] }

    /// The token after the current one.
    var following: Token { tokens[min(index + 1, tokens.count - 1)] }

    /// Whether the current token follows the one before without a space.
    var isAdjacent: Bool { !current.hasSpaceBefore && current.kind != .end }

    mutating func advance() {
        if index < tokens.count - 1 { index += 1 }
    }

    func atSymbol(_ symbol: String) -> Bool { current.isSymbol(symbol) }

    /// Whether the current token is this keyword, in any case and without quotes.
    func atKeyword(_ keyword: String) -> Bool {
        current.kind == .word && current.text.lowercased() == keyword
    }

    /// Whether the current token ends a filter, a pipe, or an element of a list.
    var atBoundary: Bool {
        current.kind == .end || [",", ")", "]", "}", "|"].contains { atSymbol($0) }
    }

    mutating func takeSymbol(_ symbol: String) -> Bool {
        guard atSymbol(symbol) else { return false }
        advance()
        return true
    }

    mutating func takeKeyword(_ keyword: String) -> Bool {
        guard atKeyword(keyword) else { return false }
        advance()
        return true
    }

    /// Reads a symbol that must come now.
    mutating func expect(_ symbol: String, _ context: String) throws(QueryError) {
        guard takeSymbol(symbol) else { throw unexpected(expected: [symbol], context) }
    }

    // MARK: Errors

    /// An error about one token.
    func failure(
        _ message: String, at token: Token, expected: [String] = [], nearest: String? = nil
    ) -> QueryError {
        source.failure(message, offset: token.offset, length: token.length, expected: expected, nearest: nearest)
    }

    /// An error about everything from a token to the last one read.
    func failure(_ message: String, from token: Token) -> QueryError {
        let end = max(token.end, index > 0 ? tokens[index - 1].end : token.end)
        return source.failure(message, offset: token.offset, length: end - token.offset)
    }

    /// An error about the current token standing where one of `expected` should.
    func unexpected(expected: [String], _ context: String = "") -> QueryError {
        let wanted = expected.map { Parser.quoteIfSymbol($0) }.joined(separator: " or ")
        let place = context.isEmpty ? "" : " " + context
        let found = current.kind == .end ? "the query ends here" : "found `\(Parser.shortened(current.text))`"
        return failure("expected \(wanted)\(place), but \(found)", at: current, expected: expected)
    }

    /// An error about something that LogsQL knows and Lodge does not yet.
    func notYet(_ feature: String, _ name: String, at token: Token) -> QueryError {
        let (line, column) = source.position(of: token.offset)
        return failure("\(feature) are not supported yet: \(name) at line \(line), column \(column)", at: token)
    }

    /// An error about a name that LogsQL does not know.
    func unknown(_ what: String, _ token: Token, among names: [String]) -> QueryError {
        let nearest = KnownNames.nearest(to: token.text, among: names)
        let hint = nearest.map { "; did you mean `\($0)`?" } ?? ""
        return failure("unknown \(what) `\(Parser.shortened(token.text))`\(hint)", at: token, nearest: nearest)
    }

    private static func quoteIfSymbol(_ text: String) -> String {
        text.utf8.count <= 2 || KnownNames.keywords.contains(text) ? "`\(text)`" : text
    }

    private static func shortened(_ text: String) -> String {
        text.count <= 40 ? text : text.prefix(40) + "..."
    }

    /// Runs a rule one level of parentheses deeper.
    mutating func nested<Result>(
        _ rule: (inout Parser) throws(QueryError) -> Result
    ) throws(QueryError) -> Result {
        guard depth < QueryLimits.maximumDepth else {
            throw failure("the query is nested deeper than \(QueryLimits.maximumDepth) levels", at: current)
        }
        depth += 1
        let result = try rule(&self)
        depth -= 1
        return result
    }
}
