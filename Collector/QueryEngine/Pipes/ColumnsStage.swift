internal import QueryLanguage

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

    /// Columns under new names; a column that had the new name before is gone.
    func mapping(_ mappings: [FieldMapping], keepsSource: Bool) -> ResultBlock {
        var result = self
        for mapping in mappings {
            for field in result.fields where mapping.source.matches(field.name) {
                let name =
                    mapping.source.isPrefix
                    ? mapping.target.name + field.name.dropFirst(mapping.source.name.count) : mapping.target.name
                if name == field.name { continue }
                result.fields.removeAll { $0.name == name || (!keepsSource && $0.name == field.name) }
                result.fields.append(Field(name, field.column))
            }
        }
        return result
    }
}
