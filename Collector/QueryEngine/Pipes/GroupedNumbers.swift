internal import QueryLanguage
internal import StoreFormat

/// The numbers of some rows of a block, put together by group, in the order of the rows: what a function does with them is
/// decided once a group, not once a row.
struct GroupedNumbers {
    /// How the numbers are spelled.
    let form: NumberForm
    /// Of each group that has rows: where its numbers are among ``values``, and how many of its rows have none.
    private(set) var parts: [(group: Int, range: Range<Int>, missing: Int)] = []
    /// The numbers, group by group.
    private(set) var values: [Int64] = []

    /// Puts the numbers of a function's only input together; nil when the function must look at the rows one by one, because
    /// of what it is or of what the column holds.
    ///
    /// - Parameters:
    ///   - function: what they are for.
    ///   - inputs: its columns.
    ///   - rows: the rows that count.
    ///   - groups: the group of each row of the block.
    ///   - groupCount: groups are below it.
    init?(_ function: StatsFunction, _ inputs: [ResultBlock.Field], rows: [Int], groups: [Int32], groupCount: Int) {
        // Looking at each group must not cost more than looking at each row.
        guard inputs.count == 1, case .numbers(let column) = inputs[0].column, groupCount <= 4 * rows.count,
            function.takesNumbers(of: column.form)
        else { return nil }
        form = column.form
        var ends = [Int](repeating: 0, count: groupCount)
        var missing = [Int](repeating: 0, count: groupCount)
        let present = column.rows.words.span
        for row in rows {
            let group = Int(groups[row])
            if present[row >> 6] >> UInt64(row & 63) & 1 == 1 { ends[group] += 1 } else { missing[group] += 1 }
        }
        var start = 0
        for group in 0..<groupCount {
            let count = ends[group]
            if count + missing[group] > 0 { parts.append((group, start..<start + count, missing[group])) }
            ends[group] = start
            start += count
        }
        values = [Int64](unsafeUninitializedCapacity: start) { room, count in
            let numbers = column.values.span
            for row in rows where present[row >> 6] >> UInt64(row & 63) & 1 == 1 {
                let group = Int(groups[row])
                room[ends[group]] = numbers[row]
                ends[group] += 1
            }
            count = start
        }
    }
}

extension StatsFunction {
    /// Whether numbers of this form can be handed over without their text.
    fileprivate func takesNumbers(of form: NumberForm) -> Bool {
        switch kind {
        case .sum, .avg, .rateSum: form.isPlain && form.spelling != .padded
        // Of several fields it is the combinations that count.
        case .countUniq: fields.count == 1 && !fields[0].isPrefix
        // A number of another form is written in more than one way, or is not compared as an integer.
        case .min, .max, .median, .quantile:
            form.isPlain && form.spelling == .integer && fields.allSatisfy { !$0.isPrefix } && !fields.isEmpty
        default: false
        }
    }
}
