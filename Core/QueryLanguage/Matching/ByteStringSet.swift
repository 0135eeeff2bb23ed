import ByteCoding

/// A fixed set of byte strings with fast look-up: an open-addressed table over their hashes.
struct ByteStringSet: Sendable {
    private let members: [[UInt8]]
    private let hashes: [UInt64]
    /// Indexes into `members`, -1 where empty; a power of two, at most half full.
    private let slots: [Int32]

    init(_ values: some Sequence<[UInt8]>) {
        let members = Array(Set(values))
        let hashes = members.map { member in member.withUnsafeBytes { hash64($0) } }
        var capacity = 8
        while capacity < members.count * 2 { capacity *= 2 }
        var slots = [Int32](repeating: -1, count: capacity)
        for index in members.indices {
            var slot = Int(truncatingIfNeeded: hashes[index]) & (capacity - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (capacity - 1) }
            slots[slot] = Int32(truncatingIfNeeded: index)
        }
        self.members = members
        self.hashes = hashes
        self.slots = slots
    }

    func contains(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let hash = hash64(bytes)
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while case let index = Int(slots[slot]), index >= 0 {
            if hashes[index] == hash, members[index].count == bytes.count,
                members[index].withUnsafeBytes({ $0.elementsEqual(bytes) })
            {
                return true
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        return false
    }
}
