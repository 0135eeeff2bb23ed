/// A run of bytes in an arena: offset and length in 32 bits each, so an arena holds at most 4 GiB.
@frozen
public struct ByteRange: Equatable, Sendable {
    /// Where the run starts.
    public var offset: UInt32
    /// How many bytes it has.
    public var length: UInt32

    /// Makes a run.
    @inlinable
    public init(offset: Int, length: Int) {
        self.offset = UInt32(truncatingIfNeeded: offset)
        self.length = UInt32(truncatingIfNeeded: length)
    }

    /// The first index past the run.
    @inlinable
    public var end: Int { Int(offset) + Int(length) }
}

/// One field of one event: a name from the batch's table and a run of the batch's arena.
@frozen
public struct FieldEntry: Equatable, Sendable {
    /// Index into ``EventBatch/fieldNames``.
    public var name: UInt32
    /// The value's bytes.
    public var value: ByteRange

    /// Makes a field.
    @inlinable
    public init(name: UInt32, value: ByteRange) {
        self.name = name
        self.value = value
    }
}

/// Some events, in columns over one arena of bytes. Immutable, and shared between threads freely.
///
/// Row `r` has the time `timestamps[r]`, the normalised level `levels[r]`, the stream `streams[streamIndexes[r]]`, the
/// message `messages[r]`, and the fields `fields[fieldStarts[r] ..< fieldStarts[r + 1]]`. Labels of the stream are not
/// repeated among the fields. Values are bytes as they came; names of fields are text.
///
/// Every index and range has been checked when the batch was built or decoded, so readers need not check again.
public final class EventBatch: Sendable {
    /// Nanoseconds since the epoch, one a row.
    public let timestamps: [Int64]
    /// Raw values of ``Level``, one a row.
    public let levels: [UInt8]
    /// Index into ``streams``, one a row.
    public let streamIndexes: [UInt32]
    /// The streams of the rows.
    public let streams: [StreamIdentity]
    /// The message of each row.
    public let messages: [ByteRange]
    /// Where the fields of each row start in ``fields``; one more entry than rows.
    public let fieldStarts: [UInt32]
    /// The fields of all rows.
    public let fields: [FieldEntry]
    /// Names of fields, each once.
    public let fieldNames: [String]
    /// The bytes that all ranges point into.
    public let arena: [UInt8]

    /// How many events there are.
    @inlinable public var count: Int { timestamps.count }

    /// Makes a batch of columns that belong together.
    ///
    /// - Precondition: the columns agree in length, and all indexes and ranges lie within what they point into.
    ///   ``EventBatchBuilder`` and the wire decoder see to that.
    package init(
        timestamps: [Int64], levels: [UInt8], streamIndexes: [UInt32], streams: [StreamIdentity],
        messages: [ByteRange], fieldStarts: [UInt32], fields: [FieldEntry], fieldNames: [String], arena: [UInt8]
    ) {
        precondition(
            levels.count == timestamps.count && streamIndexes.count == timestamps.count
                && messages.count == timestamps.count && fieldStarts.count == timestamps.count + 1,
            "columns of a batch must have one entry a row")
        self.timestamps = timestamps
        self.levels = levels
        self.streamIndexes = streamIndexes
        self.streams = streams
        self.messages = messages
        self.fieldStarts = fieldStarts
        self.fields = fields
        self.fieldNames = fieldNames
        self.arena = arena
    }

    /// The earliest and the latest time, or nil when there are no events.
    public var timeBounds: ClosedRange<Timestamp>? {
        guard let first = timestamps.first else { return nil }
        var low = first
        var high = first
        for time in timestamps {
            if time < low { low = time }
            if time > high { high = time }
        }
        return Timestamp(nanoseconds: low)...Timestamp(nanoseconds: high)
    }

    /// Roughly how many bytes of memory the batch takes.
    public var memoryBytes: Int {
        arena.capacity + count * (8 + 1 + 4 + 8 + 4) + fields.count * 12 + fieldNames.count * 64
            + streams.count * 256 + 256
    }

    /// A copy of the bytes of a range.
    public func bytes(of range: ByteRange) -> [UInt8] {
        Array(arena[Int(range.offset)..<range.end])
    }

    /// The message of a row as text; invalid UTF-8 becomes U+FFFD. For display and tests, not for hot paths.
    public func message(at row: Int) -> String {
        String(decoding: bytes(of: messages[row]), as: UTF8.self)
    }

    /// The value of a field of a row, or of a label of its stream; nil when there is neither. Not for hot paths.
    public func value(of name: String, at row: Int) -> [UInt8]? {
        let own = fields[Int(fieldStarts[row])..<Int(fieldStarts[row + 1])].last { fieldNames[Int($0.name)] == name }
        if let own { return bytes(of: own.value) }
        return streams[Int(streamIndexes[row])].value(of: name)
    }
}
