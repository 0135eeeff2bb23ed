/// Copies fields: `copy a as b`, also spelled `cp`.
package struct CopyPipe: Hashable, Sendable {
    /// Names of fields and of their copies, applied one after the other.
    package var mappings: [FieldMapping]

    /// Makes the pipe.
    package init(_ mappings: [FieldMapping]) {
        self.mappings = mappings
    }
}

extension CopyPipe: PipeSyntax {
    static let names = ["copy", "cp"]

    init(parsing parser: inout Parser) throws(QueryError) {
        mappings = try parser.fieldMappings()
    }

    var pipe: Pipe { .copy(self) }

    /// The pipe in canonical form.
    package var description: String { "copy " + FieldMapping.list(mappings) }
}
