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
        self.init(damaged: damage.length, from: damage.notBefore, to: damage.notAfter)
    }

    /// Notes bytes of batches that a damaged spool has lost.
    ///
    /// - Parameters:
    ///   - bytes: how many, as far as known.
    ///   - start: when the first was spooled at the earliest, nanoseconds; nil when nobody knows.
    ///   - end: when the last was at the latest.
    init(damaged bytes: Int, from start: Int64?, to end: Int64?) {
        let end = end ?? SystemClock.wallNanos()
        // Batches are spooled a moment after their lines were read; what the lines say nobody knows.
        let start = min(start ?? end, end)
        self.init(
            lost: bytes, reason: "spool_damaged",
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
        let (sum, overflow) = events.addingReportingOverflow(other.events)
        events = overflow ? .max : sum
        times = times.joined(with: other.times)
    }

    // MARK: Coding

    /// Reads what ``write(to:)`` wrote.
    init(from reader: inout ByteReader) throws(ByteCodingError) {
        level = try reader.level()
        reason = try reader.lengthPrefixedString()
        events = try reader.count(limit: Int.max)
        source = try reader.varint()
        bytes = try reader.byteRange()
        path = try reader.lengthPrefixedString()
        times = try reader.times()
    }

    /// Appends what the table of ``LedgerEntry`` says of drops.
    func write(to writer: inout ByteWriter) {
        writer.append(level.rawValue)
        writer.append(lengthPrefixed: reason)
        writer.append(varint: UInt64(events))
        writer.append(varint: source)
        writer.append(varint: UInt64(bytes.lowerBound))
        writer.append(varint: UInt64(bytes.count))
        writer.append(lengthPrefixed: path)
        writer.append(times: times)
    }
}
