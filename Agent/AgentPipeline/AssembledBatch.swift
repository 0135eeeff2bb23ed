package import LogModel

/// Some events and the bytes of files they stand for.
package struct AssembledBatch: Sendable {
    /// The events.
    package let events: EventBatch
    /// Which bytes of which files; each file once.
    package let progress: [SourceProgress]
}

/// When a batch is complete.
package struct BatchLimits: Sendable, Equatable {
    /// Bytes of messages and values. A batch may go over it by one event.
    package var bytes: Int
    /// Events.
    package var events: Int

    /// Sets the limits.
    package init(bytes: Int = 1 << 20, events: Int = 8192) {
        self.bytes = max(1, bytes)
        self.events = max(1, events)
    }
}

/// What the assembler has done since it was made.
package struct AssemblyCounts: Sendable, Equatable {
    /// Events from JSON objects.
    package var structured = 0
    /// Events from lines of the other formats with fields.
    package var formatted = 0
    /// Events from plain lines.
    package var plain = 0
    /// Lines that are not of the format their file should have; they were kept as plain lines.
    package var malformed = 0
    /// Parts of lines and events that were too long for one event.
    package var parts = 0
    /// Events that rules dropped; they are counted among those above as well.
    package var dropped = 0
    /// The same by level, at its raw value.
    package var droppedLevels = [Int](repeating: 0, count: Level.allCases.count)
    /// Lines of the agent's own log, which are left out.
    package var own = 0
    /// NUL bytes at the start of lines, which are left out: holes of files that were truncated or cut short.
    package var nulBytes = 0
    /// Bytes of lines, line feeds included.
    package var bytes = 0

    /// Makes counts of nothing.
    package init() {}
}
