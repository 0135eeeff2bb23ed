/// Every limit of the journal in one place, each with its reason.
package enum JournalLimits {
    /// The longest payload of a record. The largest request body is far below; more would make one record a file.
    package static let maxPayloadBytes = 64 << 20
    /// The longest tenant name and agent id, in bytes of UTF-8. They are keys in memory.
    package static let maxNameBytes = 256
    /// Numbers of records are below this. What is made of them elsewhere, such as the ids of events, has room for 44 bits.
    package static let positions: JournalPosition = 1 << 44
    /// The size at which a new file is begun. Files are removed as a whole, so this is also the grain of retention.
    package static let defaultFileBytes = 64 << 20
    /// The most bytes of records written by one commit: bounds the buffer and the time until the first is durable.
    package static let maxGroupBytes = 16 << 20
    /// Bytes between two places of a file that are remembered: what a reader passes over at most when it starts.
    package static let markBytes = 1 << 20
    /// What a scan holds of a file in memory, unless one record is longer.
    package static let scanWindowBytes = 256 << 10
    /// Bytes of records that may wait for a group commit before appending is refused.
    package static let defaultWaitingBytes = 64 << 20
    /// Records that may wait for a group commit; bounds what empty records cost.
    package static let maxWaitingRecords = 65_536
    /// Agents in a duplicate window. With the next limit it keeps a checkpoint below ``maxPayloadBytes``: at most 20
    /// bytes a range and 550 an agent.
    package static let maxWindowAgents = 65_536
    /// Ranges of all agents in a duplicate window, besides one for each agent.
    package static let maxWindowRanges = 1 << 20
    /// Damaged bytes copied aside in all. Beyond it they stay only where they are, and the report says so.
    package static let maxQuarantineBytes = 256 << 20
    /// Damage reports kept in memory; later ones are only counted and handed to the observer.
    package static let maxKeptReports = 1_000
    /// Cursor names: they become file names.
    package static let maxCursorNameBytes = 64
}
