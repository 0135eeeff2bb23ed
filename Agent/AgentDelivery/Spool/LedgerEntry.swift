package import AgentPipeline
import ByteCoding

/// What the ledger of a spool says about a moment: it makes what was appended to the lanes count, all or nothing.
///
/// Version 1, in this order (varints are LEB128):
///
/// | part | content |
/// | --- | --- |
/// | version | byte 1 |
/// | flags | byte: 1 it repeats what all entries before it say that is still needed; 2 it has earlier drops; 4 it has numbers of progress |
/// | ends | varint for each priority, debug first: the last number of its lane that counts |
/// | voids | varint: how many, then for each: priority as a byte, varints of the first number and of how many more |
/// | floors | varint: how many, then for each: priority as a byte, varint of the last number that is dropped |
/// | progress | varint: how many, then for each: varint of its first offset, and the source behind its last line |
/// | drops | varint: how many, then for each: level as a byte, reason (text), varints of events, source, first byte and count of bytes, path (text), zigzag of the earliest time, varint of what the latest is beyond it |
/// | earlier drops | where the flag is set, varint: how many entries, ascending, then for each: varint of its number, and its drops as above |
/// | numbers of progress | where the flag is set, for each of the progress: varint of the entry that said it first |
package struct LedgerEntry: Sendable, Equatable {
    /// By the raw value of ``Priority``: the last number of each lane that counts.
    package var ends: [UInt64]
    /// Numbers of lanes that are not sent: what they were used for never counted, or it is among the drops.
    package var voids: [Void] = []
    /// All up to these numbers of lanes was dropped or acknowledged.
    package var floors: [Floor] = []
    /// How far files are dealt with when all up to ``ends`` is.
    package var progress: [SourceProgress] = []
    /// Where it repeats what others said, the number of the entry that said each of ``progress``; empty otherwise.
    var progressEntries: [UInt64] = []
    /// What was dropped.
    package var drops: [DropNote] = []
    /// What entries before said was dropped, which may have been told under their numbers already.
    package var earlier: [Earlier] = []
    /// Whether it repeats what all before it say: those do not count any more.
    package var isSummary = false

    /// Numbers of a lane.
    package struct Void: Sendable, Equatable {
        var priority: Priority
        var numbers: ClosedRange<UInt64>
    }

    /// A number of a lane.
    package struct Floor: Sendable, Equatable {
        var priority: Priority
        var through: UInt64
    }

    /// What an entry before said was dropped.
    package struct Earlier: Sendable, Equatable {
        var number: UInt64
        var drops: [DropNote]
    }

    static let version: UInt8 = 1
    /// Notes of one entry; more are added up without their files.
    static let dropLimit = 4096

    init(ends: [UInt64]) { self.ends = ends }

    /// How far files are dealt with, but for what entries up to a number have said: what has become of those files since,
    /// that they are gone or moved, must not be undone.
    func progress(behind number: UInt64) -> [SourceProgress] {
        guard progressEntries.count == progress.count else { return progress }
        return zip(progress, progressEntries).filter { $0.1 > number }.map(\.0)
    }

    func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: 64 + progress.count * 96 + drops.count * 64)
        writer.append(Self.version)
        let hasNumbers = !progress.isEmpty && progressEntries.count == progress.count
        writer.append((isSummary ? 1 : 0) | (earlier.isEmpty ? 0 : 2) | (hasNumbers ? 4 : 0))
        for end in ends { writer.append(varint: end) }
        writer.append(varint: UInt64(voids.count))
        for void in voids {
            writer.append(UInt8(void.priority.rawValue))
            writer.append(varint: void.numbers.lowerBound)
            writer.append(varint: void.numbers.upperBound - void.numbers.lowerBound)
        }
        writer.append(varint: UInt64(floors.count))
        for floor in floors {
            writer.append(UInt8(floor.priority.rawValue))
            writer.append(varint: floor.through)
        }
        writer.append(varint: UInt64(progress.count))
        for source in progress { source.write(to: &writer) }
        writer.append(varint: UInt64(drops.count))
        for drop in drops { drop.write(to: &writer) }
        if !earlier.isEmpty {
            writer.append(varint: UInt64(earlier.count))
            for report in earlier {
                writer.append(varint: report.number)
                writer.append(varint: UInt64(report.drops.count))
                for drop in report.drops { drop.write(to: &writer) }
            }
        }
        if hasNumbers { for number in progressEntries { writer.append(varint: number) } }
        return writer.array()
    }

    /// - Throws: when the bytes are of another version, or not what this made.
    init(_ payload: [UInt8]) throws(ByteCodingError) {
        self = try payload.span.bytes.withUnsafeBytes { (raw) throws(ByteCodingError) in
            var reader = ByteReader(raw)
            return try LedgerEntry(from: &reader)
        }
    }

    private init(from reader: inout ByteReader) throws(ByteCodingError) {
        guard try reader.byte() == Self.version else {
            throw .invalid(offset: 0, what: "unknown version of a ledger entry")
        }
        let flags = try reader.byte()
        isSummary = flags & 1 == 1
        ends = []
        for _ in Priority.allCases { ends.append(try reader.varint()) }
        for _ in 0..<(try reader.count(limit: reader.remaining)) {
            let priority = try Self.priority(&reader)
            let first = try reader.varint()
            let (last, overflow) = first.addingReportingOverflow(try reader.varint())
            guard !overflow else { throw .invalid(offset: reader.offset, what: "numbers over 2^64") }
            voids.append(Void(priority: priority, numbers: first...last))
        }
        for _ in 0..<(try reader.count(limit: reader.remaining)) {
            floors.append(Floor(priority: try Self.priority(&reader), through: try reader.varint()))
        }
        for _ in 0..<(try reader.count(limit: min(1 << 20, reader.remaining))) {
            progress.append(try SourceProgress(from: &reader, hasCursor: true))
        }
        drops = try Self.drops(&reader)
        if flags & 2 == 2 {
            for _ in 0..<(try reader.count(limit: reader.remaining)) {
                earlier.append(Earlier(number: try reader.varint(), drops: try Self.drops(&reader)))
            }
        }
        if flags & 4 == 4 { for _ in progress { progressEntries.append(try reader.varint()) } }
    }

    private static func drops(_ reader: inout ByteReader) throws(ByteCodingError) -> [DropNote] {
        var drops: [DropNote] = []
        for _ in 0..<(try reader.count(limit: reader.remaining)) { drops.append(try DropNote(from: &reader)) }
        return drops
    }

    private static func priority(_ reader: inout ByteReader) throws(ByteCodingError) -> Priority {
        guard let priority = Priority(rawValue: Int(try reader.byte())) else {
            throw .invalid(offset: reader.offset, what: "no priority")
        }
        return priority
    }
}
