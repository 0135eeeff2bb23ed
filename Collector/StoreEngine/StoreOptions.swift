internal import StoreFormat
internal import SystemIO

/// How a store is set up.
package struct StoreOptions: Sendable {
    /// The directory that holds the segments; made when it does not exist.
    package var directory: String
    /// The catalog's file; its directory exists. What cannot be used of it goes to ``catalogQuarantine``.
    package var catalog: String
    /// The directory for catalogs that cannot be used; made when it is needed.
    package var catalogQuarantine: String
    /// Bytes of events in memory after which they are written as a segment.
    package var headBytes: Int
    /// How long events stay in memory at most before they are written as a segment; the journal has them meanwhile.
    package var flushInterval: Duration
    /// Full heads that may wait to be written; beyond, ``Store/load`` is critical and the gateway refuses.
    package var waitingHeads: Int
    /// zstd's level for new segments.
    package var compressionLevel: Int32
    /// Bytes of memory that may hold what queries have read of segments.
    package var cacheBytes = BlockCache.defaultBytes
    /// How segments are merged.
    package var compaction = CompactionOptions()
    /// Where cold segments are; nil when there is no object store: then none becomes cold.
    package var cold: ColdStorage?
    /// zstd's level for warm segments: they are searched rarely.
    package var warmCompressionLevel: Int32 = 12
    /// How long the bytes of a segment stay after another has taken its place.
    package var grace = Duration.seconds(600)
    /// Segment files that are open at the same time at most.
    package var openFiles = 256
    /// Bytes of memory for the footers of segments that were used last.
    package var openSegmentBytes = 16 << 20

    /// Makes options; the catalog lies beside the directory of segments.
    package init(
        directory: String, headBytes: Int = 14 << 20, flushInterval: Duration = .seconds(600), waitingHeads: Int = 2,
        compressionLevel: Int32 = 1
    ) {
        self.directory = directory
        catalog = "\(FileSystem.parent(of: directory))/catalog.db"
        catalogQuarantine = "\(FileSystem.parent(of: directory))/quarantine"
        self.headBytes = headBytes
        self.flushInterval = flushInterval
        self.waitingHeads = waitingHeads
        self.compressionLevel = compressionLevel
    }
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
