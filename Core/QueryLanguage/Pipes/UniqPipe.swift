/// Lets each combination of values pass once: `uniq by (service, host) with hits limit 100`.
package struct UniqPipe: Hashable, Sendable {
    /// The fields whose values count; at least one.
    package var fields: [String]
    /// The field that gets the number of rows of each combination, if any.
    package var hitsField: String?
    /// The most combinations to return; then which of them is left to chance.
    package var limit: UInt64?

    /// Makes the pipe.
    package init(by fields: [String], hitsField: String? = nil, limit: UInt64? = nil) {
        self.fields = fields
        self.hitsField = hitsField
        self.limit = limit
    }
}

extension UniqPipe: PipeSyntax {
    static let names = ["uniq"]

    init(parsing parser: inout Parser) throws(QueryError) {
        fields = try parser.byFieldsMaybeBare()
        hitsField = try parser.takeHits()
        if try parser.takeNumber(after: "limit", into: &limit), hitsField == nil {
            hitsField = try parser.takeHits()
        }
        while let hits = hitsField, fields.contains(hits) { hitsField = hits + "s" }
    }

    var pipe: Pipe { .uniq(self) }

    /// The pipe in canonical form.
    package var description: String {
        var result = "uniq by (" + fields.map { Quoting.name($0) }.joined(separator: ", ") + ")"
        if let hitsField {
            result += " with hits" + (hitsField == "hits" ? "" : " as " + Quoting.name(hitsField))
        }
        return result + (limit.map { " limit \($0)" } ?? "")
    }
}
