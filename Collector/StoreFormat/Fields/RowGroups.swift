/// The rows of a block grouped by a number that each of them has: its stream, or its level.
package struct RowGroups: Sendable {
    /// Groups that there can be.
    static let most = 1 << 16

    /// For each row, its group; groups are in the order of their numbers.
    package let groups: [UInt16]
    /// The number of each group, ascending.
    package let numbers: [UInt32]
    /// Rows of each group.
    let counts: [UInt32]

    /// Groups rows.
    ///
    /// - Parameter numbers: one for each row, at most 65,536 distinct ones, as rows of a block or its streams are.
    init<Number: FixedWidthInteger & UnsignedInteger>(_ numbers: [Number]) {
        var counts = [UInt32](repeating: 0, count: Int(numbers.max() ?? 0) + 1)
        unsafe counts.withUnsafeMutableBufferPointer { counts in
            for number in numbers { unsafe counts[Int(number)] += 1 }
        }
        var places = [UInt16](repeating: 0, count: counts.count)
        var known: [UInt32] = []
        for number in counts.indices where counts[number] > 0 {
            places[number] = UInt16(truncatingIfNeeded: known.count)
            known.append(UInt32(truncatingIfNeeded: number))
        }
        precondition(known.count <= Self.most, "more groups than a block has rows")
        groups = unsafe places.withUnsafeBufferPointer { places in numbers.map { unsafe places[Int($0)] } }
        self.numbers = known
        self.counts = counts.filter { $0 > 0 }
    }

    /// Bytes of memory.
    var memoryBytes: Int { groups.count * 2 + numbers.count * 8 }

    /// Whether a table by group is much shorter than one by row.
    var areFew: Bool { counts.count * 8 <= groups.count }

    /// For each group whether all of its rows are among some rows; nil when some group is there in part.
    func whole(_ rows: [UInt32]) -> [Bool]? {
        guard areFew else { return nil }
        var found = [UInt32](repeating: 0, count: counts.count)
        for row in rows { found[Int(groups[Int(row)])] += 1 }
        for group in found.indices where found[group] > 0 && found[group] != counts[group] { return nil }
        return found.map { $0 > 0 }
    }

    /// What the values of rows are by group.
    ///
    /// - Parameters:
    ///   - values: one for each of `rows`.
    ///   - rows: rows that have a value, ascending.
    /// - Returns: for each group the value that all of its rows have plus 1, or 0 when none has one; nil when rows of a
    ///   group differ.
    func values(_ values: [UInt32], of rows: [UInt32]) -> [UInt32]? {
        guard areFew else { return nil }
        var table = [UInt32](repeating: 0, count: counts.count)
        var found = table
        for index in rows.indices {
            let group = Int(groups[Int(rows[index])])
            if found[group] == 0 { table[group] = values[index] + 1 }
            if table[group] != values[index] + 1 { return nil }
            found[group] += 1
        }
        for group in found.indices where found[group] > 0 && found[group] != counts[group] { return nil }
        return table
    }
}
