/// Leaves some fields out: `delete host, http.*`, also spelled `drop`, `del` and `rm`.
package struct DeletePipe: Hashable, Sendable {
    /// The fields to leave out.
    package var fields: [FieldPattern]

    /// Makes the pipe.
    package init(_ fields: [FieldPattern]) {
        self.fields = fields
    }
}

extension DeletePipe: PipeSyntax {
    static let names = ["delete", "drop", "del", "rm"]

    init(parsing parser: inout Parser) throws(QueryError) {
        fields = try parser.list { parser throws(QueryError) in try parser.fieldPattern() }
    }

    var pipe: Pipe { .delete(self) }

    /// The pipe in canonical form.
    package var description: String { "delete " + FieldPattern.list(fields) }
}
