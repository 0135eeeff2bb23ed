import LogModel
import RegularExpressions

// function := name "(" arguments ")" | "range" ("(" | "[") number "," number (")" | "]")
extension Parser {
    /// Reads `name(...)` if `name` is a function; nil, with nothing read, if it is a word in front of a group.
    mutating func function(field: String) throws(QueryError) -> Filter? {
        let token = current
        let name = token.text.lowercased()
        if let missing = KnownNames.missingFilter(name) {
            throw notYet(missing.feature, "\(missing.name) filter", at: token)
        }
        guard KnownNames.filters.contains(name) else {
            if following.hasSpaceBefore { return nil }
            throw unknown("filter", token, among: KnownNames.filters + KnownNames.missingFilters.map(\.name))
        }
        advance()
        switch name {
        case "in": return try membership(field: field, .oneOf)
        case "contains_all": return try membership(field: field, .containsAll)
        case "contains_any": return try membership(field: field, .containsAny)
        case "exact":
            advance()
            let test = try exactTest()
            try expect(")", "after the value")
            return .field(field, test)
        case "i":
            advance()
            let text = try value(stops: "*,()[]{}|", "a word or a phrase")
            let isPrefix = try starAfterValue()
            try expect(")", "after the word or phrase")
            return .field(field, .containing(text, isPrefix: isPrefix, ignoringCase: true))
        case "seq": return .field(field, .sequence(try arguments(name)))
        case "range": return .field(field, .numbers(try numberRange()))
        case "re":
            advance()
            let text = try expressionText(stops: ",()[]|")
            try expect(")", "after the regular expression")
            return Parser.expression(field: field, text)
        default: return try filterOfArguments(name, token, field: field)
        }
    }

    /// The functions that take nothing but a list of values.
    private mutating func filterOfArguments(
        _ name: String, _ token: Token, field: String
    ) throws(QueryError) -> Filter {
        let values = try arguments(name)
        func wrongCount(_ wanted: String) -> QueryError {
            failure("`\(name)` takes \(wanted), not \(values.count)", from: token)
        }
        switch name {
        case "string_range":
            guard values.count == 2 else { throw wrongCount("two values") }
            return .field(field, .strings(from: values[0], below: values[1]))
        case "len_range":
            guard values.count == 2 else { throw wrongCount("two lengths") }
            let lengths = values.map { NumberReading.wholeArgument($0.description) }
            guard let low = lengths[0], let high = lengths[1] else {
                throw failure("`len_range` takes two lengths such as 5 and 10 or inf", from: token)
            }
            return low <= high ? .field(field, .lengths(low...high)) : .not(.all)
        case "value_type":
            let types = ValueType.allCases.map(\.rawValue)
            guard values.count == 1, let type = ValueType(rawValue: values[0].description.lowercased()) else {
                throw failure("`value_type` takes one of \(types.joined(separator: ", "))", from: token)
            }
            return .field(field, .stored(type))
        case "ipv4_range":
            guard let range = Parser.addresses(values) else {
                throw failure(
                    "`ipv4_range` takes an address, a network such as \"10.0.0.0/8\", or two addresses", from: token)
            }
            return range.map { .field(field, .addresses($0)) } ?? .not(.all)
        default:
            guard let relation = FieldComparison.Relation(rawValue: name) else { throw wrongCount("something else") }
            guard values.count == 1, let other = values[0].string, !other.isEmpty else { throw wrongCount("one field") }
            return .comparison(FieldComparison(field, relation, other))
        }
    }

    /// Reads values in parentheses.
    private mutating func arguments(_ name: String) throws(QueryError) -> [QueryText] {
        try parenthesized("after `\(name)`") { parser throws(QueryError) in
            try parser.value(stops: "*,()[]{}|", "a value")
        }
    }

