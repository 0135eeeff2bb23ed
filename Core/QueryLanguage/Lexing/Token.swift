/// The smallest piece of a query that means something.
struct Token: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        /// Letters, digits, `_` and `.`.
        case word
        /// Text in quotes; the bytes are what the quotes hold, escapes decoded.
        case quoted([UInt8])
        /// Punctuation: one character, or one of `!=`, `!~`, `=~`, `>=`, `<=`.
        case symbol
        /// After the last token of a query.
        case end
    }

    var kind: Kind
    /// The token as it is written, quotes included.
    var text: String
    /// Where it starts, in bytes.
    var offset: Int
    /// How long it is, in bytes.
    var length: Int
    /// Whether white space or a comment stands in front of it. The first token counts as having a space in front.
    var hasSpaceBefore: Bool

    /// The first index past the token.
    var end: Int { offset + length }

    var isQuoted: Bool {
        if case .quoted = kind { true } else { false }
    }

    func isSymbol(_ symbol: String) -> Bool { kind == .symbol && text == symbol }

    func isKeyword(_ keyword: String) -> Bool { kind == .word && text.lowercased() == keyword }
}

/// The text of a query, to turn offsets into lines and columns.
struct QuerySource: Sendable {
    let bytes: [UInt8]

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    /// Line and column of an offset, both from 1; columns count Unicode scalars.
    func position(of offset: Int) -> (line: Int, column: Int) {
        var line = 1
        var column = 1
        for byte in bytes.prefix(offset) {
            if byte == 0x0A {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        return (line, column)
    }

    /// The text of a range of bytes.
    func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }

    /// An error about `length` bytes from `offset` on.
    func failure(
        _ message: String, offset: Int, length: Int, expected: [String] = [], nearest: String? = nil
    ) -> QueryError {
        let (line, column) = position(of: offset)
        return QueryError(
            message: message, line: line, column: column, offset: offset, length: length, expected: expected,
            nearest: nearest)
    }
}
