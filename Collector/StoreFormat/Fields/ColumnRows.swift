/// Which rows of a block have a value of a column, as a reader has it. The value of a row has a rank: how many rows before
/// it have one.
struct ColumnRows: Sendable {
    /// Rows of the block.
    let rowCount: Int
    /// The rows with a value; nil when all have one.
    let present: RowBitmap?
    /// How many rows have a value.
    let valueCount: Int
    /// For each word of ``present``, how many values are before it.
    private let ranks: [UInt32]

    init(rowCount: Int, _ present: RowBitmap?) {
        self.rowCount = rowCount
        self.present = present
        var count: UInt32 = 0
        ranks = (present?.words ?? []).map { word in
            defer { count += UInt32(word.nonzeroBitCount) }
            return count
        }
        valueCount = present == nil ? rowCount : Int(count)
    }

    /// Bytes of memory.
    var memoryBytes: Int { ranks.count * 12 }

    /// Calls `body` with the rank and the row of each value of a candidate, and how many candidates are before it.
    func forEach(
        of candidates: RowBitmap, _ body: (Int, Int, Int) throws(StoreFormatError) -> Void
    ) throws(StoreFormatError) {
        var place = 0
        for (index, word) in candidates.words.enumerated() where word != 0 {
            let own = present?.words[index] ?? .max
            let first = present == nil ? index << 6 : Int(ranks[index])
            var rest = word
            while rest != 0 {
                let bit = rest.trailingZeroBitCount
                rest &= rest - 1
                if own >> UInt64(bit) & 1 == 1 {
                    let rank = first + (own & ((1 << UInt64(bit)) - 1)).nonzeroBitCount
                    try body(rank, index << 6 + bit, place)
                }
                place += 1
            }
        }
    }

    /// The ranks of the values of candidates.
    func ranks(of candidates: RowBitmap) -> RowBitmap {
        guard let present else { return candidates }
        var wanted = candidates
        wanted.formIntersection(present)
        var found = RowBitmap(rowCount: valueCount, filled: false)
        for (index, word) in wanted.words.enumerated() where word != 0 {
            var rest = word
            while rest != 0 {
                let before: UInt64 = (rest & (0 &- rest)) - 1
                rest &= rest - 1
                found.insert(Int(ranks[index]) + (present.words[index] & before).nonzeroBitCount)
            }
        }
        return found
    }

    /// Spreads the values of the rows that have one over all rows.
    ///
    /// - Throws: ``StoreFormatError`` when there are more or fewer of them.
    func spread<T>(_ values: [T], absent: T) throws(StoreFormatError) -> [T] {
        guard values.count == valueCount else {
            throw StoreFormatError("column has \(values.count) of \(valueCount) values")
        }
        guard let present else { return values }
        var result = [T](repeating: absent, count: rowCount)
        var rank = 0
        present.forEach { row in
            result[row] = values[rank]
            rank += 1
        }
        return result
    }
}
