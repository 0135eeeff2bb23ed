import ByteCoding
import LineFormats
import LogModel

/// How a body of JSON is read: all that decides, with the arrival, what events it becomes. A journal record that keeps a
/// body as it came keeps this too, so that it is read back as it was read first.
struct JSONBody: Sendable, Equatable {
    /// Where in the body the events are. The numbers are written into files.
    enum Layout: UInt8, Sendable {
        /// One object a line.
        case lines = 1
        /// `{"source":{...},"logs":[...]}`
        case document = 2
    }

    /// Which members of an entry of `logs` have a meaning.
    static let documentKeys = JSONEventDecoder.Keys(
        time: ["ts", "timestamp", FieldName.time], message: ["msg", "message", FieldName.message],
        labels: FieldName.defaultStreamLabels, unwrapping: "meta")

    var layout: Layout
    var keys: JSONEventDecoder.Keys
    var limits: IngestLimits

    /// Reads the events of a body.
    ///
    /// - Parameters:
    ///   - content: the body, decompressed.
    ///   - arrival: the time of events that bring none.
    ///   - builder: builds the batch; what it holds is forgotten.
    ///   - rejections: gets the events that are not taken.
    /// - Returns: the batch.
    /// - Throws: ``IngestProblem`` when the body as a whole cannot be taken.
    func decode(
        _ content: UnsafeRawBufferPointer, arrival: Timestamp, with builder: inout EventBatchBuilder,
        rejections: inout Rejections
    ) throws(IngestProblem) -> EventBatch {
        switch layout {
        case .lines:
            try decodeJSONLines(
                content, keys: keys, limits: limits, arrival: arrival, with: &builder, rejections: &rejections)
        case .document:
            try JSONBodyDecoder(keys: keys, limits: limits, arrival: arrival).decode(
                content, with: &builder, rejections: &rejections)
        }
    }
}

// MARK: Bytes, as docs/format.md has them

extension JSONBody {
    private static let version: UInt8 = 1
    private static let rejectsUnreadableTime: UInt8 = 1
    private static let unwraps: UInt8 = 2

    /// Appends how the body is read.
    func write(to writer: inout ByteWriter) {
        writer.append(Self.version)
        writer.append(layout.rawValue)
        writer.append(varint: UInt64(limits.eventBytes))
        for names in [keys.time, keys.message, keys.level, keys.labels] {
            writer.append(varint: UInt64(names.count))
            for name in names { writer.append(lengthPrefixed: name) }
        }
        writer.append(
            (keys.rejectsUnreadableTime ? Self.rejectsUnreadableTime : 0) | (keys.unwrapped == nil ? 0 : Self.unwraps))
        guard let unwrapped = keys.unwrapped else { return }
        unwrapped.withUnsafeBytes { writer.append(lengthPrefixed: $0) }
    }

    /// Reads what ``write(to:)`` wrote.
    init(from reader: inout ByteReader) throws(ByteCodingError) {
        guard try reader.byte() == Self.version else {
            throw .invalid(offset: reader.offset, what: "no body of a known version")
        }
        guard let layout = Layout(rawValue: try reader.byte()) else {
            throw .invalid(offset: reader.offset, what: "layout of the body is unknown")
        }
        self.layout = layout
        limits = IngestLimits()
        // The body was within the limit when it was taken.
        limits.batchEvents = IngestLimits.mostEvents
        limits.eventBytes = try reader.count(limit: .max)
        keys = JSONEventDecoder.Keys()
        keys.time = try Self.names(&reader)
        keys.message = try Self.names(&reader)
        keys.level = try Self.names(&reader)
        keys.labels = try Self.names(&reader)
        let flags = try reader.byte()
        guard flags & ~(Self.rejectsUnreadableTime | Self.unwraps) == 0 else {
            throw .invalid(offset: reader.offset, what: "flag of the body is unknown")
        }
        keys.rejectsUnreadableTime = flags & Self.rejectsUnreadableTime != 0
        keys.unwrapped = flags & Self.unwraps != 0 ? Array(try reader.lengthPrefixed()) : nil
    }

    private static func names(_ reader: inout ByteReader) throws(ByteCodingError) -> [String] {
        let count = try reader.count(limit: reader.remaining)
        var names: [String] = []
        for _ in 0..<count { names.append(try reader.lengthPrefixedString()) }
        return names
    }
}
