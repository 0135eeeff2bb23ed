internal import ByteCoding

/// Numbers the streams of a batch, and remembers them for the next one: making an identity (sorting labels, hashing)
/// costs far more than finding it again.
///
/// The labels of an event, as they come, are the key; the same labels in another order are another key of the same
/// stream. Bounded: between batches it starts anew when it has grown large.
struct StreamTable: ~Copyable {
    /// Keys that are remembered from batch to batch, and their bytes.
    static let rememberedKeys = 1 << 14
    static let rememberedBytes = 2 << 20

    /// The streams of the batch.
    private(set) var identities: [StreamIdentity] = []
    private let tenant: String
    private let base: [StreamIdentity.Label]
    /// The labels of the unfinished event.
    private var key = ByteWriter(capacity: 256)
    private var keys = ByteStringTable()
    /// For each key the number of its stream in `known`.
    private var streamOfKey = ReusableBuffer<UInt32>()
    private var known: [StreamIdentity] = []
    private var numberOfKnown: [StreamIdentity: UInt32] = [:]
    /// For each known stream its number in the batch, ``absent`` when it has none.
    private var numbers = ReusableBuffer<UInt32>()
    /// The known streams that have a number in the batch, in the order of their numbers.
    private var used = ReusableBuffer<UInt32>()

    private static let absent = UInt32.max

    init(tenant: String, labels: [StreamIdentity.Label]) {
        self.tenant = tenant
        base = labels
    }

    /// Roughly how many bytes of memory it takes; streams that are known elsewhere, too, are counted here as well.
    var memoryBytes: Int { keys.memoryBytes + known.count * 256 }

    /// Adds a label of the unfinished event.
    mutating func add(label name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        key.append(varint: UInt64(name.count))
        unsafe key.append(short: name)
        key.append(varint: UInt64(value.count))
        unsafe key.append(short: value)
    }

    /// Lends the value of a label of the unfinished event, the last one of the name; nil when it has none.
    func withLabel<R>(_ name: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) -> R) -> R {
        unsafe key.withBytes { bytes in
            var value: UnsafeRawBufferPointer?
            var reader = unsafe ByteReader(bytes)
            while unsafe reader.remaining > 0 {
                // The key is our own: it cannot be cut off.
                guard let candidate = unsafe try? reader.lengthPrefixed(),
                    let content = unsafe try? reader.lengthPrefixed()
                else { break }
                if candidate.count == name.count, unsafe candidate.elementsEqual(name) {
                    unsafe value = content
                }
            }
            return unsafe body(value)
        }
    }

    /// Forgets the labels of the unfinished event.
    mutating func abandon() {
        key.removeAll()
    }

    /// The number in the batch of the unfinished event's stream.
    mutating func finish() -> UInt32 {
        let found = unsafe key.withBytes { unsafe keys.index(of: $0) }
        if found.isNew { streamOfKey.append(learn()) }
        key.removeAll()
        let stream = Int(streamOfKey[found.index])
        if numbers[stream] == Self.absent {
            numbers[stream] = UInt32(identities.count)
            used.append(UInt32(stream))
            identities.append(known[stream])
        }
        return numbers[stream]
    }

    /// Begins a new batch.
    mutating func beginBatch() {
        key.removeAll()
        identities.removeAll()
        if keys.count > Self.rememberedKeys || keys.byteCount > Self.rememberedBytes {
            keys = ByteStringTable()
            streamOfKey = ReusableBuffer()
            known = []
            numberOfKnown = [:]
            numbers = ReusableBuffer()
            used = ReusableBuffer()
        } else {
            for index in 0..<used.count { numbers[Int(used[index])] = Self.absent }
            used.removeAll()
        }
    }

    /// The number in `known` of the stream whose labels are in `key`.
    private mutating func learn() -> UInt32 {
        let identity = StreamIdentity(tenant: tenant, labels: base + labelsOfKey()).shared()
        if let number = numberOfKnown[identity] { return number }
        let number = UInt32(known.count)
        numberOfKnown[identity] = number
        known.append(identity)
        numbers.append(Self.absent)
        return number
    }

    func labelsOfKey() -> [StreamIdentity.Label] {
        unsafe key.withBytes { bytes in
            var labels: [StreamIdentity.Label] = []
            var reader = unsafe ByteReader(bytes)
            while unsafe reader.remaining > 0 {
                // The key is our own: it cannot be cut off.
                guard let name = try? unsafe reader.lengthPrefixedString(),
                    let value = unsafe try? reader.lengthPrefixed()
                else { break }
                labels.append(.init(name: name, value: unsafe Array(value)))
            }
            return labels
        }
    }
}
