internal import ByteCoding
internal import QueryLanguage
internal import StoreFormat

/// `facets`: the most frequent values of each field. A field with too many or too long values is forgotten.
final class FacetsStage: RowStage {
    /// What is known of a field; nil when it is left out.
    private var values: [String: [[UInt8]: Int]?] = [:]
    private let pipe: FacetsPipe
    private let next: any RowStage
    private let claim: MemoryClaim
    private var rowCount = 0
    private var bytes = 0

    init(_ pipe: FacetsPipe, _ next: any RowStage, _ options: ExecutionOptions) {
        self.pipe = pipe
        self.next = next
        claim = MemoryClaim(options.budget)
    }

    func process(_ block: ResultBlock) throws(ExecutionError) -> Bool {
        rowCount += block.rows.count
        for field in block.fields {
            guard case .some(.some(var counts)) = values.updateValue(nil, forKey: field.name) ?? [:] else { continue }
            var isKept = true
            for row in block.rows {
                guard let value = field.column.value(at: row), !value.isEmpty else { continue }
                guard value.count <= pipe.maximumLength else {
                    isKept = false
                    break
                }
                if counts.updateValue((counts[value] ?? 0) + 1, forKey: value) == nil { bytes += value.count + 64 }
                guard counts.count <= pipe.maximumValues else {
                    isKept = false
                    break
                }
            }
            if isKept {
                values[field.name] = .some(counts)
            } else {
                bytes -= counts.keys.reduce(0) { $0 + $1.count + 64 }
                values[field.name] = .some(nil)
            }
            try claim.set(
                bytes + values.count * 128, "values of \(values.count) fields",
                "narrow the filter, or lower `max_values_per_field`")
        }
        return true
    }

    func finish() throws(ExecutionError) {
        var rows: [[[UInt8]]] = []
        for (name, counts) in values.sorted(by: { $0.key < $1.key }) {
            guard let counts, !counts.isEmpty else { continue }
            if counts.count == 1, counts.first?.value == rowCount, !pipe.keepsConstants { continue }
            let sorted = counts.sorted { left, right in
                left.value != right.value ? left.value > right.value : left.key.lexicographicallyPrecedes(right.key)
            }
            for (value, hits) in sorted.prefix(Int(clamping: pipe.count)) {
                rows.append([Array(name.utf8), value, Array("\(hits)".utf8)])
            }
        }
        _ = try next.process(.table(["field_name", "field_value", "hits"], rows))
        try next.finish()
    }
}
