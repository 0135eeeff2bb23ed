internal import ByteCoding
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
    var memoryBytes: Int { 96 + distinctBytes }

    mutating func add(_ columns: [ResultColumn], _ row: Int) {
        switch function.kind {
        case .count:
            var buffer = ByteWriter(capacity: 40)
            let has = columns.contains { $0.withValue(at: row, &buffer) { ($0?.count ?? 0) > 0 } }
            if has { count += 1 }
        case .countUniq:
            if let limit = function.limit, distinct.count >= Int(clamping: limit) { return }
            var key: [UInt8] = []
            for column in columns {
                let value = column.value(at: row) ?? []
                key.append(contentsOf: "\(value.count):".utf8)
                key.append(contentsOf: value)
            }
            if key.allSatisfy({ $0 == 0x30 || $0 == 0x3A }) { return }
            if distinct.insert(key).inserted { distinctBytes += key.count + 48 }
        case .sum, .avg:
            for column in columns {
                guard let number = SortValue.number(column.value(at: row) ?? []) else { continue }
                sum += number
                count += 1
            }
        case .min, .max:
            for column in columns {
                guard let bytes = column.value(at: row), !bytes.isEmpty else { continue }
                let value = SortValue(bytes)
                if let extreme, function.kind == .min ? extreme.value <= value : extreme.value >= value { continue }
                extreme = (value, bytes)
            }
        }
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
