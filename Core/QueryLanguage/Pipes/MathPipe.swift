/// Computes numbers from fields: `math round(duration / 1e6) as ms, ms * 2 as twice`, also spelled `eval`.
package struct MathPipe: Hashable, Sendable {
    /// A formula and the field that gets its result.
    package struct Entry: Hashable, Sendable {
        /// The formula.
        package var expression: MathExpression
        /// The field; by default it is called as the formula is written.
        package var result: String
    }

    /// Formulas, one after the other: each sees the results of those before it.
    package var entries: [Entry]
}

extension MathPipe: PipeSyntax {
    static let names = ["math", "eval"]

    init(parsing parser: inout Parser) throws(QueryError) {
        entries = try parser.list { parser throws(QueryError) in
            parser.formulaOperands = 0
            let expression = try parser.mathExpression()
            return Entry(expression: expression, result: try parser.resultField() ?? expression.description)
        }
    }

    var pipe: Pipe { .math(self) }

    /// The pipe in canonical form.
    package var description: String {
        "math " + entries.map { "(\($0.expression)) as " + Quoting.name($0.result) }.joined(separator: ", ")
    }
}
