internal import LogModel
internal import StoreFormat

/// Columns of one block that are dictionaries, so that combinations of their values are small numbers: rows are counted
/// by those, and only what comes at all is looked at as text.
struct GroupCodes {
    /// Combinations that a table for one block may have.
    private static let most = 1 << 16

    private struct Column {
        /// The entry of each row.
        let entries: [UInt16]
        /// What each entry adds to the number of a combination.
        let parts: [UInt32]
    }

    private var columns: [Column] = []
    /// How many combinations there can be.
    private(set) var size = 1

    /// Nil where a column is no dictionary, or combinations are too many; a missing column has one value.
    init?(_ columns: [ResultColumn?]) {
        for case let column? in columns {
            guard case .values(let data) = column, let entries = data.indexes else { return nil }
            let (numbers, count) = Self.distinct(data.ranges)
            let factor = UInt32(truncatingIfNeeded: size)
            size *= max(1, count)
            guard size <= Self.most else { return nil }
            self.columns.append(Column(entries: entries, parts: numbers.map { $0 * factor }))
        }
    }

    /// Calls `body` with each row and the number of its combination.
    @inline(__always)
    func forEachRow(_ rows: [Int], _ body: (Int, Int) -> Void) {
        rows.withUnsafeBufferPointer { rows in
            switch columns.count {
            case 0: for row in rows { body(row, 0) }
            case 1: Self.withPointers(columns[0]) { first in for row in rows { body(row, first(row)) } }
            case 2:
                Self.withPointers(columns[0]) { first in
                    Self.withPointers(columns[1]) { second in
                        for row in rows { body(row, first(row) &+ second(row)) }
                    }
                }
            default:
                for row in rows {
                    body(row, columns.reduce(0) { $0 + Int($1.parts[Int($1.entries[row])]) })
                }
            }
        }
    }

    /// The combinations that there are, in the order of their first rows, with that row and the number of rows.
    func counts(_ rows: [Int]) -> [(firstRow: Int, rows: Int)] {
        var counts = [Int32](repeating: 0, count: size)
        var found: [(combination: Int, firstRow: Int)] = []
        counts.withUnsafeMutableBufferPointer { counts in
            forEachRow(rows) { row, combination in
                if counts[combination] == 0 { found.append((combination, row)) }
                counts[combination] &+= 1
            }
        }
        return found.map { ($0.firstRow, Int(counts[$0.combination])) }
    }

    @inline(__always)
    private static func withPointers(_ column: Column, _ body: ((Int) -> Int) -> Void) {
        column.entries.withUnsafeBufferPointer { entries in
            column.parts.withUnsafeBufferPointer { parts in
                body { row in Int(parts[Int(entries[row])]) }
            }
        }
    }

    /// Entries of a dictionary may be the same value, where it is one by stream; those get one number.
    private static func distinct(_ ranges: [ByteRange]) -> (numbers: [UInt32], count: Int) {
        var size = 16
        while size < ranges.count * 2 { size *= 2 }
        var slots = [Int32](repeating: -1, count: size)
        var known: [ByteRange] = []
        let numbers = ranges.map { range in
            let key = UInt64(range.offset) << 32 | UInt64(range.length)
            var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & (size - 1)
            while slots[slot] >= 0, known[Int(slots[slot])] != range { slot = (slot + 1) & (size - 1) }
            if slots[slot] < 0 {
                slots[slot] = Int32(truncatingIfNeeded: known.count)
                known.append(range)
            }
            return UInt32(slots[slot])
        }
        return (numbers, known.count)
    }
}
