package import AgentPipeline
import ByteCoding
import Journal
package import LogModel
import SystemIO

/// Events of one level and one file that were dropped, or that the collector refused; or bytes that nobody has read
/// events from, which is told by 0 events.
package struct DropNote: Sendable, Equatable {
    /// Their level.
    package var level: Level
    /// Why, as a word.
    package var reason: String
    /// How many.
    package var events: Int
    /// The number of the source, 0 when they come from no file.
    package var source: UInt64
    /// The file's path, empty when they come from no file.
    package var path: String
    /// The bytes of the file between which they lie; without events, as many as are gone, as far as known.
    package var bytes: Range<Int>
    /// Their earliest and latest time; of all events of this level that went at once. Without events, when it was written
    /// at the earliest and the latest.
    package var times: ClosedRange<Timestamp>

    /// Makes a note.
    package init(
        level: Level, reason: String, events: Int, source: UInt64 = 0, path: String = "", bytes: Range<Int> = 0..<0,
        times: ClosedRange<Timestamp>
    ) {
        self.level = level
        self.reason = reason
        self.events = events
        self.source = source
        self.path = path
        self.bytes = bytes
        self.times = times
    }

    /// Notes bytes that are gone and that nobody has read events from; an empty path where they were in no file.
    package init(lost bytes: Int, reason: String, path: String = "", times: ClosedRange<Timestamp>) {
        self.init(
            level: .unknown, reason: reason, events: 0, source: 0, path: path, bytes: 0..<max(0, bytes), times: times)
    }

    /// Notes batches that a damaged spool has lost.
    init(_ damage: JournalDamage) {
        let end = damage.notAfter ?? SystemClock.wallNanos()
        // Batches are spooled a moment after their lines were read; what the lines say nobody knows.
        let start = min(damage.notBefore ?? end, end)
        self.init(
            lost: damage.length, reason: "spool_damaged",
            times: Timestamp(nanoseconds: start)...Timestamp(nanoseconds: end))
    }

    /// Adds what went for the same reason.
    mutating func add(_ other: DropNote) {
        if events == 0, other.events == 0 {
            let (sum, overflow) = bytes.count.addingReportingOverflow(other.bytes.count)
            bytes = 0..<(overflow ? .max : sum)
        } else {
            bytes = bytes.joined(with: other.bytes)
        }
        events += other.events
        times = times.joined(with: other.times)
    }
}

/// What the ledger of a spool says about a moment: it makes what was appended to the lanes count, all or nothing.
///
/// Version 1, in this order (varints are LEB128):
///
/// | part | content |
/// | --- | --- |
/// | version | byte 1 |
/// | flags | byte: 1 it repeats what all entries before it say that is still needed |
/// | ends | varint for each priority, debug first: the last number of its lane that counts |
/// | voids | varint: how many, then for each: priority as a byte, varints of the first number and of how many more |
/// | floors | varint: how many, then for each: priority as a byte, varint of the last number that is dropped |
/// | progress | varint: how many, then for each: varint of its first offset, and the source behind its last line |
/// | drops | varint: how many, then for each: level as a byte, reason (text), varints of events, source, first byte and count of bytes, path (text), zigzag of the earliest time, varint of what the latest is beyond it |
package struct LedgerEntry: Sendable, Equatable {
    /// By the raw value of ``Priority``: the last number of each lane that counts.
    package var ends: [UInt64]
    /// Numbers of lanes that were used for something that never counted.
    package var voids: [Void] = []
    /// All up to these numbers of lanes was dropped or acknowledged.
    package var floors: [Floor] = []
    /// How far files are dealt with when all up to ``ends`` is.
    package var progress: [SourceProgress] = []
    /// What was dropped.
    package var drops: [DropNote] = []
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

    static let version: UInt8 = 1
    /// Notes of one entry; more are added up without their files.
    static let dropLimit = 4096

    init(ends: [UInt64]) { self.ends = ends }

    func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: 64 + progress.count * 96 + drops.count * 64)
        writer.append(Self.version)
        writer.append(isSummary ? 1 : 0)
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
        for drop in drops {
            writer.append(drop.level.rawValue)
            writer.append(lengthPrefixed: drop.reason)
            writer.append(varint: UInt64(drop.events))
            writer.append(varint: drop.source)
            writer.append(varint: UInt64(drop.bytes.lowerBound))
            writer.append(varint: UInt64(drop.bytes.count))
            writer.append(lengthPrefixed: drop.path)
            writer.append(times: drop.times)
        }
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
        isSummary = try reader.byte() & 1 == 1
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
        for _ in 0..<(try reader.count(limit: reader.remaining)) {
            let level = try reader.level()
            let reason = try reader.lengthPrefixedString()
            let events = try reader.count(limit: Int.max)
            let source = try reader.varint()
            let bytes = try reader.byteRange()
            let path = try reader.lengthPrefixedString()
            drops.append(
                DropNote(
                    level: level, reason: reason, events: events, source: source, path: path, bytes: bytes,
                    times: try reader.times()))
        }
    }

    private static func priority(_ reader: inout ByteReader) throws(ByteCodingError) -> Priority {
        guard let priority = Priority(rawValue: Int(try reader.byte())) else {
            throw .invalid(offset: reader.offset, what: "no priority")
        }
        return priority
    }
}
