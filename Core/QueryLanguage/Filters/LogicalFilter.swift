import LogModel

// filter    := and-list ("or" and-list)*
// and-list  := operand (["and"] operand)*
// operand   := ("not" | "!" | "-")* [field ":"] test | "(" filter ")"
extension Parser {
    /// Reads a filter up to the end, a `|` or a `)`.
    ///
    /// - Parameter field: the field that tests without a name are about; nil for `_msg`, where names may be given.
    /// - Returns: the filter.
    /// - Throws: `QueryError` at the first mistake.
    mutating func filter(field: String? = nil) throws(QueryError) -> Filter {
        var alternatives = [try andList(field: field)]
        while takeKeyword("or") { alternatives.append(try andList(field: field)) }
        return .disjunction(alternatives)
    }

    private mutating func andList(field: String?) throws(QueryError) -> Filter {
        var members = [try operand(field: field)]
        while !atBoundary, !atKeyword("or") {
            _ = takeKeyword("and")
            members.append(try operand(field: field))
        }
        return .conjunction(members)
    }

    /// Reads one filter with the negations in front of it.
    mutating func operand(field: String?) throws(QueryError) -> Filter {
        var isNegated = false
        while atSymbol("!") || atSymbol("-") || atKeyword("not") {
            isNegated.toggle()
            advance()
        }
        let filter = try primary(field: field)
        return isNegated ? .negation(filter) : filter
    }

    private mutating func primary(field: String?) throws(QueryError) -> Filter {
        if atBoundary || atKeyword("and") || atKeyword("or") { throw missingFilter() }
        if atSymbol("(") {
            return try nested { parser throws(QueryError) in
                parser.advance()
                let filter = try parser.filter(field: field)
                try parser.expect(")", "to close the group")
                return filter
            }
        }
        if atSymbol("{") {
            guard field == nil else {
                throw failure("a stream filter such as {service=\"cart\"} goes with no field but _stream", at: current)
            }
            return .stream(try streamSelector())
        }
        if field == nil, let name = try fieldPrefix() { return try test(of: name) }
        return try test(field: field ?? FieldName.message, isNamed: field != nil)
    }

    private func missingFilter() -> QueryError {
        let before = index > 0 ? "after `\(tokens[index - 1].text)`" : ""
        return unexpected(expected: ["a filter"], before)
    }

    /// Reads `name:` if that is what comes next.
    private mutating func fieldPrefix() throws(QueryError) -> String? {
        guard current.kind == .word || current.isQuoted else {
            if atSymbol(":") { throw unexpected(expected: ["a field name"], "before the colon") }
            return nil
        }
        // Look ahead over the run without spaces that may be a name such as `x-request-id`.
        var parser = self
        _ = try parser.value(stops: "*,()[]{}|:", "a filter")
        guard parser.atSymbol(":") else {
            if parser.isAdjacent, parser.takeSymbol("*"), parser.atSymbol(":") {
                throw failure("a filter is about one field: `*` in the name of a field is not supported", at: current)
            }
            return nil
        }
        let name = try fieldName()
        advance()
        return name
    }

    /// Reads what follows `name:`.
    private mutating func test(of name: String) throws(QueryError) -> Filter {
        if atBoundary { throw unexpected(expected: ["a value"], "after `\(name):`") }
        switch name {
        case FieldName.time:
            if let clock = try clockFilter() { return .clock(clock) }
            return .time(try timeFilter())
        case FieldName.stream where atSymbol("{"): return .stream(try streamSelector())
        default: return try operand(field: name)
        }
    }
}
