public import ByteCoding

/// Builds ``EventBatch``es row by row, without an allocation an event. Used for batch after batch it keeps its memory,
/// and remembers the streams it has seen.
///
/// For each event: ``add(field:value:)`` and ``add(label:value:)`` in any order, then ``endEvent(time:level:message:)``,
/// or ``abandonEvent()`` to take back what was added since the last event. One thread at a time.
public struct EventBatchBuilder: ~Copyable {
    /// Labels that all events have, unless they bring their own of the same name.
    public private(set) var labels: [StreamIdentity.Label]

    @usableFromInline var timestamps = ReusableBuffer<Int64>()
    @usableFromInline var levels = ReusableBuffer<UInt8>()
    @usableFromInline var streamIndexes = ReusableBuffer<UInt32>()
    @usableFromInline var messages = ReusableBuffer<ByteRange>()
    @usableFromInline var fieldStarts = ReusableBuffer<UInt32>()
    @usableFromInline var fields = ReusableBuffer<FieldEntry>()
    @usableFromInline var arena: ByteWriter
    var names = NameTable()
    private let tenant: String
    var streams: StreamTable
    private var arenaBeforeEvent = 0

    /// Makes a builder.
    ///
    /// - Parameters:
    ///   - tenant: the tenant of all events.
    ///   - labels: labels that all events have, unless they bring their own of the same name.
    ///   - arenaCapacity: bytes of messages and values to make room for.
    public init(
        tenant: String = StreamIdentity.defaultTenant, labels: [StreamIdentity.Label] = [], arenaCapacity: Int = 0
    ) {
        self.tenant = tenant
        self.labels = labels
        streams = StreamTable(tenant: tenant, labels: labels)
        arena = ByteWriter(capacity: arenaCapacity)
        fieldStarts.append(0)
    }

    /// Events finished so far.
    public var count: Int { timestamps.count }

    /// Bytes of messages and values so far, the unfinished event's included.
    public var arenaBytes: Int { arena.count }

    /// Roughly how many bytes of memory the builder keeps from batch to batch.
    public var memoryBytes: Int {
        arena.capacity + fields.memoryBytes + timestamps.memoryBytes * 3 + streams.memoryBytes + names.memoryBytes
    }

    /// The number that stands for a field's name in this batch.
    public mutating func name(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        unsafe names.index(of: bytes)
    }

    /// The number that stands for a field's name in this batch.
    public mutating func name(_ text: String) -> UInt32 {
        var copy = text
        return copy.withUTF8 { bytes in unsafe names.index(of: UnsafeRawBufferPointer(bytes)) }
    }

    /// The number that stands for a field's name in this batch; nil when it has none and there are `limit` names already.
    public mutating func name(_ bytes: UnsafeRawBufferPointer, limit: Int) -> UInt32? {
        unsafe names.index(of: bytes, limit: limit)
    }

    /// The text of a name that ``name(_:)-(String)`` gave a number.
    public func text(ofName name: UInt32) -> String { names.texts[Int(name)] }

    /// Copies bytes into the arena and says where they are; for messages, or values written in pieces.
    @inlinable
    public mutating func store(_ bytes: UnsafeRawBufferPointer) -> ByteRange {
        let offset = arena.count
        unsafe arena.append(short: bytes)
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
    @inlinable
    public mutating func add(field name: UInt32, value: UnsafeRawBufferPointer) {
        fields.append(unsafe FieldEntry(name: name, value: store(value)))
    }

    /// Adds a field whose value is in the arena already.
    @inlinable
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
        fields.resize(to: Int(fieldStarts[fieldStarts.count - 1]))
        arena.truncate(to: arenaBeforeEvent)
        streams.abandon()
    }

    /// The batch of all finished events. The builder goes on with an empty one, whose names have numbers of their own.
    ///
    /// - Complexity: O(bytes of the batch)
    public mutating func finish() -> EventBatch {
        abandonEvent()
        let batch = EventBatch(
            timestamps: timestamps.array(), levels: levels.array(), streamIndexes: streamIndexes.array(),
            streams: streams.identities, messages: messages.array(), fieldStarts: fieldStarts.array(),
            fields: fields.array(), fieldNames: names.texts, arena: arena.array())
        removeAll()
        return batch
    }

    /// Forgets all events and names, and begins a batch whose events have these labels unless they bring their own.
    public mutating func begin(labels: [StreamIdentity.Label]) {
        removeAll()
        guard labels != self.labels else { return }
        self.labels = labels
        streams = StreamTable(tenant: tenant, labels: labels)
    }

    private mutating func removeAll() {
        timestamps.removeAll()
        levels.removeAll()
        streamIndexes.removeAll()
        messages.removeAll()
        fieldStarts.resize(to: 1)
        fields.removeAll()
        arena.removeAll()
        arenaBeforeEvent = 0
        names.removeAll()
        streams.beginBatch()
    }
}
