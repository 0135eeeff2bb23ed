/// A set of row numbers of one block, one bit a row.
package struct RowBitmap: Equatable, Sendable {
    /// Rows of the block.
    package let rowCount: Int
    /// 64 rows a word, the lowest row in the lowest bit; bits past the last row are zero.
    package private(set) var words: [UInt64]

    /// Makes a set that holds all rows or none.
    package init(rowCount: Int, filled: Bool) {
        self.rowCount = rowCount
        words = [UInt64](repeating: filled ? .max : 0, count: (rowCount + 63) / 64)
        if filled, rowCount % 64 != 0 { words[words.count - 1] = (1 << UInt64(rowCount % 64)) - 1 }
    }

    /// Makes a set of its words; nil when bits past the last row are not zero.
    init?(rowCount: Int, words: [UInt64]) {
        guard words.count == (rowCount + 63) / 64,
            rowCount % 64 == 0 || words[words.count - 1] >> UInt64(rowCount % 64) == 0
        else { return nil }
        self.rowCount = rowCount
        self.words = words
    }

    /// Whether no row is in the set.
    package var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    /// How many rows are in the set.
    package var count: Int {
        let words = words.span
        var count = 0
        for index in words.indices { count &+= words[index].nonzeroBitCount }
        return count
    }

    /// Whether a row is in the set.
    package func contains(_ row: Int) -> Bool { words[row >> 6] >> UInt64(row & 63) & 1 == 1 }

    /// Puts a row in.
    package mutating func insert(_ row: Int) { words[row >> 6] |= 1 << UInt64(row & 63) }

    /// Puts rows in.
    mutating func insert(_ rows: ArraySlice<UInt16>) {
        unsafe words.withUnsafeMutableBufferPointer { words in
            for row in rows { unsafe words[Int(row) >> 6] |= 1 << UInt64(row & 63) }
        }
    }

    /// Takes a row out.
    package mutating func remove(_ row: Int) { words[row >> 6] &= ~(1 << UInt64(row & 63)) }

    /// Keeps the rows that are in both.
    package mutating func formIntersection(_ other: RowBitmap) {
        for index in words.indices { words[index] &= other.words[index] }
    }

    /// Adds the rows of the other.
    package mutating func formUnion(_ other: RowBitmap) {
        for index in words.indices { words[index] |= other.words[index] }
    }

    /// Takes out the rows of the other.
    package mutating func subtract(_ other: RowBitmap) {
        for index in words.indices { words[index] &= ~other.words[index] }
    }

    /// Whether all rows of this set, of as many rows, are in the other.
    package func isSubset(of other: RowBitmap) -> Bool {
        zip(words, other.words).allSatisfy { $0 & ~$1 == 0 }
    }

    /// Whether any row of a range is in the set.
    package func containsAny(in range: Range<Int>) -> Bool {
        var row = range.lowerBound
        while row < range.upperBound {
            let word = words[row >> 6] >> UInt64(row & 63)
            if word != 0 { return row + word.trailingZeroBitCount < range.upperBound }
            row = (row >> 6 + 1) << 6
        }
        return false
    }

    /// Keeps the rows for which `test` says true.
    package mutating func filter(_ test: (Int) -> Bool) {
        for index in words.indices {
            var rest = words[index]
            while rest != 0 {
                let bit = rest.trailingZeroBitCount
                rest &= rest - 1
                if !test(index << 6 + bit) { words[index] &= ~(1 << UInt64(bit)) }
            }
        }
    }

    /// Keeps the rows whose group passes.
    ///
    /// - Parameters:
    ///   - groups: the group of each row of the block, and perhaps of more.
    ///   - passes: for each group whether it passes.
    package mutating func keep(_ groups: [UInt16], _ passes: [Bool]) {
        precondition(groups.count >= rowCount, "groups of another block")
        let bits = passes.map { $0 ? 1 as UInt64 : 0 }
        let (groups, table) = (groups.span, bits.span)
        for index in words.indices {
            let old = words[index]
            if old == 0 { continue }
            var new: UInt64 = 0
            let first = index << 6
            if old.nonzeroBitCount > 16 {
                for bit in 0..<min(64, rowCount - first) { new |= table[Int(groups[first + bit])] << UInt64(bit) }
                new &= old
            } else {
                var rest = old
                while rest != 0 {
                    let bit = rest.trailingZeroBitCount
                    rest &= rest - 1
                    new |= table[Int(groups[first + bit])] << UInt64(bit)
                }
            }
            words[index] = new
        }
    }

    /// Calls `body` for each row in ascending order.
    package func forEach(_ body: (Int) -> Void) {
        for index in words.indices {
            var rest = words[index]
            while rest != 0 {
                body(index << 6 + rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        }
    }

    /// The rows in ascending order.
    package var rows: [Int] {
        let count = count
        if count == rowCount {
            return unsafe [Int](unsafeUninitializedCapacity: count) { rows, filled in
                for row in 0..<count { unsafe rows[row] = row }
                filled = count
            }
        }
        var result: [Int] = []
        result.reserveCapacity(count)
        forEach { result.append($0) }
        return result
    }
}
