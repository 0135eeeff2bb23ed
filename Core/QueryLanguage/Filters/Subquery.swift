/// A field whose value is among what another query gives: `user:in(_time:1d error | fields user)`.
package struct Subquery: Hashable, Sendable {
    /// What becomes of the values.
    package enum Use: String, Hashable, Sendable {
        /// The field is one of them.
        case oneOf = "in"
        /// The field contains all of them as words or phrases.
        case containsAll = "contains_all"
        /// The field contains at least one of them as a word or phrase.
        case containsAny = "contains_any"

        /// The test that the values make.
        package func test(_ values: [QueryText]) -> FieldTest {
            switch self {
            case .oneOf: .oneOf(values)
            case .containsAll: .containsAll(values)
            case .containsAny: .containsAny(values)
            }
        }
    }

    /// The field that is tested.
    package var field: String
    /// What becomes of the values.
    package var use: Use
    /// The query that gives them.
    package var query: Query

    /// Makes a filter.
    package init(_ field: String, _ use: Use, _ query: Query) {
        self.field = field
        self.use = use
        self.query = query
    }

    /// The one field that the query's last pipe leaves; nil when that is no `fields` or `uniq` of one field.
    package var valueField: String? {
        switch query.pipes.last {
        case .fields(let pipe)? where pipe.fields.count == 1 && !pipe.fields[0].isPrefix: pipe.fields[0].name
        case .uniq(let pipe)? where pipe.fields.count == 1: pipe.fields[0]
        default: nil
        }
    }
}

extension Subquery: CustomStringConvertible {
    /// The filter in canonical form, without the field.
    package var description: String { "\(use.rawValue)(\(query))" }
}

extension Parser {
    /// Whether the parentheses that open at the current token hold a pipe.
    var holdsPipe: Bool {
        var open = 0
        for token in tokens[index...] {
            switch token.kind {
            case .symbol where token.text == "(" || token.text == "[" || token.text == "{": open += 1
            case .symbol where token.text == ")" || token.text == "]" || token.text == "}":
                open -= 1
                if open <= 0 { return false }
            case .symbol where token.text == "|": return true
            default: break
            }
        }
        return false
    }

    /// Reads a query in parentheses.
    mutating func nestedQuery(_ context: String) throws(QueryError) -> Query {
        guard queryDepth < QueryLimits.maximumQueryDepth else {
            throw failure(
                "queries stand in each other deeper than \(QueryLimits.maximumQueryDepth) levels", at: current)
        }
        try expect("(", context)
        queryDepth += 1
        let query = try nested { parser throws(QueryError) in
            let query = try parser.queryBody()
            try parser.expect(")", "to close the query")
            return query
        }
        queryDepth -= 1
        return query
    }

    /// Reads `(query | fields x)` behind `in`, `contains_all` or `contains_any`.
    mutating func subquery(field: String, _ use: Subquery.Use) throws(QueryError) -> Filter {
        let start = current
        let filter = Subquery(field, use, try nestedQuery("after `\(use.rawValue)`"))
        guard filter.valueField != nil else {
            throw failure(
                "the query inside `\(use.rawValue)` must end with `| fields` or `| uniq by` of one field", from: start)
        }
        return .subquery(filter)
    }
}
