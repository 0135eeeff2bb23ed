/// Leaves out the first rows: `offset 100`, also spelled `skip`.
package struct OffsetPipe: Hashable, Sendable {
    /// How many rows are left out.
    package var count: UInt64

    /// Makes the pipe.
    package init(_ count: UInt64) {
        self.count = count
    }
}

extension OffsetPipe: PipeSyntax {
    static let names = ["offset", "skip"]

    init(parsing parser: inout Parser) throws(QueryError) {
        count = try parser.wholeNumber("the offset")
    }

    var pipe: Pipe { .offset(self) }

    /// The pipe in canonical form.
    package var description: String { "offset \(count)" }
}
