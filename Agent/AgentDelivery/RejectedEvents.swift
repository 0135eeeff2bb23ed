import LineFormats
import LogModel
import SystemIO

/// Single events that the collector did not take, one JSON object a line, with the reason. Bounded: a full file is kept
/// as the one before, whose predecessor goes.
final class RejectedEvents {
    private let directory: String
    private let limitBytes: Int

    /// Keeps at most two files of `limitBytes` in a directory, which is made with the first event.
    init(_ directory: String, limitBytes: Int = 8 << 20) {
        self.directory = directory
        self.limitBytes = limitBytes
    }

    /// Where the newest are.
    var path: String { "\(directory)/events.ndjson" }

    /// Appends events; durable when it returns.
    ///
    /// - Throws: `IOError` when they cannot be written.
    func put(_ rejected: [RejectedEvent], of batch: EventBatch, _ record: SpoolRecord) throws(IOError) {
        var lines: [UInt8] = []
        for event in rejected where batch.timestamps.indices.contains(event.index) {
            lines += Self.document(event, batch, record).bytes + [0x0A]
        }
        if lines.isEmpty || lines.count > limitBytes { return }
        try FileSystem.createDirectory(directory)
        var size = try FileSystem.status(path)?.size ?? 0
        if size + lines.count > limitBytes, size > 0 {
            try FileSystem.rename(path, to: path + ".1")
            size = 0
        }
        let file = try OpenFile(path, .create)
        try file.write(lines, at: size)
        try file.sync()
        try FileSystem.syncDirectory(directory)
    }

    private static func document(_ event: RejectedEvent, _ batch: EventBatch, _ record: SpoolRecord) -> JSONValue {
        let row = event.index
        func text(_ range: ByteRange) -> JSONValue { .string(String(decoding: batch.bytes(of: range), as: UTF8.self)) }
        let fields = batch.fields[Int(batch.fieldStarts[row])..<Int(batch.fieldStarts[row + 1])]
        return .object([
            .init("reason", .string(event.reason)), .init("epoch", .integer(record.epoch)),
            .init("sequence", .integer(record.sequence)), .init("index", .integer(row)),
            .init("time", .string(Timestamp(nanoseconds: batch.timestamps[row]).description)),
            .init("level", .string((Level(rawValue: batch.levels[row]) ?? .unknown).name)),
            .init("message", text(batch.messages[row])),
            .init(
                "fields",
                .object(fields.map { .init(batch.fieldNames[Int($0.name)], text($0.value)) })),
        ])
    }
}
