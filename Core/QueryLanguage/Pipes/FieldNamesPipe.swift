/// Counts rows by the fields that they have: `field_names as name`.
package struct FieldNamesPipe: Hashable, Sendable {
    /// The field that gets the names; `hits` gets the numbers.
    package var result: String

    /// Makes the pipe.
    package init(as result: String = "name") {
        self.result = result
    }
}

extension FieldNamesPipe: PipeSyntax {
    static let names = ["field_names"]

    init(parsing parser: inout Parser) throws(QueryError) {
        result = try parser.resultField() ?? "name"
    }

    var pipe: Pipe { .fieldNames(self) }

    /// The pipe in canonical form.
    package var description: String { "field_names as " + Quoting.name(result) }
}

/// Counts rows by the values of a field: `field_values level limit 10`.
package struct FieldValuesPipe: Hashable, Sendable {
    /// The field; `hits` gets the numbers.
    package var field: String
    /// The most values to return.
    package var limit: UInt64?
}

extension FieldValuesPipe: PipeSyntax {
    static let names = ["field_values"]

    init(parsing parser: inout Parser) throws(QueryError) {
        field = try parser.fieldNameMaybeInParentheses()
        _ = try parser.takeNumber(after: "limit", into: &limit)
    }

    var pipe: Pipe { .fieldValues(self) }

    /// The pipe in canonical form.
    package var description: String {
        "field_values " + Quoting.name(field) + (limit.map { " limit \($0)" } ?? "")
    }
}
