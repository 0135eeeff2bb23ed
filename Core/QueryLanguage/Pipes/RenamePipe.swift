/// Gives fields other names: `rename a as b`, also spelled `mv`.
package struct RenamePipe: Hashable, Sendable {
    /// Old and new names, applied one after the other.
    package var mappings: [FieldMapping]

    /// Makes the pipe.
    package init(_ mappings: [FieldMapping]) {
        self.mappings = mappings
    }
}

extension RenamePipe: PipeSyntax {
    static let names = ["rename", "mv"]

    init(parsing parser: inout Parser) throws(QueryError) {
        mappings = try parser.fieldMappings()
    }

    var pipe: Pipe { .rename(self) }

    /// The pipe in canonical form.
    package var description: String { "rename " + FieldMapping.list(mappings) }
}
