internal import ByteCoding
internal import LogModel
internal import StoreFormat

/// How often each value of a field came; missing and empty ones are none. Takes little memory while there are few.
struct ValueCounts {
    private var arena: [UInt8] = []
    private var ranges: [ByteRange] = []
    private var hits: [Int] = []
    /// Numbers of values plus 1, by their hashes; 0 for none. At most half of them are taken.
    private var slots: [UInt32] = []

    /// How many values there are.
    var count: Int { ranges.count }
    /// Bytes of memory.
    var memoryBytes: Int { arena.count + ranges.count * 16 + slots.count * 4 }

    /// All values, with how often each came.
    var entries: [(value: [UInt8], hits: Int)] {
        zip(ranges, hits).map { (Array(arena[Int($0.offset)..<$0.end]), $1) }
    }

    /// Counts the values of some rows.
    ///
    /// - Parameters:
    ///   - column: the values.
    ///   - rows: whose.
    ///   - most: distinct values that there may be.
    ///   - longest: bytes that a value may have.
    /// - Returns: whether neither was passed; else not all are counted.
    mutating func add(_ column: ResultColumn, _ rows: [Int], most: Int, longest: Int) -> Bool {
        var buffer = ByteWriter(capacity: 64)
        guard case .values(let data) = column, let entries = data.indexes else {
            for row in rows {
                let isKept = column.withValue(at: row, &buffer) { value in
                    guard let value else { return true }
                    return add(value, 1, most: most, longest: longest)
                }
                if !isKept { return false }
            }
            return true
        }
        var counts = [Int](repeating: 0, count: data.ranges.count)
        for row in rows { counts[Int(entries[row])] += 1 }
        return data.arena.withUnsafeBytes { arena in
            for (range, rows) in zip(data.ranges, counts) where rows > 0 && !range.isAbsent {
                let value = UnsafeRawBufferPointer(rebasing: arena[Int(range.offset)..<range.end])
                if !add(value, rows, most: most, longest: longest) { return false }
            }
            return true
        }
    }

    private mutating func add(_ value: UnsafeRawBufferPointer, _ rows: Int, most: Int, longest: Int) -> Bool {
        if value.count == 0 { return true }
        if value.count > longest { return false }
        if ranges.count * 2 >= slots.count { grow() }
        let slot = slot(of: value)
        if slots[slot] != 0 {
            hits[Int(slots[slot]) - 1] += rows
            return true
        }
        if ranges.count >= most { return false }
        ranges.append(ByteRange(offset: arena.count, length: value.count))
        arena.append(contentsOf: value)
        hits.append(rows)
        slots[slot] = UInt32(truncatingIfNeeded: ranges.count)
        return true
    }

    /// The slot of a value, or the free one where it belongs.
    private func slot(of value: UnsafeRawBufferPointer) -> Int {
        arena.withUnsafeBytes { arena in
            var slot = Int(truncatingIfNeeded: hash64(value)) & (slots.count - 1)
            while slots[slot] != 0 {
                let range = ranges[Int(slots[slot]) - 1]
                if Int(range.length) == value.count, value.elementsEqual(arena[Int(range.offset)..<range.end]) { break }
                slot = (slot + 1) & (slots.count - 1)
            }
            return slot
        }
    }

    private mutating func grow() {
        slots = [UInt32](repeating: 0, count: max(16, slots.count * 2))
        arena.withUnsafeBytes { arena in
            for (number, range) in ranges.enumerated() {
                let hash = hash64(UnsafeRawBufferPointer(rebasing: arena[Int(range.offset)..<range.end]))
                var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
                while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
                slots[slot] = UInt32(truncatingIfNeeded: number + 1)
            }
        }
    }
}
