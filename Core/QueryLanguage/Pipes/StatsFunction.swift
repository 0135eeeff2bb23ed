/// A function of the stats pipe: `count()`, `count_uniq(user) limit 1000`, `max(duration)`.
package struct StatsFunction: Hashable, Sendable {
    /// What is computed.
    package enum Kind: String, CaseIterable, Hashable, Sendable {
        /// Rows; with fields, rows where at least one of them is not empty.
        case count
        /// Different combinations of values that are not all empty.
        case countUniq = "count_uniq"
        /// The sum of values that are numbers.
        case sum
        /// The smallest value.
        case min
        /// The greatest value.
        case max
        /// The mean of values that are numbers.
        case avg
    }

    /// What is computed.
    package var kind: Kind
    /// The fields it is computed of; none only for ``Kind/count``.
    package var fields: [FieldPattern]
    /// For ``Kind/countUniq``: where counting stops.
    package var limit: UInt64?

    /// Makes a function.
    package init(_ kind: Kind, _ fields: [FieldPattern] = [], limit: UInt64? = nil) {
        self.kind = kind
        self.fields = fields
        self.limit = limit
    }

    /// Whether a name is a function, be it one that is not there yet.
    static func isKnown(_ name: String) -> Bool {
        Kind(rawValue: name) != nil || KnownNames.missingStatsFunctions.contains(name)
    }

    init(parsing parser: inout Parser) throws(QueryError) {
        let token = parser.current
        guard token.kind == .word else { throw parser.unexpected(expected: ["a function such as count()"]) }
        let name = token.text.lowercased()
        guard let kind = Kind(rawValue: name) else {
            if KnownNames.missingStatsFunctions.contains(name) {
                let (line, column) = parser.source.position(of: token.offset)
                throw parser.failure(
                    "the function `\(name)` of stats is not supported yet, at line \(line), column \(column)", at: token
                )
            }
            let names = KnownNames.statsFunctions + KnownNames.missingStatsFunctions
            throw parser.unknown("function of stats", token, among: names)
        }
        self.kind = kind
        parser.advance()
        fields = try parser.parenthesized("after `\(name)`") { parser throws(QueryError) in
            try parser.fieldPattern()
        }
        if kind == .count, fields == [FieldPattern("", isPrefix: true)] { fields = [] }
        guard kind == .count || !fields.isEmpty else {
            throw parser.failure("`\(name)` needs at least one field, as in \(name)(duration)", from: token)
        }
        if kind == .countUniq { _ = try parser.takeNumber(after: "limit", into: &limit) }
    }
}

extension StatsFunction: CustomStringConvertible {
    /// The function in canonical form.
    package var description: String {
        kind.rawValue + "(" + FieldPattern.list(fields) + ")" + (limit.map { " limit \($0)" } ?? "")
    }
}
