internal import ByteCoding

/// The distinct templates of a block, numbered by their first appearance: an open-addressed hash table.
struct TemplateTable: ~Copyable {
    /// The texts, one after the other.
    private(set) var bytes = ReusableBuffer<UInt8>(capacity: 1 << 16)
    private(set) var offsets = ReusableBuffer<UInt32>(capacity: 1 << 10)
    private(set) var lengths = ReusableBuffer<UInt32>(capacity: 1 << 10)
    /// Placeholders of each template.
    private(set) var variableCounts = ReusableBuffer<UInt32>(capacity: 1 << 10)
    /// Rows of each template.
    private(set) var rowCounts = ReusableBuffer<UInt32>(capacity: 1 << 10)
    private var hashes = ReusableBuffer<UInt64>(capacity: 1 << 10)
    private var slots = ReusableBuffer<UInt32>(capacity: 1 << 12)

    init() {
        slots.fill(.max, count: 1 << 12)
    }

    var count: Int { offsets.count }

    /// The number of a template, entered if it is new; its row is counted.
    mutating func number(of text: UnsafeRawBufferPointer, variables: Int) -> UInt32 {
        let hash = unsafe hash64(text)
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != .max {
            let known = Int(slots[slot])
            if hashes[known] == hash, Int(lengths[known]) == text.count, unsafe isEqual(known, text) {
                rowCounts[known] += 1
                return UInt32(truncatingIfNeeded: known)
            }
            slot = (slot + 1) & mask
        }
        let number = UInt32(truncatingIfNeeded: count)
        slots[slot] = number
        hashes.append(hash)
        offsets.append(UInt32(truncatingIfNeeded: bytes.count))
        lengths.append(UInt32(truncatingIfNeeded: text.count))
        variableCounts.append(UInt32(truncatingIfNeeded: variables))
        rowCounts.append(1)
        let start = bytes.count
        bytes.resize(to: start + text.count)
        for index in 0..<text.count { unsafe bytes.pointer[start + index] = text[index] }
        if count * 2 > slots.count { growSlots() }
        return number
    }

    /// The bytes of a template; valid until the next one is entered.
    func text(_ number: Int) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: bytes.pointer + Int(offsets[number]), count: Int(lengths[number]))
    }

    mutating func removeAll() {
        bytes.removeAll()
        offsets.removeAll()
        lengths.removeAll()
        variableCounts.removeAll()
        rowCounts.removeAll()
        hashes.removeAll()
        slots.fill(.max, count: 1 << 12)
    }

    private func isEqual(_ known: Int, _ text: UnsafeRawBufferPointer) -> Bool {
        let stored = unsafe UnsafeRawPointer(bytes.pointer + Int(offsets[known]))
        guard let given = text.baseAddress else { return true }
        var index = 0
        while text.count - index >= 8 {
            let one = unsafe stored.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let two = unsafe given.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            if one != two { return false }
            index += 8
        }
        while index < text.count {
            if unsafe stored.load(fromByteOffset: index, as: UInt8.self) != text[index] { return false }
            index += 1
        }
        return true
    }

    private mutating func growSlots() {
        let size = slots.count * 2
        slots.fill(.max, count: size)
        for number in 0..<count {
            var slot = Int(truncatingIfNeeded: hashes[number]) & (size - 1)
            while slots[slot] != .max { slot = (slot + 1) & (size - 1) }
            slots[slot] = UInt32(truncatingIfNeeded: number)
        }
    }
}
