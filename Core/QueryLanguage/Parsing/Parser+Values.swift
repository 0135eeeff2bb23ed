import LogModel

extension Parser {
    /// Reads a value: text in quotes, or everything up to a space or one of `stops`, as in `ssh-ed25519` or `/a/b=c`.
    /// Quotes in the middle of such a run stand for themselves.
    ///
    /// - Parameters:
    ///   - stops: characters that end the value when they come without quotes.
    ///   - what: names the value in errors, e.g. "a field name".
    /// - Returns: the value, escapes decoded.
    /// - Throws: `QueryError` when there is no value here.
    mutating func value(stops: String, _ what: String) throws(QueryError) -> QueryText {
        func isStop(_ token: Token) -> Bool {
            token.kind == .symbol && token.text.unicodeScalars.count == 1
                && stops.unicodeScalars.contains { String($0) == token.text }
        }
        guard current.kind != .end, !isStop(current) else { throw unexpected(expected: [what]) }
        let first = current
        advance()
        if !isAdjacent || isStop(current), case .quoted(let bytes) = first.kind { return QueryText(bytes: bytes) }
        var end = first.end
        while isAdjacent, !isStop(current) {
            end = current.end
            advance()
        }
        return QueryText(bytes: Array(source.bytes[first.offset..<end]))
    }

    /// Reads the name of a field.
    mutating func fieldName(stops: String = ",()[]{}|:*") throws(QueryError) -> String {
        let token = current
        let text = try value(stops: stops, "a field name")
        guard let name = text.string else { throw failure("a field name must be valid UTF-8", from: token) }
        guard !name.isEmpty else { throw failure("a field name must not be empty", from: token) }
        return name
    }

    /// Reads the name of a field, or the start of names: `http.*`.
    mutating func fieldPattern() throws(QueryError) -> FieldPattern {
        if takeSymbol("*") { return FieldPattern("", isPrefix: true) }
        let name = try fieldName()
        if isAdjacent, takeSymbol("*") { return FieldPattern(name, isPrefix: true) }
        return FieldPattern(name)
    }

    /// Reads one or more things with commas between them.
    mutating func list<Element>(
        of element: (inout Parser) throws(QueryError) -> Element
    ) throws(QueryError) -> [Element] {
        var result = [try element(&self)]
        while takeSymbol(",") { result.append(try element(&self)) }
        return result
    }

    /// Reads things with commas between them in parentheses; there may be none.
    mutating func parenthesized<Element>(
        _ context: String, of element: (inout Parser) throws(QueryError) -> Element
    ) throws(QueryError) -> [Element] {
        try expect("(", context)
        if takeSymbol(")") { return [] }
        let result = try list(of: element)
        guard takeSymbol(")") else { throw unexpected(expected: [",", ")"]) }
        return result
    }

    /// Reads a whole number, such as `100`, `1_000`, `10K` or `4Ki`.
    mutating func wholeNumber(_ what: String) throws(QueryError) -> UInt64 {
        let token = current
        guard !atBoundary else { throw unexpected(expected: [what]) }
        let text = try value(stops: ",()[]{}|", what)
        guard let number = Parser.wholeNumber(text.description) else {
            throw failure("\(what) must be a whole number such as 100", from: token)
        }
        return number
    }

    static func wholeNumber(_ text: String) -> UInt64? {
        let units: [(suffix: String, factor: UInt64)] = [
            ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40), ("Ki", 1 << 10), ("Mi", 1 << 20),
            ("Gi", 1 << 30), ("Ti", 1 << 40), ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000),
            ("TB", 1_000_000_000_000), ("K", 1_000), ("M", 1_000_000), ("G", 1_000_000_000), ("T", 1_000_000_000_000),
        ]
        let unit = units.first { text.hasSuffix($0.suffix) } ?? ("", 1)
        let digits = text.dropLast(unit.suffix.count)
        guard let first = digits.first, first.isASCII, first.isNumber else { return nil }
        guard let number = UInt64(digits.filter { $0 != "_" }) else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: unit.factor)
        return overflow ? nil : product
    }

    /// Reads a duration, such as `5m` or `1h30m`, as nanoseconds.
    mutating func duration() throws(QueryError) -> Int64 {
        let token = current
        let text = try value(stops: ",()[]{}|", "a duration such as 5m")
        guard let duration = Duration(logForm: text.description) else {
            throw failure("`\(text)` is no duration; write one such as 5m, 1h30m or 2d", from: token)
        }
        return duration.wholeNanoseconds
    }
}
