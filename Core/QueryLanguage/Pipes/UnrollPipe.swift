/// Makes a row of each element of arrays in JSON: `unroll by (a, b)`.
package struct UnrollPipe: Hashable, Sendable {
    /// The fields with the arrays; at least one.
    package var fields: [String]
    /// Which rows are unrolled; nil is all.
    package var condition: Filter?
}

extension UnrollPipe: PipeSyntax {
    static let names = ["unroll"]

    init(parsing parser: inout Parser) throws(QueryError) {
        condition = try parser.condition()
        fields = try parser.byFieldsMaybeBare()
    }

    var pipe: Pipe { .unroll(self) }

    /// The pipe in canonical form.
    package var description: String {
        "unroll" + Filter.conditionText(condition) + " by ("
            + fields.map { Quoting.name($0) }.joined(separator: ", ") + ")"
    }
}
