import LogModel

/// Cuts a query into tokens.
struct Lexer {
    let source: QuerySource
    /// The query's scalars and, one longer, the byte offset of each.
    let scalars: [Unicode.Scalar]
    let offsets: [Int]
    var index = 0

    /// All tokens of a query, the last one of kind `end`.
    static func tokens(of text: String) throws(QueryError) -> (source: QuerySource, tokens: [Token]) {
        let source = QuerySource(text)
        guard source.bytes.count <= QueryLimits.maximumQueryBytes else {
            throw source.failure(
                "the query has \(source.bytes.count) bytes; the limit is \(QueryLimits.maximumQueryBytes)",
                offset: 0, length: 0)
        }
        var lexer = Lexer(source: source, text: text)
        var tokens: [Token] = []
        while true {
            let token = try lexer.next()
            tokens.append(token)
            if token.kind == .end { return (source, tokens) }
        }
    }

    private init(source: QuerySource, text: String) {
        self.source = source
        scalars = Array(text.unicodeScalars)
        var offsets = [0]
        offsets.reserveCapacity(scalars.count + 1)
        var offset = 0
        for scalar in scalars {
            offset += UTF8.width(scalar)
            offsets.append(offset)
        }
        self.offsets = offsets
    }

    private mutating func next() throws(QueryError) -> Token {
        let hasSpaceBefore = skipSpace() || index == 0
        let start = index
        guard index < scalars.count else {
            return Token(kind: .end, text: "", offset: offsets[index], length: 0, hasSpaceBefore: hasSpaceBefore)
        }
        let kind: Token.Kind
        switch scalars[index] {
        case let scalar where Lexer.isBareScalar(scalar):
            while index < scalars.count, Lexer.isBareScalar(scalars[index]) { index += 1 }
            kind = .word
        case "\"", "'", "`":
            kind = .quoted(try quotedBytes())
        default:
            index += symbolLength()
            kind = .symbol
        }
        return Token(
            kind: kind, text: source.text(offsets[start]..<offsets[index]), offset: offsets[start],
            length: offsets[index] - offsets[start], hasSpaceBefore: hasSpaceBefore)
    }

    /// Skips white space and comments, and says whether there were any.
    private mutating func skipSpace() -> Bool {
        let start = index
        while index < scalars.count {
            if scalars[index] == "#" {
                while index < scalars.count, scalars[index] != "\n" { index += 1 }
            } else if scalars[index].properties.isWhitespace {
                index += 1
            } else {
                break
            }
        }
        return index > start
    }

    private func symbolLength() -> Int {
        guard index + 1 < scalars.count else { return 1 }
        switch (scalars[index], scalars[index + 1]) {
        case ("!", "="), ("!", "~"), ("=", "~"), (">", "="), ("<", "="): return 2
        default: return 1
        }
    }

    /// Whether a scalar can be part of a word without quotes.
    static func isBareScalar(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "." || WordRule.isWordScalar(scalar)
    }
}
