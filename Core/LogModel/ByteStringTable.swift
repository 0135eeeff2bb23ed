internal import ByteCoding

/// Numbers byte strings in the order of their first appearance: an open-addressed table over their hashes, the strings
/// one after the other in one buffer. Nothing is allocated for a string that is known.
struct ByteStringTable: ~Copyable {
    private var slots = [Int32](repeating: -1, count: 64)
    private var hashes: [UInt64] = []
    private var ranges: [ByteRange] = []
    private var bytes = ByteWriter(capacity: 1 << 10)

    var count: Int { ranges.count }

    /// The number of a string, and whether it is new.
    mutating func index(of string: UnsafeRawBufferPointer) -> (index: Int, isNew: Bool) {
        let hash = unsafe hash64(string)
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] >= 0 {
            let candidate = Int(slots[slot])
            if hashes[candidate] == hash, unsafe isEqual(ranges[candidate], string) { return (candidate, false) }
            slot = (slot + 1) & mask
        }
        let index = ranges.count
        ranges.append(ByteRange(offset: bytes.count, length: string.count))
        unsafe bytes.append(contentsOf: string)
        hashes.append(hash)
        slots[slot] = Int32(index)
        if ranges.count * 2 > slots.count { grow() }
        return (index, true)
    }

    /// Lends the string of a number.
    func withBytes<R>(of index: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        let range = ranges[index]
        return unsafe bytes.withBytes {
            unsafe body(UnsafeRawBufferPointer(rebasing: $0[Int(range.offset)..<range.end]))
        }
    }

    mutating func removeAll() {
        slots = [Int32](repeating: -1, count: 64)
        hashes.removeAll()
        ranges.removeAll()
        bytes.removeAll()
    }

    private func isEqual(_ range: ByteRange, _ string: UnsafeRawBufferPointer) -> Bool {
        guard Int(range.length) == string.count else { return false }
        return unsafe bytes.withBytes { known in
            for index in 0..<string.count where unsafe known[Int(range.offset) + index] != string[index] {
                return false
            }
            return true
        }
    }

    private mutating func grow() {
        slots = [Int32](repeating: -1, count: slots.count * 2)
        let mask = slots.count - 1
        for (index, hash) in hashes.enumerated() {
            var slot = Int(truncatingIfNeeded: hash) & mask
            while slots[slot] >= 0 { slot = (slot + 1) & mask }
            slots[slot] = Int32(index)
        }
    }
}

/// Interns names of fields for one batch.
struct NameTable: ~Copyable {
    private(set) var texts: [String] = []
    private var table = ByteStringTable()

    mutating func index(of name: UnsafeRawBufferPointer) -> UInt32 {
        let found = unsafe table.index(of: name)
        if found.isNew { texts.append(unsafe String(decoding: name, as: UTF8.self)) }
        return UInt32(truncatingIfNeeded: found.index)
    }

    /// Lends the bytes of a name as they came.
    func withBytes<R>(of index: UInt32, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        unsafe table.withBytes(of: Int(index), body)
    }
}
