/// Compares two fields of a row: `a:eq_field(b)`, `a:le_field(b)`, `a:lt_field(b)`.
package struct FieldComparison: Hashable, Sendable {
    /// How the fields relate.
    package enum Relation: String, Hashable, Sendable, CaseIterable {
        /// The same bytes.
        case equal = "eq_field"
        /// Not greater: by number where both are numbers, else byte by byte.
        case notGreater = "le_field"
        /// Less, likewise.
        case less = "lt_field"
    }

    /// The field on the left.
    package var field: String
    /// How it relates to the other.
    package var relation: Relation
    /// The field on the right.
    package var other: String

    /// Makes a comparison.
    package init(_ field: String, _ relation: Relation, _ other: String) {
        self.field = field
        self.relation = relation
        self.other = other
    }

    /// Whether two values relate so. A missing field is an empty value.
    package func matches(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        if relation == .equal { return left.elementsEqual(right) }
        let (leftNumber, rightNumber) = (NumberReading.mathNumber(left), NumberReading.mathNumber(right))
        if !leftNumber.isNaN, !rightNumber.isNaN {
            return relation == .less ? leftNumber < rightNumber : leftNumber <= rightNumber
        }
        return relation == .less ? left.lexicographicallyPrecedes(right) : !right.lexicographicallyPrecedes(left)
    }
}

extension FieldComparison: CustomStringConvertible {
    /// The filter in canonical form.
    package var description: String {
        Quoting.name(field) + ":" + relation.rawValue + "(" + Quoting.name(other) + ")"
    }
}
