/// The most frequent combinations of values, most frequent first: `top 5 by (service)`. Without a number it is 10.
package struct TopPipe: Hashable, Sendable {
    /// How many combinations to return.
    package var count: UInt64
    /// The fields whose values count; at least one.
    package var fields: [String]
    /// The field that gets the number of rows of each combination.
    package var hitsField: String
    /// The field that gets the place of each combination, from 1, if any.
    package var rankField: String?

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
        let hasCount = parser.current.kind == .word && Parser.wholeNumber(parser.current.text) != nil
        let token = parser.current
        count = hasCount ? try parser.wholeNumber("the number after `top`") : 10
        guard count > 0 else { throw parser.failure("the number after `top` must be over 0", from: token) }
        fields = try parser.byFieldsMaybeBare()
        hitsField = "hits"
        while parser.atKeyword("with") || parser.atKeyword("hits") || parser.atKeyword("rank") {
            if parser.following.isKeyword("rank") { _ = parser.takeKeyword("with") }
            if let rank = try parser.rankField() {
                rankField = rank
            } else if let name = try parser.takeHits() {
                hitsField = name
            }
        }
        while fields.contains(hitsField) { hitsField += "s" }
        while let rank = rankField, fields.contains(rank) || rank == hitsField { rankField = rank + "s" }
    }

    var pipe: Pipe { .top(self) }

    /// The pipe in canonical form.
    package var description: String {
        let list = fields.map { Quoting.name($0) }.joined(separator: ", ")
        return "top \(count) by (\(list))" + (hitsField == "hits" ? "" : " hits as " + Quoting.name(hitsField))
            + (rankField.map { " rank as " + Quoting.name($0) } ?? "")
    }
}
