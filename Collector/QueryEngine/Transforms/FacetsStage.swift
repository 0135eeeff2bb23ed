internal import ByteCoding
internal import QueryLanguage
internal import StoreFormat

/// `facets`: the most frequent values of each field. A field with too many or too long values is forgotten.
///
/// Right behind the filter, columns of fields that are forgotten are not read any more.
final class FacetsStage: ColumnStage {
    /// What is known of a field; nil when it is left out.
    private var values: [String: ValueCounts?] = [:]
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

    func read(_ columns: BlockColumns, _ rows: RowBitmap) throws -> () throws(ExecutionError) -> Void {
        var fields: [ResultBlock.Field] = []
        for name in try columns.names(of: rows) where isKept(name) {
            if let column = try columns.column(name, rows) { fields.append(.init(name, column)) }
        }
        let block = ResultBlock(fields: fields, rows: rows.rows)
        return { () throws(ExecutionError) in try self.add(block) }
    }

    func process(_ block: ResultBlock) throws(ExecutionError) -> Bool {
        try add(block)
        return true
    }

    private func isKept(_ name: String) -> Bool {
        if case .some(.none) = values[name] { return false }
        return true
    }

    private func add(_ block: ResultBlock) throws(ExecutionError) {
        rowCount += block.rows.count
        for field in block.fields where isKept(field.name) {
            // Not to be copied when it grows.
            var counts = (values.updateValue(nil, forKey: field.name) ?? nil) ?? ValueCounts()
            bytes -= counts.memoryBytes
            let isKept = counts.add(
                field.column, block.rows, most: Int(clamping: pipe.maximumValues),
                longest: Int(clamping: pipe.maximumLength))
            if isKept {
                bytes += counts.memoryBytes
                values[field.name] = .some(counts)
            }
            try claim.set(
                bytes + values.count * 192, "values of \(values.count) fields",
                "narrow the filter, or lower `max_values_per_field`")
        }
    }

    func finish() throws(ExecutionError) {
        var rows: [[[UInt8]]] = []
        for (name, counts) in values.sorted(by: { $0.key < $1.key }) {
            guard let entries = counts?.entries, !entries.isEmpty else { continue }
            if entries.count == 1, entries[0].hits == rowCount, !pipe.keepsConstants { continue }
            let sorted = entries.sorted { left, right in
                left.hits != right.hits ? left.hits > right.hits : left.value.lexicographicallyPrecedes(right.value)
            }
            for (value, hits) in sorted.prefix(Int(clamping: pipe.count)) {
                rows.append([Array(name.utf8), value, Array("\(hits)".utf8)])
            }
        }
        _ = try next.process(.table(["field_name", "field_value", "hits"], rows))
        try next.finish()
    }
}
