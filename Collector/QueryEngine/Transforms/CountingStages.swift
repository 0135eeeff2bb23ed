internal import ByteCoding
internal import LogModel
internal import QueryLanguage
internal import StoreFormat

/// `sample N`: one row of N, by chance.
final class SampleStage: RowStage {
    private let pipe: SamplePipe
    private let next: any RowStage

    init(_ pipe: SamplePipe, _ next: any RowStage) {
        self.pipe = pipe
        self.next = next
    }

    func process(_ block: ResultBlock) throws(ExecutionError) -> Bool {
        var result = block
        result.rows = block.rows.filter { _ in UInt64.random(in: 0..<pipe.of) == 0 }
        return result.rows.isEmpty ? true : try next.process(result)
    }

    func finish() throws(ExecutionError) { try next.finish() }
}

/// `drop_empty_fields`: an empty value becomes none, and a row without any is left out.
final class DropEmptyFieldsStage: RowStage {
    private let next: any RowStage

    init(_ next: any RowStage) {
        self.next = next
    }

    func process(_ block: ResultBlock) throws(ExecutionError) -> Bool {
        var result = block
        var isKept = [Bool](repeating: false, count: block.rowBound)
        for (index, field) in block.fields.enumerated() {
            var values = RowValues(rowCount: block.rowBound)
            var hasEmpty = false
            for row in block.rows {
                guard let value = field.column.value(at: row) else { continue }
                if value.isEmpty {
                    hasEmpty = true
                } else {
                    isKept[row] = true
                    values.set(row, value)
                }
            }
            let column = values.finish()
            if hasEmpty { result.fields[index] = .init(field.name, column) }
        }
        result.rows = block.rows.filter { isKept[$0] }
        return result.rows.isEmpty ? true : try next.process(result)
    }

    func finish() throws(ExecutionError) { try next.finish() }
}

/// `blocks_count`: how many blocks rows came in.
final class BlocksCountStage: RowStage {
    private let pipe: BlocksCountPipe
    private let next: any RowStage
    private var count = 0

    init(_ pipe: BlocksCountPipe, _ next: any RowStage) {
        self.pipe = pipe
        self.next = next
    }

    func process(_ block: ResultBlock) -> Bool {
        if !block.rows.isEmpty { count += 1 }
        return true
    }

    func finish() throws(ExecutionError) {
        _ = try next.process(.table([pipe.result], [[Array("\(count)".utf8)]]))
        try next.finish()
    }
}

/// `field_names`: how many rows have each field.
///
/// Right behind the filter it is storage that tells which rows have a field, mostly without reading the values.
final class FieldNamesStage: ColumnStage {
    private let pipe: FieldNamesPipe
    private let next: any RowStage
    private let claim: MemoryClaim
    private var hits: [String: Int] = [:]

    init(_ pipe: FieldNamesPipe, _ next: any RowStage, _ options: ExecutionOptions) {
        self.pipe = pipe
        self.next = next
        claim = MemoryClaim(options.budget)
    }

    func read(_ columns: BlockColumns, _ rows: RowBitmap) throws -> () throws(ExecutionError) -> Void {
        let counts = try columns.names(of: rows).map { ($0, try columns.valueCount($0, rows)) }
        return { () throws(ExecutionError) in try self.add(counts) }
    }

    func process(_ block: ResultBlock) throws(ExecutionError) -> Bool {
        try add(block.fields.map { ($0.name, $0.column.valueCount(of: block.rows.count, block.rows)) })
        return true
    }

    private func add(_ counts: [(name: String, rows: Int)]) throws(ExecutionError) {
        for (name, rows) in counts where rows > 0 { hits[name, default: 0] += rows }
        try claim.set(hits.count * 128, "\(hits.count) names of fields", "narrow the filter")
    }

    func finish() throws(ExecutionError) {
        let rows = hits.sorted { $0.key < $1.key }.map { [Array($0.key.utf8), Array("\($0.value)".utf8)] }
        _ = try next.process(.table([pipe.result, "hits"], rows))
        try next.finish()
    }
}

extension ResultBlock {
    /// A block of values, row by row.
    static func table(_ names: [String], _ rows: [[[UInt8]]]) -> ResultBlock {
        let fields = names.enumerated().map { index, name in
            var gatherer = ColumnGatherer(capacity: rows.count)
            for row in rows { gatherer.append(row[index]) }
            return Field(name, .values(gatherer.finish()))
        }
        return ResultBlock(fields: fields, rows: Array(rows.indices)).withDistinctNames()
    }
}

extension ResultColumn {
    /// How many of some rows, which are looked at only where they differ, have a value that is not empty.
    func valueCount(of count: Int, _ rows: @autoclosure () -> [Int]) -> Int {
        switch self {
        case .times: return count
        case .numbers(let column): return rows().count { column.rows.contains($0) }
        case .values(let data):
            let isValue = data.ranges.map { !$0.isAbsent && $0.length > 0 }
            guard let entries = data.indexes else { return rows().count { isValue[$0] } }
            if isValue.allSatisfy(\.self) { return count }
            return rows().count { isValue[Int(entries[$0])] }
        }
    }
}
