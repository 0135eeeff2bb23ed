import ByteCoding
import LineFormats

/// Chooses what is read of an entry, and writes it down: the Journal Export Format, the cursor first, with
/// `LODGE_TRUNCATED` for each field that was cut. Belongs to one thread; nothing is allocated for an entry.
struct JournalRecordWriter: ~Copyable {
    /// The most bytes of a record.
    let maxRecordBytes: Int
    private let others: [[UInt8]]
    private let takesAll: Bool
    private let own: [OwnField]
    /// All fields of each list, a bit for each.
    private let missing: [UInt64]
    private var record = ByteWriter(capacity: 4 << 10)
    private var message = 0
    private var rest = 0
    private var isOwn = false
    /// Those of them that the entry has not shown yet.
    private var lacking: [UInt64]

    /// One of the fields that make an entry the agent's own when it has all those of a list.
    private struct OwnField {
        var text: [UInt8]
        var list: Int
        var bit: UInt64
    }

    /// Of fields other than the message together.
    private static let otherBytes = 64 << 10
    /// Of one of them.
    private static let fieldBytes = 16 << 10
    /// For what systemd says of the entry and a truncated message's mark.
    private static let headBytes = 1 << 10

    /// What systemd adds and is of use; all else that begins with `_` is the same for all entries of a program, or of the
    /// machine.
    private static let usual: [StaticString] = [
        "_PID", "_COMM", "_HOSTNAME", "_SYSTEMD_UNIT", "_SYSTEMD_USER_UNIT", "_TRANSPORT",
        "_SOURCE_REALTIME_TIMESTAMP",
    ]
    /// What the message says again, or is no text at all.
    private static let unwanted: [StaticString] = ["SYSLOG_RAW", "SYSLOG_TIMESTAMP", "COREDUMP"]

    /// Makes a writer.
    ///
    /// - Parameters:
    ///   - fields: names of further fields; `all` stands for all.
    ///   - own: lists of at most 64 fields, `NAME=value`: an entry that has all of one list is the agent's own.
    ///   - maxRecordBytes: the most bytes of a record, at least 128 KiB.
    init(fields: [String], own: [[String]], maxRecordBytes: Int) {
        precondition(maxRecordBytes >= 128 << 10, "a record needs room")
        self.maxRecordBytes = maxRecordBytes
        others = fields.map { Array($0.utf8) }
        takesAll = fields.contains("all")
        self.own = own.enumerated().flatMap { list, fields in
            fields.enumerated().map { OwnField(text: Array($1.utf8), list: list, bit: 1 << UInt64($0)) }
        }
        missing = own.map { $0.isEmpty ? .max : $0.indices.reduce(0) { $0 | 1 << UInt64($1) } }
        lacking = missing
    }

    /// Begins an entry.
    mutating func begin(cursor: String, realtime: UInt64) {
        record.removeAll()
        message = 0
        rest = JournalRecordWriter.otherBytes
        isOwn = false
        for list in missing.indices { lacking[list] = missing[list] }
        JournalRecord.cursorName.withUTF8Buffer { record.append(contentsOf: UnsafeRawBufferPointer($0)) }
        record.append(utf8: cursor)
        record.append(utf8: "\n__REALTIME_TIMESTAMP=")
        record.append(utf8: String(realtime))
        record.append(0x0A)
    }

    /// Takes a field of the entry, `NAME=value`.
    mutating func add(_ field: UnsafeRawBufferPointer) {
        guard !isOwn, let equals = field.firstIndex(of: 0x3D), equals > 0 else { return }
        for known in own where known.text.elementsEqual(field) {
            lacking[known.list] &= ~known.bit
            if lacking[known.list] == 0 { isOwn = true }
        }
        let name = UnsafeRawBufferPointer(rebasing: field[..<equals])
        var value = UnsafeRawBufferPointer(rebasing: field[(equals + 1)...])
        guard wants(name) else { return }
        let isMessage = equal(name, "MESSAGE")
        let room =
            isMessage
            ? maxRecordBytes - JournalRecordWriter.otherBytes - JournalRecordWriter.headBytes - message
            : min(JournalRecordWriter.fieldBytes, rest - name.count - 64)
        if value.count > room {
            guard room > 0 else { return }
            value = UnsafeRawBufferPointer(rebasing: value[..<room])
            record.append(utf8: "LODGE_TRUNCATED=")
            record.append(contentsOf: name)
            record.append(0x0A)
        }
        if isMessage { message += value.count } else { rest -= value.count + name.count + 64 }
        JournalExportReader.append(name: name, value: value, to: &record)
    }

    /// Appends the record, unless the entry is the agent's own.
    ///
    /// - Returns: whether it was appended.
    func finish(into bytes: inout [UInt8]) -> Bool {
        if isOwn { return false }
        record.withBytes { bytes.append(contentsOf: $0) }
        return true
    }

    private func wants(_ name: UnsafeRawBufferPointer) -> Bool {
        if takesAll { return true }
        if name[0] != 0x5F { return !JournalRecordWriter.unwanted.contains { equal(name, $0) } }
        return JournalRecordWriter.usual.contains { equal(name, $0) } || others.contains { $0.elementsEqual(name) }
    }

    private func equal(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        bytes.count == text.utf8CodeUnitCount && text.withUTF8Buffer { bytes.elementsEqual($0) }
    }
}
