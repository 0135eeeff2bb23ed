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
        /// Rows where all fields are empty.
        case countEmpty = "count_empty"
        /// Different combinations of values, told apart by their hashes.
        case countUniqHash = "count_uniq_hash"
        /// How many numbers lie in which range, as an array in JSON.
        case histogram
        /// Rows as objects in JSON, as an array in JSON.
        case jsonValues = "json_values"
        /// The value in the middle.
        case median
        /// The value below which a part of the values lies.
        case quantile
        /// Rows a second of the time that the query is about.
        case rate
        /// The sum of values that are numbers, a second.
        case rateSum = "rate_sum"
        /// Some row as an object in JSON.
        case rowAny = "row_any"
        /// The row with the greatest value of a field as an object in JSON.
        case rowMax = "row_max"
        /// The row with the smallest value of a field as an object in JSON.
        case rowMin = "row_min"
        /// Bytes of the values.
        case sumLength = "sum_len"
        /// Different values that are not empty, sorted, as an array in JSON.
        case uniqValues = "uniq_values"
        /// All values as an array in JSON.
        case values

        /// Whether `limit` may follow.
        var takesLimit: Bool {
            switch self {
            case .countUniq, .countUniqHash, .jsonValues, .uniqValues, .values: true
            default: false
            }
        }
    }

    /// What is computed.
    package var kind: Kind
    /// The fields it is computed of; none for all of them, for ``Kind/count`` and ``Kind/rate`` for the row as such.
    package var fields: [FieldPattern]
    /// Where counting or gathering stops.
    package var limit: UInt64?
    /// For ``Kind/quantile``: which part of the values lies below, 0 to 1.
    package var part = 0.5
    /// For ``Kind/rowMin`` and ``Kind/rowMax``: the field whose values are compared.
    package var source: String?

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
        let everything = FieldPattern("", isPrefix: true)
        fields = try parser.parenthesized("after `\(name)`") { parser throws(QueryError) in
            try parser.fieldPattern()
        }
        switch kind {
        case .count:
            if fields == [everything] { fields = [] }
        case .rate:
            guard fields.isEmpty else { throw parser.failure("`rate` takes no fields", from: token) }
        case .countUniq, .countUniqHash:
            guard !fields.isEmpty else {
                throw parser.failure("`\(name)` needs at least one field, as in \(name)(user)", from: token)
            }
        case .histogram:
            guard fields.count == 1, !fields[0].isPrefix else {
                throw parser.failure("`histogram` takes one field, as in histogram(duration)", from: token)
            }
        case .quantile:
            guard let first = fields.first, !first.isPrefix, let part = Double(first.name), part >= 0, part <= 1 else {
                throw parser.failure(
                    "`quantile` needs a number from 0 to 1, as in quantile(0.99, duration)", from: token)
            }
            self.part = part
            fields.removeFirst()
        case .rowMin, .rowMax:
            guard let first = fields.first, !first.isPrefix else {
                throw parser.failure("`\(name)` needs a field, as in \(name)(duration)", from: token)
            }
            source = first.name
            fields.removeFirst()
        default: break
        }
        if fields.contains(everything), kind != .countUniq, kind != .countUniqHash { fields = [] }
        if kind.takesLimit { _ = try parser.takeNumber(after: "limit", into: &limit) }
        if limit == 0 { limit = nil }
    }

    /// Whether the function is computed of a field by its very name, so that a row without a value counts with an empty one.
    package func isNamed(_ field: String) -> Bool {
        fields.contains { !$0.isPrefix && $0.name == field }
    }

    /// Whether a field is among those that the function is computed of.
    package func isAbout(_ field: String) -> Bool {
        fields.isEmpty || fields.contains { $0.matches(field) }
    }
}

extension StatsFunction: CustomStringConvertible {
    /// The function in canonical form.
    package var description: String {
        var arguments = fields.map(\.description)
        if let source { arguments.insert(Quoting.name(source), at: 0) }
        if kind == .quantile { arguments.insert(NumberWriting.decimal(part), at: 0) }
        return kind.rawValue + "(" + arguments.joined(separator: ", ") + ")" + (limit.map { " limit \($0)" } ?? "")
    }
}
