internal import QueryLanguage
internal import StoreFormat

extension StatsFunction {
    /// Of some rows those that tell a function all that they do together: where its only input is a dictionary and it asks
    /// for distinct values, the first row of each entry in each group. Others are returned as they are.
    ///
    /// - Parameters:
    ///   - rows: rows of a block.
    ///   - inputs: the function's columns.
    ///   - groups: the group of each row of the block.
    ///   - groupCount: groups are below it.
    /// - Returns: some of the rows, in their order.
    func telling(_ rows: [Int], _ inputs: [ResultBlock.Field], groups: [Int32], groupCount: Int) -> [Int] {
        switch kind {
        case .countUniq, .countUniqHash, .uniqValues: break
        default: return rows
        }
        guard inputs.count == 1, case .values(let data) = inputs[0].column, let entries = data.indexes else {
            return rows
        }
        // A table must not take longer to make than the rows to look at.
        let (size, overflow) = groupCount.multipliedReportingOverflow(by: data.ranges.count)
        guard !overflow, size <= 8 * rows.count else { return rows }
        var isKnown = [Bool](repeating: false, count: size)
        return rows.filter { row in
            let place = Int(groups[row]) * data.ranges.count + Int(entries[row])
            defer { isKnown[place] = true }
            return !isKnown[place]
        }
    }
}
