import ByteCoding
import Journal
import LogModel
import StoreFormat
import SystemIO
import TestSupport
import Testing

/// A data directory with one segment of two blocks (positions 1 to 70,000, one event each) and a journal of five records
/// behind it.
final class DataFolder {
    private let directory: TemporaryDirectory
    var path: String { directory.path }
    static let rows = 70_000
    let segmentName = "00000000000001-00000000070000-000000.segment"
    var segment: String { "\(path)/segments/\(segmentName)" }
    var footer: SegmentFooter

    init() throws {
        directory = try TemporaryDirectory()
        var builder = SegmentBuilder()
        var events = EventBatchBuilder(labels: [.init("service", "cart")])
        let name = events.name("code")
        for row in 0..<Self.rows {
            Array("c\(row % 7)".utf8).withUnsafeBytes { events.add(field: name, value: $0) }
            Array("event \(row)".utf8).withUnsafeBytes {
                events.endEvent(time: Timestamp(nanoseconds: Int64(row)), level: .info, message: $0)
            }
        }
        try builder.append(
            events.finish(), ids: (0..<Self.rows).map { RowID.make(position: UInt64($0 + 1), row: 0) },
            ingestBounds: 0...1)
        footer = try builder.finish()
        try FileSystem.createDirectory("\(path)/segments")
        let file = try OpenFile(segment, .createNew)
        try builder.output.withPending { try file.write($0) }

        let options = JournalOptions(fileBytes: 4096, leastNext: UInt64(Self.rows + 1))
        let journal = try JournalDirectory("\(directory.path)/journal", options: options)
        let writer = JournalWriter(journal)
        for number in 1...5 {
            try writer.append(JournalRecord(ingestTime: Int64(number), payload: [UInt8](repeating: 7, count: 900)))
            try writer.commit()
        }
        try journal.cursor(named: "indexer").store(UInt64(Self.rows + 1))
        journal.release()
    }

    /// Changes one byte of a file.
    func flip(_ file: String, at offset: Int) throws {
        let opened = try OpenFile(file, .readWrite)
        try opened.write(try opened.bytes(at: offset, count: 1).map { ~$0 }, at: offset)
    }

    /// All files and their bytes, the quarantine left out.
    func content() throws -> [String: [UInt8]] {
        var result: [String: [UInt8]] = [:]
        for folder in ["segments", "journal"] {
            for name in try FileSystem.list("\(path)/\(folder)") where name.contains(".") {
                result["\(folder)/\(name)"] = try FileSystem.contents("\(path)/\(folder)/\(name)", limit: 1 << 30)
            }
        }
        return result
    }
}
