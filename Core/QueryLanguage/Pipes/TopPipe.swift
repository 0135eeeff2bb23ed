/// The most frequent combinations of values, most frequent first: `top 5 by (service)`. Without a number it is 10.
package struct TopPipe: Hashable, Sendable {
    /// How many combinations to return.
    package var count: UInt64
    /// The fields whose values count; at least one.
    package var fields: [String]
    /// The field that gets the number of rows of each combination.
    package var hitsField: String

    /// Makes the pipe.
    package init(_ count: UInt64 = 10, by fields: [String], hitsField: String = "hits") {
        self.count = count
        self.fields = fields
        self.hitsField = hitsField
    }
}

extension TopPipe: PipeSyntax {
    static let names = ["top"]

    init(parsing parser: inout Parser) throws(QueryError) {
        let hasCount = !parser.atKeyword("by") && !parser.atSymbol("(")
        count = hasCount ? try parser.wholeNumber("the number after `top`") : 10
        fields = try parser.byFields()
        hitsField = try parser.takeHits() ?? "hits"
        if parser.atKeyword("rank") { throw parser.notYet("ranks", "`rank` of top", at: parser.current) }
    }

    var pipe: Pipe { .top(self) }

    /// The pipe in canonical form.
    package var description: String {
        let list = fields.map { Quoting.name($0) }.joined(separator: ", ")
        return "top \(count) by (\(list))" + (hitsField == "hits" ? "" : " hits as " + Quoting.name(hitsField))
    }
}
