package import AgentPipeline
import ByteCoding
import Journal
package import LogModel

/// Events of one level in a spooled batch.
package struct LevelSummary: Sendable, Equatable {
    /// Their level.
    package var level: Level
    /// How many.
    package var events: Int
    /// Their earliest and latest time.
    package var times: ClosedRange<Timestamp>
}

/// Events of one file in a spooled batch.
package struct SourceShare: Sendable, Equatable {
    /// The number of the source; 0 for events that come from no file.
    package var source: UInt64
    /// The file's path; empty for events that come from no file.
    package var path: String
    /// The bytes of the file that they were read from. Lines of other priorities may lie between.
    package var bytes: Range<Int>
    /// How many events of each level, by its raw value.
    package var events: [Int]
}

/// A batch as it lies in the spool: what it is called, which lines of files it stands for, and what is sent.
///
/// Its payload, version 2, is in this order (varints are LEB128):
///
/// | part | content |
/// | --- | --- |
/// | version | byte 2 |
/// | events | varint: how many events |
/// | content bytes | varint: length of the batch before compression |
/// | levels | varint: how many, then for each: its raw value as a byte, varint of events, zigzag of the earliest time and varint of what the latest is beyond it |
/// | sources | varint: how many, then for each: varints of its number, of the first byte and of the count of bytes, its path behind a varint length, varint of levels, then for each its raw value as a byte and varint of events |
/// | batch | the encoded batch as one zstd frame, up to the end |
///
/// Version 1 holds events of all levels. Instead of levels and sources it has: varint of sources, then for each varint of
/// its first offset, and the state behind its last line.
package struct SpoolRecord: Sendable {
    /// The number of the record in its journal.
    package var position: UInt64
    /// Who made it.
    package var agent: String
    /// Under which epoch it is sent.
    package var epoch: UInt64
    /// Its number in the epoch.
    package var sequence: UInt64
    /// How many events it holds.
    package var events: Int
    /// The length of the batch before compression.
    package var contentBytes: Int
    /// Its events by level, ascending; none in version 1.
    package var levels: [LevelSummary]
    /// Its events by file; none in version 1.
    package var shares: [SourceShare]
    /// How far the files are dealt with when it is; none since version 2, where the ledger tells it.
    package var progress: [SourceProgress]
    /// The record's payload; what is sent begins at ``bodyStart``.
    package var payload: [UInt8]
    /// Where the zstd frame begins in ``payload``.
    package var bodyStart: Int

    static let version: UInt8 = 2
    /// More files than this have no new lines in one batch.
    static let progressLimit = 1 << 16

    /// Lends the zstd frame.
    package func withBody<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try payload.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[bodyStart...])) }
    }

    /// Appends everything in front of the frame.
    static func writeHead(
        events: Int, contentBytes: Int, levels: [LevelSummary], shares: [SourceShare], to writer: inout ByteWriter
    ) {
        writer.append(version)
        writer.append(varint: UInt64(events))
        writer.append(varint: UInt64(contentBytes))
        writer.append(varint: UInt64(levels.count))
        for summary in levels {
            writer.append(summary.level.rawValue)
            writer.append(varint: UInt64(summary.events))
            writer.append(times: summary.times)
        }
        writer.append(varint: UInt64(shares.count))
        for share in shares {
            writer.append(varint: share.source)
            writer.append(varint: UInt64(share.bytes.lowerBound))
            writer.append(varint: UInt64(share.bytes.count))
            writer.append(lengthPrefixed: share.path)
            let present = share.events.enumerated().filter { $0.element > 0 }
            writer.append(varint: UInt64(present.count))
            for (level, events) in present {
                writer.append(UInt8(truncatingIfNeeded: level))
                writer.append(varint: UInt64(events))
            }
        }
    }

    /// Reads a record of one of the spool's journals.
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
        let head = try record.payload.span.bytes.withUnsafeBytes { (raw) throws(ByteCodingError) in
            var reader = ByteReader(raw)
            return try Head(from: &reader)
        }
        events = head.events
        contentBytes = head.contentBytes
        levels = head.levels
        shares = head.shares
        progress = head.progress
        bodyStart = head.end
    }

    private struct Head {
        var events: Int
        var contentBytes: Int
        var levels: [LevelSummary] = []
        var shares: [SourceShare] = []
        var progress: [SourceProgress] = []
        var end: Int

        init(from reader: inout ByteReader) throws(ByteCodingError) {
            let version = try reader.byte()
            guard version == 1 || version == SpoolRecord.version else {
                throw .invalid(offset: 0, what: "unknown version of a spooled batch")
            }
            events = try reader.count(limit: Int.max)
            contentBytes = try reader.count(limit: Int.max)
            end = 0
            if version == 1 {
                let count = try reader.count(limit: min(SpoolRecord.progressLimit, reader.remaining))
                for _ in 0..<count { progress.append(try SourceProgress(from: &reader, hasCursor: false)) }
            } else {
                let levelCount = try reader.count(limit: Level.allCases.count)
                for _ in 0..<levelCount {
                    levels.append(
                        LevelSummary(
                            level: try reader.level(), events: try reader.count(limit: Int.max),
                            times: try reader.times()))
                }
                let count = try reader.count(limit: min(SpoolRecord.progressLimit, reader.remaining))
                for _ in 0..<count { shares.append(try SourceShare(from: &reader)) }
            }
            end = reader.offset
        }
    }
}

extension SourceShare {
    fileprivate init(from reader: inout ByteReader) throws(ByteCodingError) {
        source = try reader.varint()
        bytes = try reader.byteRange()
        path = try reader.lengthPrefixedString()
        events = [Int](repeating: 0, count: Level.allCases.count)
        let count = try reader.count(limit: Level.allCases.count)
        for _ in 0..<count {
            let level = try reader.level()
            events[Int(level.rawValue)] = try reader.count(limit: Int.max)
        }
    }
}
