/// A field and the name it gets: `a as b`, or `http.* as h.*` for all fields whose names start alike.
package struct FieldMapping: Hashable, Sendable, CustomStringConvertible {
    /// The field, or fields, there are.
    package var source: FieldPattern
    /// The new name, or the new start of the names; a prefix exactly when the source is one.
    package var target: FieldPattern

    /// Makes a mapping.
    package init(_ source: FieldPattern, _ target: FieldPattern) {
        self.source = source
        self.target = target
    }

    /// The mapping in canonical form.
    package var description: String { "\(source) as \(target)" }

    static func list(_ mappings: [FieldMapping]) -> String {
        mappings.map(\.description).joined(separator: ", ")
    }
}

extension Parser {
    /// Reads one or more mappings; `as` may be left out.
    mutating func fieldMappings() throws(QueryError) -> [FieldMapping] {
        try list { parser throws(QueryError) in
            let source = try parser.fieldPattern()
            _ = parser.takeKeyword("as")
            let token = parser.current
            let target = try parser.fieldPattern()
            guard source.isPrefix == target.isPrefix else {
                throw parser.failure("either both names must end with `*`, or none", from: token)
            }
            return FieldMapping(source, target)
        }
    }
}