    /// Reads the values of `in(...)` and the like, or the query that gives them. `*` lets everything pass.
    private mutating func membership(field: String, _ use: Subquery.Use) throws(QueryError) -> Filter {
        if following.isSymbol("*"), tokens[min(index + 2, tokens.count - 1)].isSymbol(")") {
            for _ in 0..<3 { advance() }
            return .all
        }
        if holdsPipe { return try subquery(field: field, use) }
        return .field(field, use.test(try arguments(use.rawValue)))
    }

    /// The addresses from the first to the last; the inner nil when there is none, the outer when it is no range.
    private static func addresses(_ values: [QueryText]) -> ClosedRange<UInt32>?? {
        if values.count == 2 {
            guard let low = NumberReading.ipv4(values[0].bytes), let high = NumberReading.ipv4(values[1].bytes) else {
                return nil
            }
            return .some(low <= high ? low...high : nil)
        }
        guard values.count == 1 else { return nil }
        let parts = values[0].bytes.split(separator: 0x2F, maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = NumberReading.ipv4(Array(parts[0])) else { return nil }
        guard parts.count == 2 else { return .some(address...address) }
        guard let bits = NumberReading.unsigned(Array(parts[1])), bits <= 32 else { return nil }
        let hosts = UInt32(truncatingIfNeeded: (UInt64(1) << (32 - bits)) - 1)
        return .some((address & ~hosts)...(address | hosts))
    }

    /// Reads `(1, 10KB]` behind `range`.
    private mutating func numberRange() throws(QueryError) -> NumberRange {
        let includesLower = atSymbol("[")
        guard takeSymbol("[") || takeSymbol("(") else { throw unexpected(expected: ["(", "["], "after `range`") }
        let lower = try rangeEnd(isIncluded: includesLower)
        try expect(",", "between the two numbers")
        var upper = try rangeEnd(isIncluded: false)
        upper.isIncluded = atSymbol("]")
        guard takeSymbol("]") || takeSymbol(")") else { throw unexpected(expected: ["]", ")"], "after the numbers") }
        return NumberRange(lower: lower, upper: upper)
    }

    private mutating func rangeEnd(isIncluded: Bool) throws(QueryError) -> NumberRange.End {
        let token = current
        let text = try value(stops: ",()[]{}|", "a number")
        guard let number = Parser.number(text) else {
            throw failure(
                "`\(text.description.prefix(40))` is no number; write one such as 10, 1.5KB, 5m or inf", from: token)
        }
        return NumberRange.End(number, text: text.description, isIncluded: isIncluded)
    }

    private static func number(_ text: QueryText) -> Double? {
        let number = NumberReading.mathNumber(text.bytes)
        return number.isNaN ? nil : number
    }

    /// Reads what follows `>`, `>=`, `<` or `<=`: a number, or text to be compared byte by byte.
    mutating func comparison(field: String, _ symbol: String) throws(QueryError) -> Filter {
        let text = try value(stops: ",()[]{}|", "a number or a value")
        let isIncluded = symbol.hasSuffix("=")
        let isLower = symbol.hasPrefix(">")
        if let number = Parser.number(text) {
            let end = NumberRange.End(number, text: text.description, isIncluded: isIncluded)
            return .field(field, .numbers(isLower ? NumberRange(lower: end) : NumberRange(upper: end)))
        }
        // What comes right behind a text is the text with a zero byte at its end.
        let next = QueryText(bytes: text.bytes + [0])
        if isLower { return .field(field, .strings(from: isIncluded ? text : next, below: nil)) }
        return .field(field, .strings(from: "", below: isIncluded ? next : text))
    }

    /// Reads a regular expression and sees that it is one.
    mutating func expressionText(stops: String) throws(QueryError) -> QueryText {
        let token = current
        let text = try value(stops: stops, "a regular expression in quotes")
        do {
            _ = try RegularExpression(text.bytes)
        } catch {
            throw failure("this is no regular expression: \(error)", from: token)
        }
        return text
    }

    /// The filter of an expression; some match everything, or everything but the empty value.
    static func expression(field: String, _ text: QueryText) -> Filter {
        switch text.description {
        case "", ".*": .all
        case ".+": .field(field, .any)
        default: .field(field, .expression(text))
        }
    }
}
