internal import ByteCoding
internal import LogModel
internal import QueryLanguage

/// What one function has seen of one group.
struct StatsAccumulator {
    private let function: StatsFunction
    /// Rows for `count`, numbers for `sum` and `avg`.
    var count = 0
    private var sum = 0.0
    private var extreme: (value: SortValue, bytes: [UInt8])?
    private var distinct: Set<[UInt8]> = []
    private var distinctBytes = 0

    init(_ function: StatsFunction) {
        self.function = function
    }

    /// Bytes of memory.
    var memoryBytes: Int { 96 + distinctBytes + (extreme?.bytes.count ?? 0) * 2 }

    mutating func add(_ columns: [ResultBlock.Field], _ row: Int) {
        switch function.kind {
        case .count:
            var buffer = ByteWriter(capacity: 40)
            let has = columns.contains { $0.column.withValue(at: row, &buffer) { ($0?.count ?? 0) > 0 } }
            if has { count += 1 }
        case .countUniq:
            if let limit = function.limit, distinct.count >= Int(clamping: limit) { return }
            let key = combination(columns, row)
            if !key.isEmpty, distinct.insert(key).inserted { distinctBytes += key.count + 48 }
        case .sum, .avg:
            for field in columns {
                guard let number = SortValue.number(field.column, row) else { continue }
                sum += number
                count += 1
            }
        case .min, .max:
            for field in columns {
                let value = SortValue(field.column, row)
                if value == .text([]) { continue }
                if let extreme, function.kind == .min ? extreme.value <= value : extreme.value >= value { continue }
                extreme = (value, field.column.value(at: row) ?? [])
            }
        }
    }

    /// What tells combinations of values apart: names and values of the fields that are not empty. Other blocks have
    /// other columns, so that a field that is missing must leave no trace.
    private func combination(_ columns: [ResultBlock.Field], _ row: Int) -> [UInt8] {
        if function.fields.count == 1, !function.fields[0].isPrefix {
            return columns.first?.column.value(at: row) ?? []
        }
        var key = ByteWriter()
        for field in columns {
            guard let value = field.column.value(at: row), !value.isEmpty else { continue }
            key.append(lengthPrefixed: field.name)
            key.append(varint: UInt64(value.count))
            key.append(contentsOf: value)
        }
        return key.array()
    }

    /// The result as text; empty where there was nothing to compute it of.
    func result() -> [UInt8] {
        switch function.kind {
        case .count: return Array("\(count)".utf8)
        case .countUniq: return Array("\(distinct.count)".utf8)
        case .sum: return count == 0 ? [] : Array(StatsAccumulator.text(sum).utf8)
        case .avg: return count == 0 ? [] : Array(StatsAccumulator.text(sum / Double(count)).utf8)
        case .min, .max: return extreme?.bytes ?? []
        }
    }

    /// Whole numbers without a fraction.
    static func text(_ value: Double) -> String {
        if value == value.rounded(), abs(value) < 1e15 { return "\(Int64(value))" }
        return "\(value)"
    }
}
