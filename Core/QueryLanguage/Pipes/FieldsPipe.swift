/// Keeps only some fields: `fields host, http.*`, also spelled `keep`.
package struct FieldsPipe: Hashable, Sendable {
    /// The fields to keep.
    package var fields: [FieldPattern]

    /// Makes the pipe.
    package init(_ fields: [FieldPattern]) {
        self.fields = fields
    }
}

extension FieldsPipe: PipeSyntax {
    static let names = ["fields", "keep"]

    init(parsing parser: inout Parser) throws(QueryError) {
        fields = try parser.list { parser throws(QueryError) in try parser.fieldPattern() }
    }

    var pipe: Pipe { .fields(self) }

    /// The pipe in canonical form.
    package var description: String { "fields " + FieldPattern.list(fields) }
}
