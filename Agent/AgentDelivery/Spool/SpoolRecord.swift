package import AgentPipeline
import ByteCoding
import Journal

/// A batch as it lies in the spool: what it is called, which bytes of files it stands for, and what is sent.
///
/// Its payload, version 1, is in this order (varints are LEB128):
///
/// | part | content |
/// | --- | --- |
/// | version | byte 1 |
/// | events | varint: how many events |
/// | content bytes | varint: length of the batch before compression |
/// | sources | varint: how many, then for each: varint of its first offset, and the state behind its last line |
/// | batch | the encoded batch as one zstd frame, up to the end |
package struct SpoolRecord: Sendable {
    /// The number of the record in the spool.
    package var position: UInt64
    /// Who made it.
    package var agent: String
    /// In which epoch of the agent.
    package var epoch: UInt64
    /// Its number in the epoch.
    package var sequence: UInt64
    /// How many events it holds.
    package var events: Int
    /// The length of the batch before compression.
    package var contentBytes: Int
    /// Which bytes of which files.
    package var progress: [SourceProgress]
    /// The record's payload; what is sent begins at ``bodyStart``.
    package var payload: [UInt8]
    /// Where the zstd frame begins in ``payload``.
    package var bodyStart: Int

    static let version: UInt8 = 1
    /// More files than this have no new lines in one batch.
    static let progressLimit = 1 << 16

    /// Lends the zstd frame.
    package func withBody<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try payload.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[bodyStart...])) }
    }

    /// Appends everything in front of the frame.
    static func writeHead(
        events: Int, contentBytes: Int, progress: [SourceProgress], to writer: inout ByteWriter
    ) {
        writer.append(version)
        writer.append(varint: UInt64(events))
        writer.append(varint: UInt64(contentBytes))
        writer.append(varint: UInt64(progress.count))
        for source in progress {
            writer.append(varint: UInt64(source.from))
            source.state.write(to: &writer)
        }
    }

    /// Reads a record of the spool's journal.
    ///
    /// - Throws: `ByteCodingError` when the payload is of another version or not what this made. The journal's
    ///   checksums see to damage, so that this is a fault of a program.
    init(_ committed: CommittedRecord) throws(ByteCodingError) {
        let record = committed.record
        position = committed.position
        agent = record.agent
        epoch = record.epoch
        sequence = record.sequence
        payload = record.payload
        (events, contentBytes, progress, bodyStart) = try record.payload.span.bytes.withUnsafeBytes {
            (raw) throws(ByteCodingError) in
            var reader = ByteReader(raw)
            guard try reader.byte() == SpoolRecord.version else {
                throw .invalid(offset: 0, what: "unknown version of a spooled batch")
            }
            let events = try reader.count(limit: Int.max)
            let contentBytes = try reader.count(limit: Int.max)
            let count = try reader.count(limit: min(SpoolRecord.progressLimit, reader.remaining))
            var progress: [SourceProgress] = []
            for _ in 0..<count {
                let from = try reader.count(limit: Int.max)
                progress.append(SourceProgress(from: from, state: try SourceState(from: &reader)))
            }
            return (events, contentBytes, progress, reader.offset)
        }
    }
}
