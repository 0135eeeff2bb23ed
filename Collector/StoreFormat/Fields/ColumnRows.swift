/// Which rows of a block have a value of a column, as a reader has it.
struct ColumnRows {
    /// Rows of the block.
    let rowCount: Int
    /// The rows with a value, ascending; nil when all have one.
    let rows: [UInt32]?

    /// How many rows have a value.
    var valueCount: Int { rows?.count ?? rowCount }

    /// The rows with a value as a set; nil when all have one.
    var present: RowBitmap? {
        guard let rows else { return nil }
        var set = RowBitmap(rowCount: rowCount, filled: false)
        for row in rows { set.insert(Int(row)) }
        return set
    }

    /// The row of a value.
    func row(_ rank: Int) -> Int { rows.map { Int($0[rank]) } ?? rank }

    /// Calls `body` with the rank and the row of each value of a candidate.
    func forEach(
        of candidates: RowBitmap, _ body: (Int, Int) throws(StoreFormatError) -> Void
    ) throws(StoreFormatError) {
        for rank in 0..<valueCount {
            let row = row(rank)
            if candidates.contains(row) { try body(rank, row) }
        }
    }

    /// The ranks of the values of candidates.
    func ranks(of candidates: RowBitmap) -> RowBitmap {
        guard let rows else { return candidates }
        var ranks = RowBitmap(rowCount: rows.count, filled: false)
        for rank in rows.indices where candidates.contains(Int(rows[rank])) { ranks.insert(rank) }
        return ranks
    }

    /// Spreads the values of the rows that have one over all rows.
    ///
    /// - Throws: ``StoreFormatError`` when there are more or fewer of them.
    func spread<T>(_ values: [T], absent: T) throws(StoreFormatError) -> [T] {
        guard values.count == valueCount else {
            throw StoreFormatError("column has \(values.count) of \(valueCount) values")
        }
        guard let rows else { return values }
        var result = [T](repeating: absent, count: rowCount)
        for (rank, row) in rows.enumerated() { result[Int(row)] = values[rank] }
        return result
    }
}
