internal import LogModel
internal import StoreFormat

/// `uniq` and `top`: distinct combinations of values and how often each came.
final class HitCounter {
    private var groups = GroupTable()
    /// Rows of each group.
    private var hits: [Int] = []
    /// As long as there are only numbers of one form, they are counted instead.
    private var numbers: NumberCounts?
    /// Whether some values are no numbers of the form of others, so that all are text for good.
    private var isText = false
    private let claim: MemoryClaim

    init(_ options: ExecutionOptions) {
        claim = MemoryClaim(options.budget)
    }

    /// How many combinations there are.
    var count: Int { numbers?.count ?? hits.count }

    func add(_ block: ResultBlock, by fields: [String]) throws(ExecutionError) {
        let columns = fields.map { block.column($0) }
        var rest = block
        if columns.count == 1, !isText {
            let done = addNumbers(columns[0], block.rows)
            rest.rows = done == 0 ? block.rows : Array(block.rows[done...])
        }
        if !rest.rows.isEmpty { addTexts(rest, columns) }
        let bytes = numbers?.memoryBytes ?? groups.memoryBytes + hits.count * 8
        try claim.set(bytes, "\(count) distinct values", "narrow the filter")
    }

    private func addTexts(_ block: ResultBlock, _ columns: [ResultColumn?]) {
        turnToText()
        if let counts = groups.counts(of: block, columns) {
            for (group, rows) in counts { add(group, rows) }
        } else {
            groups.forEachRow(of: block, columns) { _, group in add(group, 1) }
        }
    }

    private func add(_ group: Int, _ rows: Int) {
        while hits.count <= group { hits.append(0) }
        hits[group] += rows
    }

    // MARK: Numbers

    /// Counts numbers, as long as all values are spelled in one way. Blocks in memory have texts: those that are spelled
    /// so are counted with the numbers.
    ///
    /// - Returns: how many of the rows were counted; the others are something else.
    private func addNumbers(_ column: ResultColumn?, _ rows: [Int]) -> Int {
        if numbers == nil, case .numbers(let column)? = column { numbers = turnedToNumbers(column.form) }
        guard var counts = numbers else { return 0 }
        // Not to be copied when it grows.
        numbers = nil
        defer { numbers = counts }
        switch column {
        case nil: counts.add(missing: rows.count)
        case .numbers(let column):
            guard column.form == counts.form else { return 0 }
            counts.add(column, rows)
        case .times: return 0
        case .values(let data):
            return data.arena.withUnsafeBytes { arena in
                for (place, row) in rows.enumerated() {
                    let range = data.range(at: row)
                    if range.isAbsent || range.length == 0 {
                        counts.add(missing: 1)
                        continue
                    }
                    let text = UnsafeRawBufferPointer(rebasing: arena[Int(range.offset)..<range.end])
                    guard let number = counts.form.number(of: text) else { return place }
                    counts.add(number, rows: 1)
                }
                return rows.count
            }
        }
        return rows.count
    }

    /// What was counted as text, as numbers; nil when some text is spelled in another way.
    private func turnedToNumbers(_ form: NumberForm) -> NumberCounts? {
        var counts = NumberCounts(form)
        for (group, rows) in hits.enumerated() {
            guard let text = groups.values(of: group)[0] else {
                counts.add(missing: rows)
                continue
            }
            guard let number = text.withUnsafeBytes({ form.number(of: $0) }) else {
                isText = true
                return nil
            }
            counts.add(number, rows: rows)
        }
        hits = []
        groups = GroupTable()
        return counts
    }

    /// Enters the texts of numbers in their order.
    private func turnToText() {
        guard let old = numbers else { return }
        isText = true
        numbers = nil
        for entry in old.entries() { add(groups.group(ofValue: old.text(of: entry) ?? []), entry.hits) }
    }

    /// Rows are copies of the values.
    private func holdResult(_ count: Int) throws(ExecutionError) {
        let bytes = numbers?.memoryBytes ?? groups.memoryBytes + hits.count * 8
        let copies = min(count, self.count) * (bytes / max(1, self.count) + 24)
        try claim.set(
            bytes + copies, "\(self.count) distinct values and the result", "narrow the filter, or add a limit")
    }

    /// The groups that came first, as rows.
    func first(_ count: Int, fields: [String], hitsField: String?) throws(ExecutionError) -> ResultBlock {
        try holdResult(count)
        if let numbers { return block(numbers.entries().prefix(count), numbers, fields, hitsField) }
        return block(Array(0..<min(count, hits.count)), fields, hitsField)
    }

    /// The groups that have the most hits, those with the most first, and among equals those that came first.
    func mostFrequent(_ count: Int, fields: [String], hitsField: String?) throws(ExecutionError) -> ResultBlock {
        try holdResult(count)
        if let numbers { return block(numbers.mostFrequent(count), numbers, fields, hitsField) }
        var rank = HitRank()
        for hits in hits { rank.add(hits) }
        let least = rank.least(count)
        let order = hits.indices.filter { hits[$0] >= least }.sorted {
            hits[$0] != hits[$1] ? hits[$0] > hits[$1] : $0 < $1
        }
        return block(Array(order.prefix(count)), fields, hitsField)
    }

    private func block(_ order: [Int], _ fields: [String], _ hitsField: String?) -> ResultBlock {
        let columns = fields.map { _ in ColumnGathererBox(capacity: order.count) }
        for group in order {
            for (index, value) in groups.values(of: group).enumerated() { columns[index].append(value) }
        }
        return Self.block(zip(fields, columns).map { ($0, $1.finish()) }, order.map { hits[$0] }, hitsField)
    }

    private func block(
        _ entries: ArraySlice<NumberCounts.Entry>, _ numbers: NumberCounts, _ fields: [String], _ hitsField: String?
    ) -> ResultBlock {
        let column = ColumnGathererBox(capacity: entries.count)
        for entry in entries { column.append(numbers.text(of: entry)) }
        return Self.block(fields.map { ($0, column.finish()) }, entries.map(\.hits), hitsField)
    }

    private static func block(_ columns: [(String, ColumnData)], _ hits: [Int], _ hitsField: String?) -> ResultBlock {
        var fields = columns.map { ResultBlock.Field($0, .values($1)) }
        if let hitsField {
            let counts = ColumnGathererBox(capacity: hits.count)
            for hits in hits { counts.append(Array("\(hits)".utf8)) }
            fields.append(.init(hitsField, .values(counts.finish())))
        }
        return ResultBlock(fields: fields, rows: Array(hits.indices)).withDistinctNames()
    }
}

/// With few groups wanted of many, most are ruled out without sorting: by how many have at least so many hits.
struct HitRank {
    private var groupsOfHits = [Int](repeating: 0, count: 1 << 12)

    mutating func add(_ hits: Int) { groupsOfHits[min(hits, groupsOfHits.count - 1)] += 1 }

    /// Groups with fewer hits are not among the first `count`.
    func least(_ count: Int) -> Int {
        var least = groupsOfHits.count - 1
        var found = groupsOfHits[least]
        while least > 0, found < count {
            least -= 1
            found += groupsOfHits[least]
        }
        return least
    }
}
