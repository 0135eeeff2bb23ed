internal import ByteCoding

/// Remembers the streams of a sender or a worker from batch to batch: making an identity (sorting labels, hashing) costs
/// far more than finding it again. Bounded: it starts anew when it is full. One thread at a time.
public final class StreamCache {
    /// Streams that are remembered at most.
    public static let limit = 1 << 16

    private let tenant: String
    private let base: [StreamIdentity.Label]
    private var table = ByteStringTable()
    private var identities: [StreamIdentity] = []

    /// Makes a cache for streams of one tenant.
    ///
    /// - Parameters:
    ///   - tenant: the tenant of all streams.
    ///   - labels: labels that each stream has unless it brings its own of the same name.
    public init(tenant: String = StreamIdentity.defaultTenant, labels: [StreamIdentity.Label] = []) {
        self.tenant = tenant
        base = labels
    }

    /// The stream of the labels in `key`, which ``StreamTable`` made.
    func identity(_ key: UnsafeRawBufferPointer) -> StreamIdentity {
        if identities.count >= Self.limit {
            table.removeAll()
            identities.removeAll()
        }
        let found = unsafe table.index(of: key)
        if !found.isNew { return identities[found.index] }
        var labels = base
        var reader = unsafe ByteReader(key)
        while unsafe reader.remaining > 0 {
            // The key is our own: it cannot be cut off.
            guard let name = try? unsafe reader.lengthPrefixedString(),
                let value = unsafe try? reader.lengthPrefixed()
            else { break }
            labels.append(.init(name: name, value: unsafe Array(value)))
        }
        let identity = StreamIdentity(tenant: tenant, labels: labels).shared()
        identities.append(identity)
        return identity
    }
}

/// Numbers the streams of one batch. The labels of an event, as they come, are the key; the same labels in another order
/// are another key of the same stream.
struct StreamTable: ~Copyable {
    private(set) var identities: [StreamIdentity] = []
    private let cache: StreamCache
    private var table = ByteStringTable()
    private var byIdentity: [StreamIdentity: UInt32] = [:]
    /// For each key the number of its stream.
    private var numbers: [UInt32] = []
    private var key = ByteWriter(capacity: 256)

    init(cache: StreamCache) {
        self.cache = cache
    }

    mutating func add(label name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        unsafe key.append(lengthPrefixed: name)
        unsafe key.append(lengthPrefixed: value)
    }

    mutating func abandon() {
        key.removeAll()
    }

    mutating func finish() -> UInt32 {
        let found = unsafe key.withBytes { unsafe table.index(of: $0) }
        if found.isNew {
            let identity = unsafe key.withBytes { unsafe cache.identity($0) }
            if let known = byIdentity[identity] {
                numbers.append(known)
            } else {
                let number = UInt32(identities.count)
                byIdentity[identity] = number
                numbers.append(number)
                identities.append(identity)
            }
        }
        key.removeAll()
        return numbers[found.index]
    }
}
