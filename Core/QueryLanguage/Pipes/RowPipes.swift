/// Takes fields without a value out, and rows without any: `drop_empty_fields`.
package struct DropEmptyFieldsPipe: Hashable, Sendable {}

extension DropEmptyFieldsPipe: PipeSyntax {
    static let names = ["drop_empty_fields"]

    init(parsing parser: inout Parser) throws(QueryError) {}

    var pipe: Pipe { .dropEmptyFields }

    /// The pipe in canonical form.
    package var description: String { "drop_empty_fields" }
}

/// Lets one row of so many pass, by chance: `sample 100`.
package struct SamplePipe: Hashable, Sendable {
    /// Of how many rows one passes, on average; over 0.
    package var of: UInt64
}

extension SamplePipe: PipeSyntax {
    static let names = ["sample"]

    init(parsing parser: inout Parser) throws(QueryError) {
        let token = parser.current
        of = try parser.wholeNumber("the number after `sample`")
        guard of > 0 else { throw parser.failure("the number after `sample` must be over 0", from: token) }
    }

    var pipe: Pipe { .sample(self) }

    /// The pipe in canonical form.
    package var description: String { "sample \(of)" }
}

/// Counts the blocks of storage that have matching rows: `blocks_count as n`.
package struct BlocksCountPipe: Hashable, Sendable {
    /// The field that gets the number.
    package var result: String
}

extension BlocksCountPipe: PipeSyntax {
    static let names = ["blocks_count"]

    init(parsing parser: inout Parser) throws(QueryError) {
        result = try parser.resultField() ?? "blocks_count"
    }

    var pipe: Pipe { .blocksCount(self) }

    /// The pipe in canonical form.
    package var description: String { "blocks_count as " + Quoting.name(result) }
}

/// Tells how blocks of storage keep the fields of matching rows, and what that takes: `block_stats`. Right behind the filters,
/// but for pipes that choose fields.
package struct BlockStatsPipe: Hashable, Sendable {
    /// The fields that a row of the answer has.
    package enum Column: String, CaseIterable, Sendable {
        case field, type, rows
        case valuesBytes = "values_bytes"
        case blockRows = "block_rows"
    }
}

extension BlockStatsPipe: PipeSyntax {
    static let names = ["block_stats"]

    init(parsing parser: inout Parser) throws(QueryError) {}

    var pipe: Pipe { .blockStats }

    /// The pipe in canonical form.
    package var description: String { "block_stats" }
}
