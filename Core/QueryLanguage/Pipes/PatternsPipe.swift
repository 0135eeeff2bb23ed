/// The kinds of messages, most frequent first: `patterns by (service) limit 10 new since 1h`.
package struct PatternsPipe: Hashable, Sendable {
    /// The fields that a row of the answer has besides those of ``fields``.
    package enum Column: String, CaseIterable, Sendable {
        case pattern, hits
        case firstSeen = "first_seen"
        case lastSeen = "last_seen"
        case example
    }

    /// Fields whose every combination of values has patterns of its own; none for all rows together.
    package var fields: [String] = []
    /// How many patterns to return; nil for all.
    package var limit: UInt64?
    /// Only patterns that were first seen then or later; nil for all.
    package var newSince: TimePoint?

    /// Makes the pipe with its defaults.
    package init() {}
}

extension PatternsPipe: PipeSyntax {
    static let names = ["patterns"]

    init(parsing parser: inout Parser) throws(QueryError) {
        while !parser.atBoundary || parser.atSymbol("(") {
            let token = parser.current
            if parser.atKeyword("by") || parser.atSymbol("(") {
                guard fields.isEmpty else { throw parser.failure("`by` is given twice", at: token) }
                fields = try parser.byFields()
                if let taken = fields.first(where: { Column(rawValue: $0) != nil }) {
                    throw parser.failure(
                        "`\(taken)` is a field of what `patterns` gives; rename the other one first", from: token)
                }
            } else if try parser.takeNumber(after: "limit", into: &limit) {
                continue
            } else if parser.takeKeyword("new") {
                guard newSince == nil else { throw parser.failure("`new` is given twice", at: token) }
                guard parser.takeKeyword("since") else { throw parser.unexpected(expected: ["since"], "after `new`") }
                newSince = try parser.timePoint().point
            } else {
                throw parser.unknown("option of patterns", token, among: ["by", "limit", "new"])
            }
        }
    }

    var pipe: Pipe { .patterns(self) }

    /// The pipe in canonical form.
    package var description: String {
        "patterns"
            + (fields.isEmpty ? "" : " by (" + fields.map { Quoting.name($0) }.joined(separator: ", ") + ")")
            + (limit.map { " limit \($0)" } ?? "") + (newSince.map { " new since \($0)" } ?? "")
    }
}
