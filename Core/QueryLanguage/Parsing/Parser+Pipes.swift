// What several pipes have in common.
extension Parser {
    /// The keyword just read, in lower case.
    var previousWord: String { index > 0 ? tokens[index - 1].text.lowercased() : "" }

    /// Reads `if (filter)` if that comes next; `if ()` lets everything pass.
    mutating func condition() throws(QueryError) -> Filter? {
        guard takeKeyword("if") else { return nil }
        try expect("(", "after `if`")
        if takeSymbol(")") { return .all }
        return try nested { parser throws(QueryError) in
            let filter = try parser.filter()
            try parser.expect(")", "to close the condition")
            return filter
        }
    }

    /// Reads `keyword name` if that keyword comes next.
    mutating func field(after keyword: String) throws(QueryError) -> String? {
        takeKeyword(keyword) ? try fieldName() : nil
    }

    /// Reads `[as] name` up to the next boundary or keyword; nil if nothing is there.
    mutating func resultField(before keywords: [String] = []) throws(QueryError) -> String? {
        if takeKeyword("as") { return try fieldName() }
        if atBoundary || keywords.contains(where: { atKeyword($0) }) { return nil }
        return try fieldName()
    }

    /// Reads `(name)`, or `name`.
    mutating func fieldNameMaybeInParentheses() throws(QueryError) -> String {
        guard takeSymbol("(") else { return try fieldName() }
        let name = try fieldName()
        try expect(")", "after the field")
        return name
    }

    /// Reads `(a, b)` or `a, b`, with or without `by`.
    mutating func byFieldsMaybeBare() throws(QueryError) -> [String] {
        _ = takeKeyword("by")
        if atSymbol("(") { return try byFields() }
        return try list { parser throws(QueryError) in try parser.fieldName() }
    }

    /// Reads `fields (a, b*)` if that comes next; none when all are meant.
    mutating func fieldsList() throws(QueryError) -> [FieldPattern] {
        guard takeKeyword("fields") else { return [] }
        let patterns = try parenthesized("after `fields`") { parser throws(QueryError) in try parser.fieldPattern() }
        return patterns.contains(FieldPattern("", isPrefix: true)) ? [] : patterns
    }

    /// Reads `keep_original_fields` or `skip_empty_results` if one comes next.
    mutating func writeRule(allowsSkip: Bool = true) -> WriteRule {
        if takeKeyword("keep_original_fields") { return .keepOriginal }
        if allowsSkip, takeKeyword("skip_empty_results") { return .skipEmpty }
        return .overwrite
    }

    /// Reads `rank [as name]` if that comes next.
    mutating func rankField() throws(QueryError) -> String? {
        guard takeKeyword("rank") else { return nil }
        if takeKeyword("as") { return try fieldName() }
        if atBoundary || ["partition", "limit", "offset", "hits", "with"].contains(where: { atKeyword($0) }) {
            return "rank"
        }
        return try fieldName()
    }

    /// Reads text in quotes, or up to a space.
    mutating func text(_ what: String) throws(QueryError) -> QueryText {
        try value(stops: ",()[]|", what)
    }
}

/// What a pipe does where it would write over a value that is there.
package enum WriteRule: Hashable, Sendable {
    /// The new value takes its place, be it empty.
    case overwrite
    /// A value that is not empty stays: `keep_original_fields`.
    case keepOriginal
    /// The old value stays where the new one is empty: `skip_empty_results`.
    case skipEmpty

    /// The keyword with a space in front.
    var description: String {
        switch self {
        case .overwrite: ""
        case .keepOriginal: " keep_original_fields"
        case .skipEmpty: " skip_empty_results"
        }
    }
}

extension Filter {
    /// ` if (...)` of a condition, or nothing.
    static func conditionText(_ filter: Filter?) -> String {
        filter.map { " if (\($0))" } ?? ""
    }
}
