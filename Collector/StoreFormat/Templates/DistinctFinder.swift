internal import ByteCoding

/// Looks for columns with few distinct values, and gives up early where there are many.
struct DistinctFinder: ~Copyable {
    /// For each distinct value, the first row that has it.
    private(set) var firstRows = ReusableBuffer<UInt32>(capacity: 1 << 10)
    /// For each row, which distinct value it has.
    private(set) var indexes = ReusableBuffer<UInt32>(capacity: 1 << 12)
    private var keys = ReusableBuffer<UInt64>(capacity: 1 << 10)
    private var slots = ReusableBuffer<UInt16>(capacity: 1 << 12)

    /// After this many rows, three quarters of which are distinct, it is no use to go on.
    private static let sample = 128

    /// Whether the column has at most `limit` distinct values.
    mutating func find(
        _ messages: MessageBytes, _ column: UnsafePointer<VariableValue>, _ rows: Int, limit: Int
    ) -> Bool {
        begin(limit: limit, rows: rows)
        let mask = slots.count - 1
        for row in 0..<rows {
            let value = unsafe column[row]
            // Up to eight bytes are their own key; they differ from those of another length in the length alone.
            let isShort = value.length <= 8
            let key = unsafe isShort ? messages.word(value) : hash64(messages.bytes(value))
            var slot = Self.slot(key &+ UInt64(value.length), mask)
            while slots[slot] != .max {
                let known = Int(slots[slot])
                if keys[known] == key {
                    let other = unsafe column[Int(firstRows[known])]
                    if other.length == value.length, unsafe isShort || messages.equal(other, value) { break }
                }
                slot = (slot + 1) & mask
            }
            if !enter(key, row, slot, limit) { return false }
        }
        return true
    }

    /// Whether there are at most `limit` distinct numbers.
    mutating func find(_ numbers: borrowing ReusableBuffer<UInt64>, limit: Int) -> Bool {
        begin(limit: limit, rows: numbers.count)
        let mask = slots.count - 1
        for row in 0..<numbers.count {
            let key = numbers[row]
            var slot = Self.slot(key, mask)
            while slots[slot] != .max, keys[Int(slots[slot])] != key { slot = (slot + 1) & mask }
            if !enter(key, row, slot, limit) { return false }
        }
        return true
    }

    private mutating func begin(limit: Int, rows: Int) {
        firstRows.removeAll()
        keys.removeAll()
        indexes.removeAll()
        indexes.reserve(rows)
        var size = 16
        while size < limit * 2 + 2 { size *= 2 }
        slots.fill(.max, count: size)
    }

    @inline(__always)
    private static func slot(_ key: UInt64, _ mask: Int) -> Int {
        Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 40) & mask
    }

    @inline(__always)
    private mutating func enter(_ key: UInt64, _ row: Int, _ slot: Int, _ limit: Int) -> Bool {
        if row == Self.sample, firstRows.count * 4 > Self.sample * 3 { return false }
        if slots[slot] == .max {
            if firstRows.count >= limit { return false }
            slots[slot] = UInt16(truncatingIfNeeded: firstRows.count)
            firstRows.append(UInt32(truncatingIfNeeded: row))
            keys.append(key)
        }
        indexes.appendReserved(UInt32(slots[slot]))
        return true
    }
}
