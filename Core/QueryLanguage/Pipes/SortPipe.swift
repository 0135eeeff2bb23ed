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

    /// The fields, most important first; none for all fields that rows have, in the order of their names.
    package var keys: [Key]
    /// Without ``keys``: whether the greatest values come first.
    package var isDescending = false
    /// How many sorted rows to leave out.
    package var offset: UInt64?
    /// How many rows to let pass after that.
    package var limit: UInt64?
    /// Fields whose every combination of values is sorted, offset and limited by itself; none for all rows together.
    package var partition: [String] = []
    /// The field that gets the place of each row, from 1, if any.
    package var rankField: String?

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
        keys = try parser.sortKeys()
        if parser.takeKeyword("desc") {
            turnAround()
        } else {
            _ = parser.takeKeyword("asc")
        }
        var goesOn = true
        while goesOn {
            let token = parser.current
            let hasLimit = try parser.takeNumber(after: "limit", into: &limit)
            let hasOffset = try parser.takeNumber(after: "offset", into: &offset)
            var hasPartition = false
            if parser.takeKeyword("partition") {
                guard partition.isEmpty else { throw parser.failure("`partition` is given twice", at: token) }
                partition = try parser.byFields()
                hasPartition = true
            }
            let rank = try parser.rankField()
            rankField = rank ?? rankField
            goesOn = hasLimit || hasOffset || hasPartition || rank != nil
        }
        guard partition.isEmpty || limit != nil else {
            throw parser.unexpected(expected: ["limit"], "for `partition by`")
        }
    }

    var pipe: Pipe { .sort(self) }

    /// Lets the greatest values come first where the smallest did.
    fileprivate mutating func turnAround() {
        for index in keys.indices { keys[index].isDescending.toggle() }
        if keys.isEmpty { isDescending = true }
    }

    /// The pipe in canonical form.
    package var description: String {
        let list = keys.map { Quoting.name($0.field) + ($0.isDescending ? " desc" : "") }.joined(separator: ", ")
        let part =
            partition.isEmpty
            ? "" : " partition by (" + partition.map { Quoting.name($0) }.joined(separator: ", ") + ")"
        return "sort" + (keys.isEmpty ? isDescending ? " desc" : "" : " by (\(list))") + part
            + (offset.map { " offset \($0)" } ?? "")
            + (limit.map { " limit \($0)" } ?? "")
            + (rankField.map { " rank as " + Quoting.name($0) } ?? "")
    }
}

/// `first 5 by (a) partition by (b)` and `last 5 by (a)`: other spellings of `sort` with a limit, which is 1 by default.
struct FirstPipe: PipeSyntax {
    static let names = ["first", "last"]
    private let sort: SortPipe

    init(parsing parser: inout Parser) throws(QueryError) {
        let isLast = parser.previousWord == "last"
        let token = parser.current
        var limit: UInt64 = 1
        if !parser.atBoundary, !parser.atSymbol("("),
            !["by", "partition", "rank"].contains(where: { parser.atKeyword($0) })
        {
            limit = try parser.wholeNumber("the number of rows")
            guard limit > 0 else { throw parser.failure("the number of rows must be over 0", from: token) }
        }
        var sort = SortPipe(by: try parser.sortKeys(), limit: limit)
        if isLast { sort.turnAround() }
        if parser.takeKeyword("partition") { sort.partition = try parser.byFields() }
        sort.rankField = try parser.rankField()
        self.sort = sort
    }

    var pipe: Pipe { .sort(sort) }
    var description: String { sort.description }
}

extension Parser {
    /// Reads `by (a, b desc)` if that comes next; none when rows are sorted by all fields.
    fileprivate mutating func sortKeys() throws(QueryError) -> [SortPipe.Key] {
        guard atKeyword("by") || atSymbol("(") else { return [] }
        return try byClause { parser throws(QueryError) in
            let field = try parser.fieldName()
            let isDescending = parser.takeKeyword("desc")
            if !isDescending { _ = parser.takeKeyword("asc") }
            return SortPipe.Key(field, isDescending: isDescending)
        }
    }
}
