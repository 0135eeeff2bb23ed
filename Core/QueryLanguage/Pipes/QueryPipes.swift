import LogModel

/// Adds the fields of another query's rows where some fields are alike: `join by (user) (query) inner prefix "b."`.
package struct JoinPipe: Hashable, Sendable {
    /// The fields that must be alike; at least one.
    package var fields: [String]
    /// The other query.
    package var query: Query
    /// Whether rows without a match are left out.
    package var isInner: Bool
    /// What is put in front of the names of the fields that are added.
    package var prefix: String
}

extension JoinPipe: PipeSyntax {
    static let names = ["join"]

    init(parsing parser: inout Parser) throws(QueryError) {
        if !parser.takeKeyword("on") { _ = parser.takeKeyword("by") }
        fields = try parser.byFields()
        query = try parser.nestedQuery("before the query to join")
        isInner = parser.takeKeyword("inner")
        prefix = parser.takeKeyword("prefix") ? try parser.text("a prefix").description : ""
    }

    var pipe: Pipe { .join(self) }

    /// The pipe in canonical form.
    package var description: String {
        "join by (" + fields.map { Quoting.name($0) }.joined(separator: ", ") + ") (\(query))"
            + (isInner ? " inner" : "") + (prefix.isEmpty ? "" : " prefix " + Quoting.quoted(QueryText(prefix)))
    }
}

/// Lets the rows of another query follow: `union (query)`.
package struct UnionPipe: Hashable, Sendable {
    /// The other query.
    package var query: Query
}

extension UnionPipe: PipeSyntax {
    static let names = ["union"]

    init(parsing parser: inout Parser) throws(QueryError) {
        query = try parser.nestedQuery("after `union`")
    }

    var pipe: Pipe { .union(self) }

    /// The pipe in canonical form.
    package var description: String { "union (\(query))" }
}

/// Adds the events around each event in its stream: `stream_context before 2 after 5 time_window 1h`.
package struct StreamContextPipe: Hashable, Sendable {
    /// How many events before.
    package var before: UInt64 = 0
    /// How many events after.
    package var after: UInt64 = 0
    /// How far away they are looked for, nanoseconds.
    package var window: Int64 = 3_600_000_000_000

    /// Makes a pipe that adds nothing.
    package init() {}
}

extension StreamContextPipe: PipeSyntax {
    static let names = ["stream_context"]

    init(parsing parser: inout Parser) throws(QueryError) {
        var hasSide = false
        while !parser.atBoundary {
            let token = parser.current
            if parser.takeKeyword("before") {
                before = try parser.wholeNumber("the number after `before`")
                hasSide = true
            } else if parser.takeKeyword("after") {
                after = try parser.wholeNumber("the number after `after`")
                hasSide = true
            } else if parser.takeKeyword("time_window") {
                window = try parser.duration()
                guard window > 0 else { throw parser.failure("the time window must be longer than zero", from: token) }
            } else {
                throw parser.unknown("option of stream_context", token, among: ["before", "after", "time_window"])
            }
        }
        guard hasSide else { throw parser.unexpected(expected: ["before", "after"], "after `stream_context`") }
    }

    var pipe: Pipe { .streamContext(self) }

    /// The pipe in canonical form.
    package var description: String {
        "stream_context before \(before) after \(after) time_window " + Duration.nanoseconds(window).logForm
    }
}
