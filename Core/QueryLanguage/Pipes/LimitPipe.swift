/// Lets only so many rows pass: `limit 100`, also spelled `head`. Without a number it is 10.
package struct LimitPipe: Hashable, Sendable {
    /// How many rows pass.
    package var count: UInt64

    /// Makes the pipe.
    package init(_ count: UInt64) {
        self.count = count
    }
}

extension LimitPipe: PipeSyntax {
    static let names = ["limit", "head"]

    init(parsing parser: inout Parser) throws(QueryError) {
        count = parser.atBoundary ? 10 : try parser.wholeNumber("the limit")
    }

    var pipe: Pipe { .limit(self) }

    /// The pipe in canonical form.
    package var description: String { "limit \(count)" }
}
