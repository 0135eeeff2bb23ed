import LogModel

/// What is known of an event that is not finished yet, besides its fields and labels, which are in the batch's builder.
struct DraftEvent {
    /// Nil when the line tells none.
    var time: Timestamp?
    var level = Level.unknown
    /// Whether the level is among the fields already.
    var hasLevelField = false
    /// The message, in the builder's arena.
    var message = ByteRange(offset: 0, length: 0)
}
