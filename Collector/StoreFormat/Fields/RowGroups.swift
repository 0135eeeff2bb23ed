/// The rows of a block grouped by a number that each of them has: its stream, or its level.
struct RowGroups {
    /// For each row, its group; groups are in the order of their numbers.
    let groups: [UInt32]
    /// Rows of each group.
    let counts: [UInt32]

    init(_ numbers: [UInt32]) {
        var counts = [UInt32](repeating: 0, count: Int(numbers.max() ?? 0) + 1)
        for number in numbers { counts[Int(number)] += 1 }
        var places = counts
        var next: UInt32 = 0
        for number in counts.indices where counts[number] > 0 {
            places[number] = next
            next += 1
        }
        groups = numbers.map { places[Int($0)] }
        self.counts = counts.filter { $0 > 0 }
    }

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
