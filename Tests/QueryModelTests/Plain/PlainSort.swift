import QueryLanguage

/// Sorts rows as the pipe says.
struct PlainSort {
    private let pipe: SortPipe

    init(_ pipe: SortPipe) { self.pipe = pipe }

    /// Whether a row comes first by the fields that are sorted by.
    func precedes(_ left: PlainRow, _ right: PlainRow) -> Bool {
        if pipe.keys.isEmpty {
            for name in Set(left.fields.keys).union(right.fields.keys).sorted() {
                let order = PlainOrder.compare(left[name], right[name])
                if order != 0 { return pipe.isDescending ? order > 0 : order < 0 }
            }
            return false
        }
        for key in pipe.keys {
            let order = PlainOrder.compare(left[key.field], right[key.field])
            if order != 0 { return key.isDescending ? order > 0 : order < 0 }
        }
        return false
    }

    /// All rows in their order, part by part, and from where to where in each part rows are wanted.
    func parts(_ rows: [PlainRow]) -> [[PlainRow]] {
        if pipe.partition.isEmpty { return [rows.sorted(by: precedes)] }
        let parts = Dictionary(grouping: rows) { row in pipe.partition.map { row[$0] } }
        let order = parts.keys.sorted { left, right in
            left.lexicographicallyPrecedes(right) { $0.lexicographicallyPrecedes($1) }
        }
        return order.map { (parts[$0] ?? []).sorted(by: precedes) }
    }

    /// Of a part, the places that are wanted.
    func wanted(_ part: [PlainRow]) -> Range<Int> {
        let start = min(Int(clamping: pipe.offset ?? 0), part.count)
        return start..<(start + min(Int(clamping: pipe.limit ?? .max), part.count - start))
    }

    func sorted(_ table: PlainTable) throws -> PlainTable {
        var rows: [PlainRow] = []
        var isOrdered = true
        for part in parts(table.rows) {
            func areTied(_ place: Int) -> Bool {
                place > 0 && place < part.count && !precedes(part[place - 1], part[place])
                    && part[place - 1].fields != part[place].fields
            }
            let wanted = wanted(part)
            if areTied(wanted.lowerBound) || areTied(wanted.upperBound) { throw Undefined("which rows come first") }
            let hasTies = wanted.dropFirst().contains { areTied($0) }
            if hasTies, pipe.rankField != nil { throw Undefined("the place of a row") }
            if hasTies { isOrdered = false }
            rows += wanted.map { place in
                var row = part[place]
                if let rank = pipe.rankField { row[rank] = "\(place + 1)".bytes }
                return row
            }
        }
        return PlainTable(rows: rows, isOrdered: isOrdered)
    }
}
