import LogModel

/// Counts and sums over groups of rows: `stats by (service, _time:5m) count() as n, max(duration)`.
package struct StatsPipe: Hashable, Sendable {
    /// A field to group by.
    package struct Key: Hashable, Sendable {
        /// The field.
        package var field: String
        /// Intervals to group values by; nil groups by the value itself.
        package var bucket: Bucket?

        /// Makes a key.
        package init(_ field: String, bucket: Bucket? = nil) {
            self.field = field
            self.bucket = bucket
        }
    }

    /// Intervals of values: they start at multiples of ``size``, moved up by ``offset``. Times and durations are
    /// nanoseconds, IPv4 addresses the numbers that they are.
    package struct Bucket: Hashable, Sendable {
        /// Intervals of times that are not of one length, or do not start at multiples of it.
        package enum Calendar: String, Hashable, Sendable {
            /// From Monday on.
            case week
            /// From the first of a month on.
            case month
            /// From the first of January on.
            case year
        }

        /// The length of an interval, over 0.
        package var size: Double
        /// What intervals of times follow instead of ``size``.
        package var calendar: Calendar?
        /// How far the intervals are moved up.
        package var offset: Double
        /// Whether the length was the mask of a network: `/24`.
        package var maskBits: UInt64?

        /// Makes intervals of time.
        package init(step: Int64, offset: Int64 = 0) {
            self.init(size: Double(step), offset: Double(offset))
        }

        /// Makes intervals.
        package init(size: Double, calendar: Calendar? = nil, offset: Double = 0, maskBits: UInt64? = nil) {
            self.size = size
            self.calendar = calendar
            self.offset = offset
            self.maskBits = maskBits
        }

        /// The length for times, nanoseconds, at least 1.
        package var step: Int64 { max(1, Int64(clampingNanoseconds: size)) }
    }

    /// A function and the field that gets its result.
    package struct Call: Hashable, Sendable {
        /// The function.
        package var function: StatsFunction
        /// The name of the result; by default the function as it is written, e.g. `count()`.
        package var resultName: String
        /// Which rows the function sees; nil is all of the group.
        package var condition: Filter?

        /// Makes a call; without a name the result is called as the function is written.
        package init(_ function: StatsFunction, as resultName: String? = nil, if condition: Filter? = nil) {
            self.function = function
            self.resultName = resultName ?? function.description + Filter.conditionText(condition)
            self.condition = condition
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
        let token = parser.current
        functions = try parser.statsCalls()
        var names = Set(by.map(\.field))
        for call in functions where !names.insert(call.resultName).inserted {
            throw parser.failure("two results of stats are called `\(call.resultName)`", from: token)
        }
    }

    var pipe: Pipe { .stats(self) }

    /// The pipe in canonical form.
    package var description: String {
        let calls = functions.map { call in
            "\(call.function)" + Filter.conditionText(call.condition) + " as " + Quoting.name(call.resultName)
        }.joined(separator: ", ")
        return by.isEmpty
            ? "stats \(calls)" : "stats by (" + by.map(\.description).joined(separator: ", ") + ") \(calls)"
    }
}

extension StatsPipe.Key: CustomStringConvertible {
    /// The key in canonical form.
    package var description: String {
        guard let bucket else { return Quoting.name(field) }
        let size =
            bucket.calendar?.rawValue ?? bucket.maskBits.map { "/\($0)" } ?? NumberWriting.decimal(bucket.size)
        let offset = bucket.offset == 0 ? "" : " offset " + NumberWriting.decimal(bucket.offset)
        return Quoting.name(field) + ":" + (field == FieldName.time ? bucket.timeForm ?? size + offset : size + offset)
    }
}

extension StatsPipe.Bucket {
    /// The interval of times with durations instead of numbers; nil where those would not be the same.
    fileprivate var timeForm: String? {
        guard maskBits == nil, size == size.rounded(), offset == offset.rounded(), size < 9e15, offset.magnitude < 9e15
        else { return nil }
        func form(_ number: Double) -> String { Duration.nanoseconds(Int64(number)).logForm }
        return (calendar?.rawValue ?? form(size)) + (offset == 0 ? "" : " offset " + form(offset))
    }
}

extension Int64 {
    /// A number of nanoseconds, held at the ends of the range.
    fileprivate init(clampingNanoseconds number: Double) {
        self = number >= 9.2233720368547758e18 ? .max : number <= -9.2233720368547758e18 ? .min : Int64(number)
    }
}

extension Parser {
    /// Reads functions with commas between them.
    mutating func statsCalls() throws(QueryError) -> [StatsPipe.Call] {
        try list { parser throws(QueryError) in
            let function = try StatsFunction(parsing: &parser)
            let condition = try parser.condition()
            return StatsPipe.Call(function, as: try parser.resultField(), if: condition)
        }
    }

    fileprivate mutating func statsKey() throws(QueryError) -> StatsPipe.Key {
        let field = try fieldName()
        guard takeSymbol(":") else { return StatsPipe.Key(field) }
        var bucket = try bucketSize()
        if takeKeyword("offset") {
            let token = current
            let text = try value(stops: ",()[]{}|", "an offset such as 2h")
            guard let offset = Parser.stepNumber(text) else {
                throw failure("`\(text)` is no offset; write a number or a duration such as 2h", from: token)
            }
            bucket.offset = offset
        }
        return StatsPipe.Key(field, bucket: bucket)
    }

    /// A number or a duration, also with units that values do not have, such as `us`.
    fileprivate static func stepNumber(_ text: QueryText) -> Double? {
        NumberReading.number(text.bytes)
            ?? Duration(logForm: text.description).map { Double($0.wholeNanoseconds) }
    }

    private mutating func bucketSize() throws(QueryError) -> StatsPipe.Bucket {
        let units: [String: Double] = [
            "nanosecond": 1, "microsecond": 1e3, "millisecond": 1e6, "second": 1e9, "minute": 60e9, "hour": 3_600e9,
            "day": 86_400e9, "week": 604_800e9, "month": 1, "year": 1,
        ]
        let token = current
        if takeSymbol("/") {
            guard let bits = NumberReading.unsigned(try value(stops: ",()[]{}|", "the bits of a mask").bytes),
                bits <= 32
            else { throw failure("a mask such as /24 has 0 to 32 bits", from: token) }
            return StatsPipe.Bucket(size: Double(UInt64(1) << (32 - bits)), maskBits: bits)
        }
        let text = try value(stops: ",()[]{}|", "a step such as 5m or 10KB")
        if let size = units[text.description.lowercased()] {
            return StatsPipe.Bucket(size: size, calendar: .init(rawValue: text.description.lowercased()))
        }
        guard let size = Parser.stepNumber(text) else {
            throw failure(
                "`\(text)` is no step; write a duration such as 5m, or a number such as 10 or 10KB", from: token)
        }
        guard size > 0 else { throw failure("the step must be over zero", from: token) }
        return StatsPipe.Bucket(size: size)
    }
}
