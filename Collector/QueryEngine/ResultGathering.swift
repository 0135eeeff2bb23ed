internal import ByteCoding
internal import StoreFormat

extension ResultBlock {
    /// Rows picked from several blocks, copied into one block. A name that some of the blocks lack has no value there.
    ///
    /// - Parameters:
    ///   - picks: the rows in the order of the result, each with the index of its block.
    ///   - blocks: the blocks.
    ///   - cursors: the place in time of each pick, or none.
    /// - Returns: a block whose rows are the picks.
    static func gathering(
        _ picks: [(block: Int, row: Int)], from blocks: [ResultBlock], cursors: [RowCursor] = []
    ) -> ResultBlock {
        var names: [String] = []
        var numbers: [String: Int] = [:]
        var columns: [[ResultColumn?]] = []
        for (index, block) in blocks.enumerated() {
            for field in block.fields {
                let number = numbers[field.name] ?? names.count
                if number == names.count {
                    numbers[field.name] = number
                    names.append(field.name)
                    columns.append([ResultColumn?](repeating: nil, count: blocks.count))
                }
                columns[number][index] = field.column
            }
        }
        let fields = zip(names, columns).map { name, columns in Field(name, gather(picks, columns)) }
        return ResultBlock(fields: fields, rows: Array(0..<picks.count), cursors: cursors)
    }

    private static func gather(_ picks: [(block: Int, row: Int)], _ columns: [ResultColumn?]) -> ResultColumn {
        let times = columns.compactMap { if case .times(let times)? = $0 { times } else { nil } }
        if times.count == columns.count { return .times(picks.map { times[$0.block][$0.row] }) }
        var gatherer = ColumnGatherer(capacity: picks.count)
        var buffer = ByteWriter(capacity: 64)
        for pick in picks {
            if let column = columns[pick.block] {
                column.withValue(at: pick.row, &buffer) { gatherer.append($0) }
            } else {
                gatherer.append(nil)
            }
        }
        return .values(gatherer.finish())
    }

    /// The block with one column a name: of two with one name the later stays.
    func withDistinctNames() -> ResultBlock {
        var seen: Set<String> = []
        var result = self
        result.fields = fields.reversed().filter { seen.insert($0.name).inserted }.reversed()
        return result
    }
}
