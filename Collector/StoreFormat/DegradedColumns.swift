/// What of a segment got a plainer form than others because of its shape. All of it is kept and found; it takes more
/// bytes, or more time to search.
package struct DegradedColumns: Equatable, Sendable {
    /// Fields of a block without a column of their own, because it has too many; once for each block.
    package var packedFields = 0
    /// Values of such fields.
    package var packedValues = 0
    /// Messages that are kept as text, because they do not repeat.
    package var textMessages = 0
    /// Segments without a rollup, because there are too many streams or intervals.
    package var missingRollups = 0

    /// Makes counts.
    package init(packedFields: Int = 0, packedValues: Int = 0, textMessages: Int = 0, missingRollups: Int = 0) {
        self.packedFields = packedFields
        self.packedValues = packedValues
        self.textMessages = textMessages
        self.missingRollups = missingRollups
    }

    /// Adds what another segment could not keep.
    package mutating func add(_ other: DegradedColumns) {
        packedFields += other.packedFields
        packedValues += other.packedValues
        textMessages += other.textMessages
        missingRollups += other.missingRollups
    }
}
