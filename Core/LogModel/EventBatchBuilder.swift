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
    public init(
        tenant: String = StreamIdentity.defaultTenant, labels: [StreamIdentity.Label] = [], capacity: Int = 0,
        arenaCapacity: Int = 0
    ) {
        streams = StreamTable(tenant: tenant, base: labels)
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
        unsafe streams.add(label: name, value: value)
    }

    /// Finishes an event whose message is in the arena already.
    public mutating func endEvent(time: Timestamp, level: Level, message: ByteRange) {
        timestamps.append(time.nanoseconds)
        levels.append(level.rawValue)
        messages.append(message)
        fieldStarts.append(UInt32(truncatingIfNeeded: fields.count))
        streamIndexes.append(streams.finish(names: names))
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

/// Interns names of fields: an open-addressed table over their hashes, with a guess at the next name, because events of
/// one program bring the same names in the same order.
struct NameTable {
    private(set) var texts: [String] = []
    private var hashes: [UInt64] = []
    private var keys: [[UInt8]] = []
    private var slots = [Int32](repeating: -1, count: 64)

    mutating func index(of bytes: UnsafeRawBufferPointer) -> UInt32 {
        let hash = unsafe hash64(bytes)
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] >= 0 {
            let candidate = Int(slots[slot])
            if hashes[candidate] == hash, unsafe equal(keys[candidate], bytes) { return UInt32(candidate) }
            slot = (slot + 1) & (slots.count - 1)
        }
        return unsafe insert(bytes, hash: hash)
    }

    private mutating func insert(_ bytes: UnsafeRawBufferPointer, hash: UInt64) -> UInt32 {
        if (keys.count + 1) * 2 > slots.count {
            slots = [Int32](repeating: -1, count: slots.count * 2)
            for (index, hash) in hashes.enumerated() { place(index, hash: hash) }
        }
        let index = keys.count
        unsafe texts.append(String(decoding: bytes, as: UTF8.self))
        unsafe keys.append(Array(bytes))
        hashes.append(hash)
        place(index, hash: hash)
        return UInt32(index)
    }

    private mutating func place(_ index: Int, hash: UInt64) {
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = Int32(index)
    }
}

/// Interns streams: the labels of an event, as they come, are a key; only a key never seen before is sorted and merged
/// with the base labels.
struct StreamTable {
    private(set) var identities: [StreamIdentity] = []
    private let tenant: String
    private let base: [StreamIdentity.Label]
    private var byIdentity: [StreamIdentity: UInt32] = [:]
    private var byKey: [UInt64: (key: [UInt8], index: UInt32)] = [:]
    private var key: [UInt8] = []
    private var last: (key: [UInt8], index: UInt32)?

    init(tenant: String, base: [StreamIdentity.Label]) {
        self.tenant = tenant
        self.base = base
    }

    mutating func add(label name: UInt32, value: UnsafeRawBufferPointer) {
        unsafe withUnsafeBytes(of: name.littleEndian) { unsafe key.append(contentsOf: $0) }
        unsafe withUnsafeBytes(of: UInt32(truncatingIfNeeded: value.count).littleEndian) {
            unsafe key.append(contentsOf: $0)
        }
        unsafe key.append(contentsOf: value)
    }

    mutating func abandon() {
        key.removeAll(keepingCapacity: true)
    }

    mutating func finish(names: NameTable) -> UInt32 {
        defer { key.removeAll(keepingCapacity: true) }
        if let last, last.key == key { return last.index }
        let hash = unsafe key.withUnsafeBytes { unsafe hash64($0) }
        if let known = byKey[hash], known.key == key {
            last = known
            return known.index
        }
        let index = intern(names: names)
        byKey[hash] = (key, index)
        last = (key, index)
        return index
    }

    private mutating func intern(names: NameTable) -> UInt32 {
        var labels = base
        var offset = 0
        while offset + 8 <= key.count {
            let name = littleEndian(at: offset)
            let length = Int(littleEndian(at: offset + 4))
            let value = Array(key[(offset + 8)..<(offset + 8 + length)])
            labels.append(.init(name: names.texts[Int(name)], value: value))
            offset += 8 + length
        }
        let identity = StreamIdentity(tenant: tenant, labels: labels)
        if let index = byIdentity[identity] { return index }
        let index = UInt32(identities.count)
        identities.append(identity)
        byIdentity[identity] = index
        return index
    }

    private func littleEndian(at offset: Int) -> UInt32 {
        key[offset..<(offset + 4)].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
}

private func equal(_ left: [UInt8], _ right: UnsafeRawBufferPointer) -> Bool {
    guard left.count == right.count else { return false }
    for index in 0..<left.count where unsafe left[index] != right[index] { return false }
    return true
}
