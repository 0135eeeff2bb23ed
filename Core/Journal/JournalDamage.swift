/// Bytes of the journal that are no record, and the records that are missing because of them.
package struct JournalDamage: Sendable, Equatable, CustomStringConvertible {
    /// What was found.
    package enum Reason: String, Sendable {
        /// The header of the file is wrong; its records are read all the same.
        case fileHeader = "the file header is damaged"
        /// The bytes are no record header.
        case recordHeader = "a record header is damaged"
        /// The header of a record is good, its content is not.
        case content = "the content of a record is damaged"
        /// A record, or several, end with the file too early.
        case incomplete = "the file ends within a record"
        /// The numbers go on higher than they should, without bytes in between.
        case missing = "records are missing"
        /// The disk does not give the bytes.
        case unreadable = "the bytes cannot be read from the disk"
        /// A cursor file has no valid content.
        case cursor = "the cursor is damaged and starts again from the oldest record"
    }

    /// What was found.
    package var reason: Reason
    /// The path of the file.
    package var file: String
    /// Where the bytes begin.
    package var offset: Int
    /// How many bytes; 0 when records are missing without any.
    package var length: Int
    /// The numbers of the records that are lost; may be empty.
    package var lost: Range<JournalPosition>
    /// The latest arrival time known to be before the lost records, nanoseconds since the epoch.
    package var notBefore: Int64?
    /// The earliest arrival time known to be after the lost records.
    package var notAfter: Int64?
    /// Whose records were lost: the tenant of the good records next to them, nil when these have different ones.
    package var tenant: String?
    /// The file under `quarantine/` with a copy of the bytes; empty when there are none; nil when no copy could be made.
    package var quarantined: String?
    /// Whether it is the end of the journal that was cut off: writing was interrupted there.
    package var isTornTail: Bool

    /// Makes the report of a gap.
    ///
    /// - Parameters:
    ///   - gap: what was found.
    ///   - file: the path of the file.
    ///   - bound: the number after the last lost record where the gap does not know it.
    ///   - isTornTail: whether it is an interrupted write at the end of the journal.
    init(_ gap: JournalScanner.Gap, in file: String, bound: JournalPosition, isTornTail: Bool = false) {
        reason = gap.reason
        self.file = file
        offset = gap.offset
        length = gap.length
        lost = gap.firstLost..<max(gap.firstLost, gap.endLost ?? bound)
        notBefore = gap.notBefore
        notAfter = gap.notAfter
        tenant = gap.tenant
        self.isTornTail = isTornTail
    }

    /// The damaged header of a file; of a last file without records it is one whose beginning was interrupted.
    init(headerOf file: JournalDirectory.File, isTornTail: Bool) {
        reason = .fileHeader
        self.file = file.path
        offset = 0
        length = min(JournalFormat.fileHeaderBytes, file.committedBytes)
        lost = file.first..<file.first
        self.isTornTail = isTornTail
    }

    /// Records that a consumer has not passed and that stood in files before the first one; nil when there are none.
    init?(before first: JournalDirectory.File?, slowestCursor: JournalPosition?) {
        guard let first, let slowestCursor, slowestCursor < first.first else { return nil }
        reason = .missing
        file = first.path
        offset = 0
        length = 0
        lost = slowestCursor..<first.first
        notAfter = first.begunTime
        isTornTail = false
    }

    /// A cursor without valid content.
    init(cursor file: String) {
        reason = .cursor
        self.file = file
        offset = 0
        length = 0
        lost = 1..<1
        isTornTail = false
    }

    /// A sentence without a full stop.
    package var description: String {
        let place = "journal: \(reason.rawValue) in \(file) at offset \(offset), \(length) bytes"
        let numbers = lost.isEmpty ? "no records lost" : "records \(lost.lowerBound) to \(lost.upperBound - 1) lost"
        let copy = quarantined.map { ", copied to \($0)" } ?? ""
        return isTornTail ? "\(place): an interrupted write was cut off\(copy)" : "\(place): \(numbers)\(copy)"
    }
}
