internal import ByteCoding

/// Builds an ``EventBatch`` row by row, without an allocation an event.
///
/// For each event: ``add(field:value:)`` and ``add(label:value:)`` in any order, then ``endEvent(time:level:message:)``,
/// or ``abandonEvent()`` to take back what was added since the last event. One thread at a time.
public struct EventBatchBuilder: ~Copyable {
    private var timestamps: [Int64] = []
    private var levels: [UInt8] = []
    private var streamIndexes: [UInt32] = []
    private var messages: [ByteRange] = []
    private var fieldStarts: [UInt32] = [0]
    private var fields: [FieldEntry] = []
    private var arena: ByteWriter
    private var names = NameTable()
    private var streams: StreamTable
    private var arenaBeforeEvent = 0

    /// Makes a builder.
    ///
    /// - Parameters:
    ///   - tenant: the tenant of all events.
    ///   - labels: labels that all events have, unless they bring their own of the same name.
    ///   - capacity: events to make room for.
    ///   - arenaCapacity: bytes of messages and values to make room for.
    ///   - streamCache: remembers streams from batch to batch; it must be used by one builder at a time, and always
    ///     with the same tenant and labels.
    public init(
        tenant: String = StreamIdentity.defaultTenant, labels: [StreamIdentity.Label] = [], capacity: Int = 0,
        arenaCapacity: Int = 0, streamCache: StreamCache? = nil
    ) {
        streams = StreamTable(cache: streamCache ?? StreamCache(tenant: tenant, labels: labels))
        timestamps.reserveCapacity(capacity)
        levels.reserveCapacity(capacity)
        streamIndexes.reserveCapacity(capacity)
        messages.reserveCapacity(capacity)
        fieldStarts.reserveCapacity(capacity + 1)
        fields.reserveCapacity(capacity * 4)
        arena = ByteWriter(capacity: arenaCapacity)
    }

    /// Events finished so far.
    public var count: Int { timestamps.count }

    /// Bytes of messages and values so far, the unfinished event's included.
    public var arenaBytes: Int { arena.count }

    /// The number that stands for a field's name in this batch.
    public mutating func name(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        unsafe names.index(of: bytes)
    }

    /// The number that stands for a field's name in this batch.
    public mutating func name(_ text: String) -> UInt32 {
        var copy = text
        return copy.withUTF8 { bytes in unsafe names.index(of: UnsafeRawBufferPointer(bytes)) }
    }

    /// The text of a name that ``name(_:)-(String)`` gave a number.
    public func text(ofName name: UInt32) -> String { names.texts[Int(name)] }

    /// Copies bytes into the arena and says where they are; for messages, or values written in pieces.
    public mutating func store(_ bytes: UnsafeRawBufferPointer) -> ByteRange {
        let offset = arena.count
        unsafe arena.append(contentsOf: bytes)
        return ByteRange(offset: offset, length: bytes.count)
    }

    /// Lends `room` bytes of the arena to `body`, which fills some of them and returns how many.
    public mutating func store<E: Error>(
        room: Int, _ body: (UnsafeMutableRawBufferPointer) throws(E) -> Int
    ) throws(E) -> ByteRange {
        let offset = arena.count
        unsafe try arena.append(room: room, body)
        return ByteRange(offset: offset, length: arena.count - offset)
    }

    /// Adds a field to the unfinished event. Of two fields with one name, readers see the later.
    public mutating func add(field name: UInt32, value: UnsafeRawBufferPointer) {
        fields.append(unsafe FieldEntry(name: name, value: store(value)))
    }

    /// Adds a field whose value is in the arena already.
    public mutating func add(field name: UInt32, stored value: ByteRange) {
        fields.append(FieldEntry(name: name, value: value))
    }

    /// Adds a label of the stream to the unfinished event.
    public mutating func add(label name: UInt32, value: UnsafeRawBufferPointer) {
        unsafe names.withBytes(of: name) { unsafe streams.add(label: $0, value: value) }
    }

    /// Finishes an event whose message is in the arena already.
    public mutating func endEvent(time: Timestamp, level: Level, message: ByteRange) {
        timestamps.append(time.nanoseconds)
        levels.append(level.rawValue)
        messages.append(message)
        fieldStarts.append(UInt32(truncatingIfNeeded: fields.count))
        streamIndexes.append(streams.finish())
        arenaBeforeEvent = arena.count
    }

    /// Finishes an event.
    public mutating func endEvent(time: Timestamp, level: Level, message: UnsafeRawBufferPointer) {
        let stored = unsafe store(message)
        endEvent(time: time, level: level, message: stored)
    }

    /// Takes back all that was added since the last finished event.
    public mutating func abandonEvent() {
        fields.removeLast(fields.count - Int(fieldStarts[fieldStarts.count - 1]))
        arena.truncate(to: arenaBeforeEvent)
        streams.abandon()
    }

    /// The batch of all finished events.
    public consuming func finish() -> EventBatch {
        abandonEvent()
        return EventBatch(
            timestamps: timestamps, levels: levels, streamIndexes: streamIndexes, streams: streams.identities,
            messages: messages, fieldStarts: fieldStarts, fields: fields, fieldNames: names.texts, arena: arena.array())
    }
}
