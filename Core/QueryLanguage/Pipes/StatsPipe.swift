import LogModel

/// Counts and sums over groups of rows: `stats by (service, _time:5m) count() as n, max(duration)`.
package struct StatsPipe: Hashable, Sendable {
    /// A field to group by.
    package struct Key: Hashable, Sendable {
        /// The field.
        package var field: String
        /// Intervals to group `_time` by; nil groups by the value itself.
        package var bucket: Bucket?

        /// Makes a key.
        package init(_ field: String, bucket: Bucket? = nil) {
            self.field = field
            self.bucket = bucket
        }
    }

    /// Intervals of time: they start at multiples of ``step`` since the epoch, moved by ``offset``.
    package struct Bucket: Hashable, Sendable {
        /// The length of an interval, nanoseconds, over 0.
        package var step: Int64
        /// How far east of UTC days and weeks are counted, nanoseconds.
        package var offset: Int64

        /// Makes intervals.
        package init(step: Int64, offset: Int64 = 0) {
            self.step = step
            self.offset = offset
        }
    }

    /// A function and the field that gets its result.
    package struct Call: Hashable, Sendable {
        /// The function.
        package var function: StatsFunction
        /// The name of the result; by default the function as it is written, e.g. `count()`.
        package var resultName: String

        /// Makes a call; without a name the result is called as the function is written.
        package init(_ function: StatsFunction, as resultName: String? = nil) {
            self.function = function
            self.resultName = resultName ?? function.description
        }
    }

    /// The fields to group by; none makes one group of all rows.
    package var by: [Key]
    /// The functions; at least one.
    package var functions: [Call]

    /// Makes the pipe.
    package init(by: [Key], functions: [Call]) {
        self.by = by
        self.functions = functions
    }
}

extension StatsPipe: PipeSyntax {
    static let names = ["stats"]

    init(parsing parser: inout Parser) throws(QueryError) {
        by = []
        if parser.atKeyword("by") || parser.atSymbol("(") {
            by = try parser.byClause { parser throws(QueryError) in try parser.statsKey() }
        }
        functions = try parser.statsCalls()
    }

    var pipe: Pipe { .stats(self) }

    /// The pipe in canonical form.
    package var description: String {
        let calls = functions.map { "\($0.function) as " + Quoting.name($0.resultName) }.joined(separator: ", ")
        return by.isEmpty
            ? "stats \(calls)" : "stats by (" + by.map(\.description).joined(separator: ", ") + ") \(calls)"
    }
}

extension StatsPipe.Key: CustomStringConvertible {
    /// The key in canonical form.
    package var description: String {
        guard let bucket else { return Quoting.name(field) }
        let offset = bucket.offset == 0 ? "" : " offset " + Duration.nanoseconds(bucket.offset).logForm
        return Quoting.name(field) + ":" + Duration.nanoseconds(bucket.step).logForm + offset
    }
}

extension Parser {
    /// Reads functions with commas between them.
    mutating func statsCalls() throws(QueryError) -> [StatsPipe.Call] {
        try list { parser throws(QueryError) in
            let function = try StatsFunction(parsing: &parser)
            if parser.atKeyword("if") { throw parser.notYet("conditions", "`if` of stats", at: parser.current) }
            if parser.takeKeyword("as") { return StatsPipe.Call(function, as: try parser.fieldName()) }
            return StatsPipe.Call(function, as: parser.atBoundary ? nil : try parser.fieldName())
        }
    }

    fileprivate mutating func statsKey() throws(QueryError) -> StatsPipe.Key {
        let field = try fieldName()
        guard takeSymbol(":") else { return StatsPipe.Key(field) }
        guard field == FieldName.time else {
            throw notYet("intervals of other fields than _time", "`\(field):` of stats", at: current)
        }
        let step = try bucketStep()
        guard takeKeyword("offset") else { return StatsPipe.Key(field, bucket: .init(step: step)) }
        return StatsPipe.Key(field, bucket: .init(step: step, offset: try duration()))
    }

    private mutating func bucketStep() throws(QueryError) -> Int64 {
        let named: [String: Int64] = [
            "nanosecond": 1, "microsecond": 1_000, "millisecond": 1_000_000, "second": 1_000_000_000,
            "minute": 60_000_000_000, "hour": 3_600_000_000_000, "day": 86_400_000_000_000,
            "week": 604_800_000_000_000,
        ]
        let token = current
        if token.kind == .word {
            if let step = named[token.text.lowercased()] {
                advance()
                return step
            }
            if atKeyword("month") || atKeyword("year") {
                throw notYet("intervals of months and years", "`\(token.text)` of stats", at: token)
            }
        }
        let step = try duration()
        guard step > 0 else { throw failure("the interval must be longer than zero", from: token) }
        return step
    }
}
