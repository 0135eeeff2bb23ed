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
    /// The file under `quarantine/` with a copy of the bytes; nil when there are none or no copy could be made.
    package var quarantined: String?
    /// Whether it is the end of the journal that was cut off: writing was interrupted there.
    package var isTornTail: Bool

    /// A sentence without a full stop.
    package var description: String {
        let place = "journal: \(reason.rawValue) in \(file) at offset \(offset), \(length) bytes"
        let numbers = lost.isEmpty ? "no records lost" : "records \(lost.lowerBound) to \(lost.upperBound - 1) lost"
        let copy = quarantined.map { ", copied to \($0)" } ?? ""
        return isTornTail ? "\(place): an interrupted write was cut off\(copy)" : "\(place): \(numbers)\(copy)"
    }
}
