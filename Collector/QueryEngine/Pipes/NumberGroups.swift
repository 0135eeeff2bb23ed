internal import ByteCoding
internal import StoreFormat

/// Numbers the distinct values of a column of numbers, in the order of their first appearance.
struct NumberGroups {
    /// Numbers below this one are looked up in a table of their own without hashing; it takes 8 MiB at most.
    private static let directValues: Int64 = 1 << 21

    /// How the numbers are spelled.
    let form: NumberForm
    /// The number of each group; of the group of rows without one, any.
    private var values: [Int64] = []
    private var slots = [Int32](repeating: -1, count: 1 << 10)
    /// How many groups are in the slots.
    private var hashed = 0
    /// The group of each small number, or -1.
    private var direct: [Int32] = []
    private var missing: Int?

    /// Makes an empty table.
    init(_ form: NumberForm) {
        self.form = form
    }

    /// How many groups there are.
    var count: Int { values.count }
    /// Bytes of memory.
    var memoryBytes: Int { values.count * 8 + slots.count * 4 + direct.count * 4 }

    /// The group of a value.
    mutating func group(of value: Int64?) -> Int {
        guard let value else {
            if let missing { return missing }
            missing = values.count
            values.append(0)
            return values.count - 1
        }
        if value >= 0, value < Self.directValues { return smallGroup(of: Int(value)) }
        var slot = slot(of: value)
        while slots[slot] >= 0 {
            let group = Int(slots[slot])
            if values[group] == value { return group }
            slot = (slot + 1) & (slots.count - 1)
        }
        slots[slot] = Int32(truncatingIfNeeded: values.count)
        values.append(value)
        hashed += 1
        if hashed * 2 > slots.count { grow() }
        return values.count - 1
    }

    private mutating func smallGroup(of value: Int) -> Int {
        if value >= direct.count {
            let count = max(value + 1, direct.count * 2, 1 << 10)
            direct.append(contentsOf: repeatElement(-1, count: count - direct.count))
        }
        if direct[value] < 0 {
            direct[value] = Int32(truncatingIfNeeded: values.count)
            values.append(Int64(value))
        }
        return Int(direct[value])
    }

    /// Appends the text of a group's number; nothing for the group of rows without one.
    func write(_ group: Int, to writer: inout ByteWriter) {
        if group != missing { form.write(values[group], to: &writer) }
    }

    private func slot(of value: Int64) -> Int {
        let hash = UInt64(bitPattern: value) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: hash >> 24) & (slots.count - 1)
    }

    private mutating func grow() {
        slots = [Int32](repeating: -1, count: slots.count * 2)
        for (group, value) in values.enumerated()
        where group != missing && !(value >= 0 && value < Self.directValues) {
            var slot = slot(of: value)
            while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = Int32(truncatingIfNeeded: group)
        }
    }
}
