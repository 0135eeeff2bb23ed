extension Query {
    /// What queries have in common that differ in literals alone: the canonical form with `?` in the place of words,
    /// values, numbers and times. `level:error 4711 | top 5 by (user)` becomes `level:? ? | top ? by (user)`.
    ///
    /// - Complexity: O(n) in the length of the query.
    package var shape: String {
        // The canonical form is a query again.
        guard let tokens = try? Lexer.tokens(of: description).tokens else { return "?" }
        var writer = ShapeWriter()
        for (index, token) in tokens.enumerated() where token.kind != .end {
            writer.add(token, next: tokens[index + 1])
        }
        return writer.text
    }

    /// Whether it reads events of other times than its filter says: those of queries inside it, or those around the ones it
    /// finds.
    package var readsOtherTimes: Bool {
        if options.ignoresGlobalTimeFilter != nil || filter.hasSubquery { return true }
        return pipes.contains { pipe in
            switch pipe {
            case .join, .union, .streamContext: return true
            default: break
            }
            var hasSubquery = false
            _ = pipe.mapFilters { filter in
                hasSubquery = hasSubquery || filter.hasSubquery
                return filter
            }
            return hasSubquery
        }
    }
}

/// Writes tokens, and `?` for those that are literals.
private struct ShapeWriter {
    private(set) var text = ""
    /// Whether words are those of a pipe, and not what is looked for; one entry for each open parenthesis and one more.
    private var isPipe = [false]
    private var isFirstOfPipe = false
    private var isValue = false
    private var endsInLiteral = false

    private static let operators: Set<String> = ["and", "or", "not", "in"]

    mutating func add(_ token: Token, next: Token) {
        switch token.kind {
        case .symbol: symbol(token)
        case .word where isName(token, next): write(token)
        default: literal(token)
        }
        if token.kind == .word, isFirstOfPipe {
            isFirstOfPipe = false
            // What follows is a filter.
            if ["filter", "where"].contains(token.text) { isPipe[isPipe.count - 1] = false }
        }
        isValue = token.isSymbol(":")
    }

    private func isName(_ token: Token, _ next: Token) -> Bool {
        if isFirstOfPipe { return true }
        if next.isSymbol(":") || next.isSymbol("(") && !next.hasSpaceBefore { return !isValue || next.isSymbol("(") }
        if isValue { return false }
        if isPipe[isPipe.count - 1] { return token.text.utf8.first.map { !(0x30...0x39).contains($0) } ?? false }
        return Self.operators.contains(token.text)
    }

    private mutating func symbol(_ token: Token) {
        switch token.text {
        case "|":
            isPipe[isPipe.count - 1] = true
            isFirstOfPipe = true
        case "(": if isPipe.count < 256 { isPipe.append(isPipe[isPipe.count - 1]) }
        case ")": if isPipe.count > 1 { isPipe.removeLast() }
        // Of a list of literals one stands for all.
        case "," where endsInLiteral: return
        default: break
        }
        write(token)
    }

    private mutating func write(_ token: Token) {
        if token.hasSpaceBefore, !text.isEmpty { text += " " }
        text += token.text
        endsInLiteral = false
    }

    private mutating func literal(_ token: Token) {
        if endsInLiteral { return }
        if token.hasSpaceBefore, !text.isEmpty { text += " " }
        text += "?"
        endsInLiteral = true
    }
}
