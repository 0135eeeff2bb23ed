/// The most frequent values of each field: `facets 5 max_values_per_field 1000 max_value_len 100 keep_const_fields`.
package struct FacetsPipe: Hashable, Sendable {
    /// How many values of each field to return.
    package var count: UInt64 = 10
    /// Fields with more values are left out.
    package var maximumValues: UInt64 = 1_000
    /// Fields with a longer value, in bytes, are left out.
    package var maximumLength: UInt64 = 128
    /// Whether fields with the same value in all rows are returned, too.
    package var keepsConstants = false

    /// Makes the pipe with its defaults.
    package init() {}
}

extension FacetsPipe: PipeSyntax {
    static let names = ["facets"]

    init(parsing parser: inout Parser) throws(QueryError) {
        if case .word = parser.current.kind, Parser.wholeNumber(parser.current.text) != nil {
            count = try parser.wholeNumber("the number after `facets`")
        }
        while !parser.atBoundary {
            let token = parser.current
            if parser.takeKeyword("max_values_per_field") {
                maximumValues = try parser.wholeNumber("the number after `max_values_per_field`")
            } else if parser.takeKeyword("max_value_len") {
                maximumLength = try parser.wholeNumber("the number after `max_value_len`")
            } else if parser.takeKeyword("keep_const_fields") {
                keepsConstants = true
            } else {
                throw parser.unknown(
                    "option of facets", token, among: ["max_values_per_field", "max_value_len", "keep_const_fields"])
            }
        }
    }

    var pipe: Pipe { .facets(self) }

    /// The pipe in canonical form.
    package var description: String {
        "facets \(count) max_values_per_field \(maximumValues) max_value_len \(maximumLength)"
            + (keepsConstants ? " keep_const_fields" : "")
    }
}
