internal import ByteCoding
internal import LogModel
internal import QueryLanguage

/// What one function has seen of one group.
struct StatsAccumulator {
    private let function: StatsFunction
    /// Rows for `count`, numbers for `sum` and `avg`.
    var count = 0
    /// Of the blocks before ``block``.
    private var sum = 0.0
    /// Of the block that was added last.
    private var sumOfBlock = 0.0
    private var block: Int32 = 0
    private var extreme: (value: SortValue, bytes: [UInt8])?
    private var distinct = DistinctValues()
    /// What functions beyond counts, sums and extremes keep.
    private var gatherer: StatsGatherer?

    init(_ function: StatsFunction) {
        self.function = function
        gatherer = StatsGatherer(function)
    }

    /// Bytes of memory without any values.
    static let ownBytes = MemoryLayout<StatsAccumulator>.stride

    /// Bytes of memory.
    var memoryBytes: Int {
        Self.ownBytes + distinct.memoryBytes + (extreme?.bytes.count ?? 0) * 2 + (gatherer?.memoryBytes ?? 0)
    }

    /// Takes a row of a block; each block has a number of its own.
    mutating func add(_ columns: [ResultBlock.Field], _ row: Int, source: ResultColumn?, block: Int32) {
        switch function.kind {
        case .count:
            var buffer = ByteWriter(capacity: 40)
            let has = columns.contains { $0.column.withValue(at: row, &buffer) { ($0?.count ?? 0) > 0 } }
            if has { count += 1 }
        case .countUniq:
            if let limit = function.limit, distinct.count >= Int(clamping: limit) { return }
            let key = combination(columns, row)
            if !key.isEmpty { distinct.insert(key) }
        case .countEmpty:
            var buffer = ByteWriter(capacity: 40)
            let has = columns.contains { $0.column.withValue(at: row, &buffer) { ($0?.count ?? 0) > 0 } }
            if !has { count += 1 }
        case .sumLength:
            var buffer = ByteWriter(capacity: 40)
            for field in columns { count += field.column.withValue(at: row, &buffer) { $0?.count ?? 0 } }
        case .rate: count += 1
        case .sum, .avg, .rateSum:
            for field in columns {
                guard let number = SortValue.number(field.column, row) else { continue }
                begin(block)
                sumOfBlock += number
                count += 1
            }
        case .min, .max:
            for field in columns {
                let value = SortValue(field.column, row)
                // To `min`, no value is less than any; of fields that are not named, rows have only those with a value.
                if value == .text([]), function.kind == .max || !function.isNamed(field.name) { continue }
                keep(extreme: value, field.column.value(at: row) ?? [])
            }
        default: gatherer?.add(columns, row, source: source)
        }
    }

    private mutating func begin(_ block: Int32) {
        if block == self.block { return }
        sum += sumOfBlock
        sumOfBlock = 0
        self.block = block
    }

    /// Takes the rows of one group that ``GroupedNumbers`` put together of a block.
    mutating func add(_ numbers: GroupedNumbers, _ range: Range<Int>, missing: Int, block: Int32) {
        let values = numbers.values[range]
        switch function.kind {
        case .sum, .avg, .rateSum:
            begin(block)
            for value in values {
                guard let number = SortValue.number(value, numbers.form) else { continue }
                sumOfBlock += number
                count += 1
            }
        case .countUniq: distinct.insert(values, numbers.form, limit: Int(clamping: function.limit ?? .max))
        case .min, .max:
            // To `min`, no value is less than any.
            if function.kind == .min, missing > 0 { keep(extreme: .text([]), []) }
            guard let found = function.kind == .min ? values.min() : values.max() else { return }
            keep(extreme: .integer(found), Array("\(found)".utf8))
        default: gatherer?.add(values, empties: missing)
        }
    }

    private mutating func keep(extreme value: SortValue, _ bytes: @autoclosure () -> [UInt8]) {
        if let extreme, function.kind == .min ? extreme.value <= value : extreme.value >= value { return }
        extreme = (value, bytes())
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

    private var total: Double { sum + sumOfBlock }

    /// What has been seen but for ``quantiles``, for functions of which ``PartialStats/joins(_:)`` says so.
    var part: PartialStats.Part {
        PartialStats.Part(count: count, sum: total, extreme: extreme?.value, bytes: extreme?.bytes)
    }

    /// The values of which a quantile is wanted; nil for other functions.
    var quantiles: QuantileValues? { gatherer?.knownQuantiles }

    /// Adds what another accumulator of the same function has seen of a later block.
    mutating func add(_ part: PartialStats.Part) {
        count += part.count
        sum = total + part.sum
        sumOfBlock = 0
        guard let value = part.extreme, let bytes = part.bytes else { return }
        if let extreme, function.kind == .min ? extreme.value <= value : extreme.value >= value { return }
        extreme = (value, bytes)
    }

    /// Adds values of later blocks.
    mutating func add(_ quantiles: QuantileValues) { gatherer?.add(quantiles) }

    /// The result as text; empty where there was nothing to compute it of.
    func result(rateSeconds: Double?) -> [UInt8] {
        let rate = rateSeconds ?? 1
        let text: String
        switch function.kind {
        case .count, .countEmpty, .sumLength: text = "\(count)"
        case .countUniq: text = "\(distinct.count)"
        case .sum: text = NumberWriting.decimal(count == 0 ? .nan : total)
        case .avg: text = NumberWriting.decimal(count == 0 ? .nan : total / Double(count))
        case .rate: text = NumberWriting.decimal(Double(count) / rate)
        case .rateSum: text = NumberWriting.decimal(count == 0 ? .nan : total / rate)
        case .min, .max: return extreme?.bytes ?? []
        default: return gatherer?.result() ?? []
        }
        return Array(text.utf8)
    }
}
