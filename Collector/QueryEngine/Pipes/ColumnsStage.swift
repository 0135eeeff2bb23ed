internal import ByteCoding
internal import LogModel
internal import QueryLanguage
internal import StoreFormat

/// Pipes that change which columns there are and how they are called: fields, delete, rename, copy.
final class ColumnsStage: RowStage {
    private let next: any RowStage
    private let change: (ResultBlock) -> ResultBlock

    init(_ next: any RowStage, _ change: @escaping (ResultBlock) -> ResultBlock) {
        self.next = next
        self.change = change
    }

    func process(_ block: ResultBlock) throws(ExecutionError) -> Bool { try next.process(change(block)) }
    func finish() throws(ExecutionError) { try next.finish() }
}

extension ResultBlock {
    /// Only the columns that a pattern matches, in the order of the patterns.
    func keeping(_ patterns: [FieldPattern]) -> ResultBlock {
        var result = self
        var seen: Set<String> = []
        result.fields = patterns.flatMap { pattern in
            fields.filter { pattern.matches($0.name) && seen.insert($0.name).inserted }
        }
        return result
    }

    /// The columns that no pattern matches.
    func dropping(_ patterns: [FieldPattern]) -> ResultBlock {
        var result = self
        result.fields.removeAll { field in patterns.contains { $0.matches(field.name) } }
        return result
    }

    /// Columns under new names. What had a new name before is gone, even where there is nothing to take its place; of
    /// names that are meant by `*`, only where there is something.
    func mapping(_ mappings: [FieldMapping], keepsSource: Bool) -> ResultBlock {
        var result = self
        for mapping in mappings where mapping.source != mapping.target {
            // All at once, so that with `a*` as `aa*` no name is met a second time under its new name.
            let moved = result.fields.filter { mapping.source.matches($0.name) }
            if !keepsSource { result.fields.removeAll { mapping.source.matches($0.name) } }
            if !mapping.source.isPrefix { result.fields.removeAll { $0.name == mapping.target.name } }
            for field in moved {
                let ending = field.name.utf8.dropFirst(mapping.source.name.utf8.count)
                var name = mapping.target.name + (mapping.source.isPrefix ? String(ending) ?? "" : "")
                // What is left without a name is the message.
                if name.isEmpty { name = FieldName.message }
                if let index = result.fields.firstIndex(where: { $0.name == name }) {
                    let column = field.column.filled(from: result.fields[index].column, rows: rows)
                    result.fields[index] = Field(name, column)
                } else {
                    result.fields.append(Field(name, field.column))
                }
            }
        }
        return result
    }
}

extension ResultColumn {
    /// The column with the other's values where it has none.
    fileprivate func filled(from other: ResultColumn, rows: [Int]) -> ResultColumn {
        guard case .values(let data) = self else { return self }
        var gatherer = ColumnGatherer(capacity: data.rowCount)
        var buffer = ByteWriter(capacity: 64)
        let wanted = Set(rows)
        for row in 0..<data.rowCount {
            if wanted.contains(row) {
                let range = data.range(at: row)
                (range.isAbsent || range.length == 0 ? other : self).withValue(at: row, &buffer) { gatherer.append($0) }
            } else {
                gatherer.append(nil)
            }
        }
        return .values(gatherer.finish())
    }
}
