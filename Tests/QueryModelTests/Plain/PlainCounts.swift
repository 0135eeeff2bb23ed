import QueryLanguage

/// Pipes that count rows by their values: `uniq`, `top`, `field_names`, `facets`.
enum PlainCounts {
    /// Each combination of values of some fields, and how many rows have it.
    static func combinations(_ rows: [PlainRow], _ fields: [String]) -> [(row: PlainRow, hits: Int)] {
        let names = Set(fields)
        return Dictionary(grouping: rows) { row in row.fields.filter { names.contains($0.key) } }.map {
            (PlainRow($0.key), $0.value.count)
        }
    }

    static func uniq(_ pipe: UniqPipe, _ table: PlainTable) throws -> PlainTable {
        let found = combinations(table.rows, pipe.fields)
        if let limit = pipe.limit, limit < found.count { throw Undefined("which values come first") }
        return PlainTable(
            rows: found.map { row, hits in
                var row = row
                if let name = pipe.hitsField { row[name] = "\(hits)".bytes }
                return row
            })
    }

    static func top(_ pipe: TopPipe, _ table: PlainTable) throws -> PlainTable {
        let found = combinations(table.rows, pipe.fields).sorted { $0.hits > $1.hits }
        let count = min(Int(clamping: pipe.count), found.count)
        if count < found.count, count > 0, found[count - 1].hits == found[count].hits {
            throw Undefined("which of equally frequent values come first")
        }
        let hasTies = zip(found.prefix(count), found.prefix(count).dropFirst()).contains { $0.hits == $1.hits }
        if hasTies, pipe.rankField != nil { throw Undefined("the place of a value") }
        let rows = found.prefix(count).enumerated().map { place, entry in
            var row = entry.row
            row[pipe.hitsField] = "\(entry.hits)".bytes
            if let rank = pipe.rankField { row[rank] = "\(place + 1)".bytes }
            return row
        }
        return PlainTable(rows: rows, isOrdered: !hasTies)
    }

    static func names(_ pipe: FieldNamesPipe, _ table: PlainTable) -> PlainTable {
        var hits: [String: Int] = [:]
        for row in table.rows { for name in row.fields.keys { hits[name, default: 0] += 1 } }
        return PlainTable(
            rows: hits.map { name, hits in
                var row = PlainRow([pipe.result: name.bytes])
                row["hits"] = "\(hits)".bytes
                return row
            })
    }

    static func facets(_ pipe: FacetsPipe, _ table: PlainTable) -> PlainTable {
        var rows: [PlainRow] = []
        for name in Set(table.rows.flatMap { $0.fields.keys }) {
            let values = table.rows.map { $0[name] }.filter { !$0.isEmpty }
            if values.contains(where: { $0.count > pipe.maximumLength }) { continue }
            let hits = Dictionary(grouping: values) { $0 }.mapValues(\.count)
            if hits.count > pipe.maximumValues { continue }
            if hits.count == 1, values.count == table.rows.count, !pipe.keepsConstants { continue }
            let sorted = hits.sorted {
                $0.value != $1.value ? $0.value > $1.value : $0.key.lexicographicallyPrecedes($1.key)
            }
            rows += sorted.prefix(Int(clamping: pipe.count)).map { value, hits in
                PlainRow(["field_name": name.bytes, "field_value": value, "hits": "\(hits)".bytes])
            }
        }
        return PlainTable(rows: rows)
    }
}
