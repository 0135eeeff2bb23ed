/// Lets only rows pass that match: `filter level:error`, also spelled `where`.
package struct FilterPipe: Hashable, Sendable {
    /// What rows must match.
    package var filter: Filter

    /// Makes the pipe.
    package init(_ filter: Filter) {
        self.filter = filter
    }
}

extension FilterPipe: PipeSyntax {
    static let names = ["filter", "where"]

    init(parsing parser: inout Parser) throws(QueryError) {
        filter = try parser.filter()
    }

    var pipe: Pipe { .filter(self) }

    /// The pipe in canonical form.
    package var description: String { "filter \(filter)" }
}
