/// Sorts rows: `sort by (service, _time desc) offset 10 limit 20`, also spelled `order`. A `desc` behind the fields
/// turns the order of every field around; the tree only has the outcome.
package struct SortPipe: Hashable, Sendable {
    /// A field to sort by.
    package struct Key: Hashable, Sendable {
        /// The field.
        package var field: String
        /// Whether the greatest value comes first.
        package var isDescending: Bool

        /// Makes a key.
        package init(_ field: String, isDescending: Bool = false) {
            self.field = field
            self.isDescending = isDescending
        }
    }

    /// The fields, most important first; at least one.
    package var keys: [Key]
    /// How many sorted rows to leave out.
    package var offset: UInt64?
    /// How many rows to let pass after that.
    package var limit: UInt64?

    /// Makes the pipe.
    package init(by keys: [Key], offset: UInt64? = nil, limit: UInt64? = nil) {
        self.keys = keys
        self.offset = offset
        self.limit = limit
    }
}

extension SortPipe: PipeSyntax {
    static let names = ["sort", "order"]

    init(parsing parser: inout Parser) throws(QueryError) {
        keys = try parser.byClause { parser throws(QueryError) in
            let field = try parser.fieldName()
            let isDescending = parser.takeKeyword("desc")
            if !isDescending { _ = parser.takeKeyword("asc") }
            return Key(field, isDescending: isDescending)
        }
        if parser.takeKeyword("desc") {
            for index in keys.indices { keys[index].isDescending.toggle() }
        } else {
            _ = parser.takeKeyword("asc")
        }
        var goesOn = true
        while goesOn {
            let hasLimit = try parser.takeNumber(after: "limit", into: &limit)
            let hasOffset = try parser.takeNumber(after: "offset", into: &offset)
            goesOn = hasLimit || hasOffset
        }
        if parser.atKeyword("partition") {
            throw parser.notYet("partitions", "`partition by` of sort", at: parser.current)
        }
        if parser.atKeyword("rank") { throw parser.notYet("ranks", "`rank` of sort", at: parser.current) }
    }

    var pipe: Pipe { .sort(self) }

    /// The pipe in canonical form.
    package var description: String {
        let list = keys.map { Quoting.name($0.field) + ($0.isDescending ? " desc" : "") }.joined(separator: ", ")
        return "sort by (\(list))" + (offset.map { " offset \($0)" } ?? "") + (limit.map { " limit \($0)" } ?? "")
    }
}
