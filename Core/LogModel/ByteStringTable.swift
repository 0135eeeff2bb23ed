internal import ByteCoding

/// Numbers byte strings in the order of their first appearance: an open-addressed table over their hashes, the strings
/// one after the other in one buffer. Nothing is allocated for a string that is known.
struct ByteStringTable: ~Copyable {
    private static let leastSlots = 64

    private var slots = ReusableBuffer<Int32>(capacity: leastSlots)
    private var hashes = ReusableBuffer<UInt64>()
    private var ranges = ReusableBuffer<ByteRange>()
    private var bytes = ByteWriter(capacity: 1 << 10)

    init() {
        slots.fill(-1, count: Self.leastSlots)
    }

    var count: Int { ranges.count }

    /// Bytes of all strings.
    var byteCount: Int { bytes.count }

    /// Roughly how many bytes of memory it takes.
    var memoryBytes: Int { bytes.capacity + slots.memoryBytes + hashes.memoryBytes + ranges.memoryBytes }

    /// The number of a string, and whether it is new.
    mutating func index(of string: UnsafeRawBufferPointer) -> (index: Int, isNew: Bool) {
        // Without a limit there is always one.
        unsafe index(of: string, limit: .max) ?? (0, false)
    }

    /// The number of a string, and whether it is new; nil when it is and there are `limit` strings already.
    mutating func index(of string: UnsafeRawBufferPointer, limit: Int) -> (index: Int, isNew: Bool)? {
        let hash = unsafe hash64(string)
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] >= 0 {
            let candidate = Int(slots[slot])
            if hashes[candidate] == hash, unsafe isEqual(ranges[candidate], string) { return (candidate, false) }
            slot = (slot + 1) & mask
        }
        let index = ranges.count
        guard index < limit else { return nil }
        ranges.append(ByteRange(offset: bytes.count, length: string.count))
        unsafe bytes.append(contentsOf: string)
        hashes.append(hash)
        slots[slot] = Int32(index)
        if ranges.count * 2 > slots.count { grow() }
        return (index, true)
    }

    /// The number of a string; nil when it is not known.
    func known(_ string: UnsafeRawBufferPointer) -> Int? {
        let hash = unsafe hash64(string)
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] >= 0 {
            let candidate = Int(slots[slot])
            if hashes[candidate] == hash, unsafe isEqual(ranges[candidate], string) { return candidate }
            slot = (slot + 1) & mask
        }
        return nil
    }

    /// Lends the string of a number.
    func withBytes<R>(of index: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        let range = ranges[index]
        return unsafe bytes.withBytes {
            unsafe body(UnsafeRawBufferPointer(rebasing: $0[Int(range.offset)..<range.end]))
        }
    }

    /// Forgets all strings; memory for the usual number of them is kept.
    mutating func removeAll() {
        slots.fill(-1, count: min(slots.count, 1 << 10))
        hashes.removeAll()
        ranges.removeAll()
        bytes.removeAll()
    }

    private func isEqual(_ range: ByteRange, _ string: UnsafeRawBufferPointer) -> Bool {
        guard Int(range.length) == string.count, let given = string.baseAddress else {
            return string.count == range.length
        }
        return unsafe bytes.withBytes { known in
            guard let base = known.baseAddress else { return false }
            return unsafe areEqual(base + Int(range.offset), given, count: string.count)
        }
    }

    private mutating func grow() {
        let size = slots.count * 2
        slots.fill(-1, count: size)
        for index in 0..<hashes.count {
            var slot = Int(truncatingIfNeeded: hashes[index]) & (size - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = Int32(index)
        }
    }
}

/// Interns names of fields for one batch.
struct NameTable: ~Copyable {
    private(set) var texts: [String] = []
    private var table = ByteStringTable()

    /// Roughly how many bytes of memory it keeps from batch to batch.
    var memoryBytes: Int { table.memoryBytes + texts.capacity * 16 }

    mutating func index(of name: UnsafeRawBufferPointer) -> UInt32 {
        // Without a limit there is always one.
        unsafe index(of: name, limit: .max) ?? 0
    }

    mutating func index(of name: UnsafeRawBufferPointer, limit: Int) -> UInt32? {
        guard let found = unsafe table.index(of: name, limit: limit) else { return nil }
        if found.isNew { texts.append(unsafe String(decoding: name, as: UTF8.self)) }
        return UInt32(truncatingIfNeeded: found.index)
    }

    /// How many names there are.
    var count: Int { table.count }

    func known(_ name: UnsafeRawBufferPointer) -> UInt32? {
        unsafe table.known(name).map { UInt32(truncatingIfNeeded: $0) }
    }

    /// Lends the bytes of a name as they came.
    func withBytes<R>(of index: UInt32, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        unsafe table.withBytes(of: Int(index), body)
    }

    mutating func removeAll() {
        texts.removeAll()
        table.removeAll()
    }
}
