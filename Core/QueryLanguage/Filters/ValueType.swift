/// How a block keeps the values of a field, as `value_type(...)` and `block_stats` call it.
package enum ValueType: String, Hashable, Sendable, CaseIterable {
    /// Values as indexes into a list of them.
    case dictionary
    /// Hexadecimal digits between fixed text, such as UUIDs.
    case hexadecimal
    /// A value for each level.
    case level
    /// In memory: events that are in no segment yet, and whatever pipes make.
    case memory
    /// Numbers that are all spelled alike, with the same text around them.
    case numbers
    /// Fields without a column of their own, because a block has too many.
    case packed
    /// A value for each stream, labels among them.
    case stream
    /// Texts and what varies in them.
    case templates
    /// Values one after the other.
    case text
    /// The times of events.
    case time
    /// Moments that are all spelled alike.
    case timestamps
}
