/// A decoder of bytes from outside or from disk, to be fed with anything.
///
/// Where a checksum would keep made-up bytes out, the target makes it right: a disk that lies and a writer with a mistake
/// both get past it.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// Bodies of ingest: JSON objects, one a line.
    case json
    /// Plain lines: their time and level.
    case line
    /// Files as the agent reads them: formats, events of several lines, rules.
    case agent
    /// Connections of syslog, cut into messages.
    case syslog
    /// Batches of the wire protocol, and what becomes of their events in a segment.
    case batch
    /// Frames as they come from agents.
    case zstd
    /// Queries.
    case query
    /// Bodies of searches, down to the filter, which is put to events.
    case search
    /// Files of a journal.
    case journal
    /// The duplicate window in a checkpoint.
    case window
    /// Segments: trailer, footer and sections.
    case segment
    /// Sections whose frames hold anything.
    case section

    /// Feeds the decoder; a trap, or a broken promise, is what a fuzzer looks for.
    package func run(_ input: UnsafeRawBufferPointer) {
        switch self {
        case .json: feedJSON(input)
        case .line: feedLine(input)
        case .agent: feedAgent(input)
        case .syslog: feedSyslog(input)
        case .batch: feedBatch(input)
        case .zstd: feedZstd(input)
        case .query: feedQuery(input)
        case .search: feedSearch(input)
        case .journal: feedJournal(input)
        case .window: feedWindow(input)
        case .segment: feedSegment(input)
        case .section: feedSection(input)
        }
    }

    /// Inputs to begin with, made by our own writers so that they always fit the format that is written.
    ///
    /// - Throws: when a writer refuses, which is a mistake here.
    package func seeds() throws -> [[UInt8]] {
        switch self {
        case .json: jsonSeeds
        case .line: lineSeeds
        case .agent: agentSeeds
        case .syslog: syslogSeeds
        case .batch: batchSeeds()
        case .zstd: try zstdSeeds()
        case .query: querySeeds
        case .search: searchSeeds
        case .journal: journalSeeds()
        case .window: windowSeeds()
        case .segment: try segmentSeeds()
        case .section: try sectionSeeds()
        }
    }
}
