internal import ByteCoding
internal import LogModel
internal import StoreFormat

/// Numbers the distinct combinations of values of some columns, in the order of their first appearance. An empty value
/// and a missing one are the same.
///
/// Where all columns of a block are dictionaries, each combination of entries is looked up once, not once a row.
final class GroupTable {
    private var slots = [Int32](repeating: -1, count: 256)
    private var hashes: [UInt64] = []
    private var keys = ByteWriter(capacity: 1 << 12)
    private var ranges: [ByteRange] = []
    private var key = ByteWriter(capacity: 256)
    private var buffer = ByteWriter(capacity: 64)
    /// As long as there are only numbers of one form, they are the keys.
    private var numbers: NumberGroups?

    /// How many combinations there are.
    var count: Int { numbers?.count ?? ranges.count }
    /// Bytes of memory.
    var memoryBytes: Int { keys.count + ranges.count * 24 + slots.count * 4 + (numbers?.memoryBytes ?? 0) }

    /// Calls `body` with each row and the number of its combination.
    func forEachRow(of block: ResultBlock, _ columns: [ResultColumn?], _ body: (Int, Int) -> Void) {
        if columns.isEmpty {
            let group = groupOfEmptyKey()
            for row in block.rows { body(row, group) }
            return
        }
        if columns.count == 1, byNumber(block, columns[0], body) { return }
        turnToText()
        if let codes = GroupCodes(columns) {
            var groups = [Int32](repeating: -1, count: codes.size)
            codes.forEachRow(block.rows) { row, combination in
                if groups[combination] < 0 { groups[combination] = Int32(group(of: columns, row)) }
                body(row, Int(groups[combination]))
            }
            return
        }
        for row in block.rows { body(row, group(of: columns, row)) }
    }

    /// How many rows have each combination, where all columns are dictionaries: entries are counted, and only what comes
    /// at all is looked up. Nil where a column is none.
    func counts(of block: ResultBlock, _ columns: [ResultColumn?]) -> [(group: Int, rows: Int)]? {
        // A block without the column of numbers that there were before.
        if numbers != nil, columns.count == 1, case .none = columns[0] { return nil }
        guard !columns.isEmpty, let codes = GroupCodes(columns) else { return nil }
        turnToText()
        return codes.counts(block.rows).map { (group(of: columns, $0.firstRow), $0.rows) }
    }

    /// The group of one value of one column.
    func group(ofValue value: [UInt8]) -> Int {
        turnToText()
        key.removeAll()
        key.append(varint: UInt64(value.count))
        key.append(contentsOf: value)
        return lookUp()
    }

    /// Groups rows by numbers; false when they are of another form than those before, or there was text before.
    private func byNumber(_ block: ResultBlock, _ column: ResultColumn?, _ body: (Int, Int) -> Void) -> Bool {
        if numbers == nil, ranges.isEmpty, case .numbers(let column)? = column { numbers = NumberGroups(column.form) }
        guard var groups = numbers else { return false }
        // Not to be copied when it grows.
        numbers = nil
        defer { numbers = groups }
        switch column {
        case .numbers(let column) where column.form == groups.form:
            for row in block.rows {
                body(row, groups.group(of: column.rows.contains(row) ? column.values[row] : nil))
            }
        case nil:
            for row in block.rows { body(row, groups.group(of: nil)) }
        default: return false
        }
        return true
    }

    /// Enters the texts of numbers, which keep the numbers of their groups.
    private func turnToText() {
        guard let old = numbers else { return }
        numbers = nil
        for group in 0..<old.count {
            key.removeAll()
            buffer.removeAll()
            old.write(group, to: &buffer)
            key.append(varint: UInt64(buffer.count))
            buffer.withBytes { key.append(contentsOf: $0) }
            _ = lookUp()
        }
    }

    /// The values of a combination; nil where the field was missing or empty.
    func values(of group: Int) -> [[UInt8]?] {
        if let numbers {
            var text = ByteWriter(capacity: 64)
            numbers.write(group, to: &text)
            return [text.count == 0 ? nil : text.array()]
        }
        var result: [[UInt8]?] = []
        keys.withBytes { bytes in
            let range = ranges[group]
            var reader = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[Int(range.offset)..<range.end]))
            while reader.remaining > 0 {
                guard let length = try? reader.varint() else { return }
                result.append(length == 0 ? nil : (try? reader.bytes(Int(length))).map { Array($0) })
            }
        }
        return result
    }

    /// Combinations of values, in their order, for other tables of the same columns.
    struct Keys: Sendable {
        fileprivate var bytes: [UInt8]
        fileprivate var ranges: [ByteRange]
        fileprivate var hashes: [UInt64]

        /// How many there are.
        var count: Int { ranges.count }
        /// Bytes of memory.
        var memoryBytes: Int { bytes.count + ranges.count * 16 }
    }

    /// All combinations.
    func encodedKeys() -> Keys {
        turnToText()
        return Keys(bytes: keys.array(), ranges: ranges, hashes: hashes)
    }

    /// Enters the combinations of another table.
    ///
    /// - Returns: the number of each.
    func enter(_ others: Keys) -> [Int32] {
        turnToText()
        return others.bytes.withUnsafeBytes { bytes in
            others.ranges.indices.map { index in
                let range = others.ranges[index]
                let key = UnsafeRawBufferPointer(rebasing: bytes[Int(range.offset)..<range.end])
                return Int32(truncatingIfNeeded: lookUp(key, others.hashes[index]))
            }
        }
    }

    private func groupOfEmptyKey() -> Int {
        key.removeAll()
        return lookUp()
    }

    private func group(of columns: [ResultColumn?], _ row: Int) -> Int {
        key.removeAll()
        for column in columns {
            guard let column else {
                key.append(varint: 0)
                continue
            }
            column.withValue(at: row, &buffer) { value in
                key.append(varint: UInt64(value?.count ?? 0))
                if let value { key.append(contentsOf: value) }
            }
        }
        return lookUp()
    }

    private func lookUp() -> Int { key.withBytes { lookUp($0, hash64($0)) } }

    private func lookUp(_ key: UnsafeRawBufferPointer, _ hash: UInt64) -> Int {
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] >= 0 {
            let candidate = Int(slots[slot])
            if hashes[candidate] == hash, isKey(key, ranges[candidate]) { return candidate }
            slot = (slot + 1) & (slots.count - 1)
        }
        let number = ranges.count
        ranges.append(ByteRange(offset: keys.count, length: key.count))
        hashes.append(hash)
        keys.append(contentsOf: key)
        slots[slot] = Int32(number)
        if ranges.count * 2 > slots.count { grow() }
        return number
    }

    private func isKey(_ wanted: UnsafeRawBufferPointer, _ range: ByteRange) -> Bool {
        keys.withBytes { known in
            wanted.count == Int(range.length) && wanted.elementsEqual(known[Int(range.offset)..<range.end])
        }
    }

    private func grow() {
        slots = [Int32](repeating: -1, count: slots.count * 2)
        for (number, hash) in hashes.enumerated() {
            var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = Int32(number)
        }
    }
}
