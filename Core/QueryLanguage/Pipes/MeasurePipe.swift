/// Writes a number about the value of a field: `len(field) as n`, `hash(field) as h`, `json_array_len(field) as n`.
package struct MeasurePipe: Hashable, Sendable {
    /// What the number is.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Bytes of the value.
        case length = "len"
        /// A hash of the value, a whole number below 2^53.
        case hash
        /// Elements of the value as an array in JSON; 0 when it is none.
        case arrayLength = "json_array_len"
    }

    /// What the number is.
    package var kind: Kind
    /// The field.
    package var field: String
    /// The field that gets the number.
    package var result: String

    /// Makes the pipe.
    package init(_ kind: Kind, of field: String, as result: String = "_msg") {
        self.kind = kind
        self.field = field
        self.result = result
    }
}

extension MeasurePipe: PipeSyntax {
    static let names = Kind.allCases.map(\.rawValue)

    init(parsing parser: inout Parser) throws(QueryError) {
        kind = Kind(rawValue: parser.previousWord) ?? .length
        field = try parser.fieldNameMaybeInParentheses()
        result = try parser.resultField() ?? "_msg"
    }

    var pipe: Pipe { .measure(self) }

    /// The pipe in canonical form.
    package var description: String { "\(kind.rawValue)(\(Quoting.name(field))) as " + Quoting.name(result) }
}
