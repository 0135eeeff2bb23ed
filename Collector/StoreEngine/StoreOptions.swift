internal import StoreFormat

/// How a store is set up.
package struct StoreOptions: Sendable {
    /// The directory that holds the segments; made when it does not exist.
    package var directory: String
    /// Bytes of events in memory after which they are written as a segment.
    package var headBytes: Int
    /// How long events stay in memory at most before they are written as a segment; the journal has them meanwhile.
    package var flushInterval: Duration
    /// Full heads that may wait to be written; beyond, ``Store/load`` is critical and the gateway refuses.
    package var waitingHeads: Int
    /// zstd's level for new segments.
    package var compressionLevel: Int32
    /// Bytes of memory that may hold what queries have read of segments.
    package var cacheBytes: Int

    /// Makes options.
    package init(
        directory: String, headBytes: Int = 32 << 20, flushInterval: Duration = .seconds(600), waitingHeads: Int = 2,
        compressionLevel: Int32 = 1, cacheBytes: Int = BlockCache.defaultBytes
    ) {
        self.directory = directory
        self.headBytes = headBytes
        self.flushInterval = flushInterval
        self.waitingHeads = waitingHeads
        self.compressionLevel = compressionLevel
        self.cacheBytes = cacheBytes
    }
}

/// How hard the store is pressed.
package enum StoreLoad: Sendable, Equatable {
    /// All is well.
    case normal
    /// A full head waits to be written.
    case elevated
    /// As many heads wait as are allowed, or they cannot be written: nothing more should be accepted.
    case critical
}

/// What a store holds.
package struct StoreStatistics: Sendable, Equatable {
    /// Events, in memory and in segments.
    package var rows = 0
    /// Segments.
    package var segments = 0
    /// Bytes of all segments.
    package var diskBytes: UInt64 = 0
    /// Events in memory.
    package var headRows = 0
    /// Bytes of memory they take.
    package var headBytes = 0
    /// The earliest time of an event, nanoseconds; nil without events.
    package var oldest: Int64?
    /// The latest time of an event, nanoseconds.
    package var newest: Int64?
    /// Distinct streams seen since the start, and in the segments.
    package var streams = 0
    /// Segments set aside because they were damaged.
    package var quarantined = 0
    /// Segments written since the start.
    package var flushes = 0
    /// Attempts to write a segment that failed since the start.
    package var failedFlushes = 0
}

/// Why the store could not do what was asked.
package struct StoreError: Error, Sendable, CustomStringConvertible {
    /// What failed, on what, and why; a sentence without a full stop.
    package var message: String

    /// Makes an error.
    package init(_ message: String) {
        self.message = message
    }

    /// The message.
    package var description: String { message }
}
