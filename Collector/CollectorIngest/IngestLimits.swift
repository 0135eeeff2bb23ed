/// The limits of what one request may bring. What is over a limit is refused or dead-lettered, never cut.
package struct IngestLimits: Sendable, Equatable {
    /// Bytes of a body as it comes over the wire: what one client may make the collector hold while it is read.
    package var bodyBytes = 16 << 20
    /// Bytes of a body after decompression: what a decompression bomb can take.
    package var contentBytes = 16 << 20
    /// Bytes of one event; a longer one is dead-lettered and the rest of its batch kept.
    package var eventBytes = 1 << 20
    /// Events of one request.
    package var batchEvents = 100_000
    /// Events that the row numbers of one journal record have room for.
    package static let mostEvents = 1 << 20
    /// Labels of one stream; the formats of batches and segments take no more.
    package static let streamLabels = 32
    /// Bytes of requests that are read, decoded or waiting for the disk at the same time: bodies as they came, their
    /// content while it is decoded, and the batches made of it. Room for one request of the largest size, or for more
    /// than a hundred of the usual.
    package var bytesInFlight = 64 << 20

    /// The defaults.
    package init() {}
}
