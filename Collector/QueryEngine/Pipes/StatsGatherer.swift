internal import ByteCoding
internal import QueryLanguage
internal import StoreFormat

/// What functions that keep values have seen of one group.
final class StatsGatherer {
    private let function: StatsFunction
    private let limit: Int
    private var values: [[UInt8]] = []
    private var distinct: Set<[UInt8]> = []
    private var hashes: Set<UInt64> = []
    /// The row that counts so far, as JSON, and the value that made it so.
    private var chosen: (value: SortValue, row: [UInt8])?
    private var ranges: [String: Int] = [:]
    private var quantiles = QuantileValues()
    /// Bytes of what is kept elsewhere than in ``quantiles``.
    private var keptBytes = 128
    /// Bytes of memory.
    var memoryBytes: Int { keptBytes + quantiles.memoryBytes }

    /// Nil for functions that keep no values, or keep them elsewhere.
    init?(_ function: StatsFunction) {
        switch function.kind {
        case .count, .countUniq, .sum, .min, .max, .avg, .countEmpty, .rate, .rateSum, .sumLength: return nil
        default: break
        }
        self.function = function
        limit = Int(clamping: function.limit ?? .max)
    }

    func add(_ columns: [ResultBlock.Field], _ row: Int, source: ResultColumn?) {
        switch function.kind {
        case .values:
            for field in columns where values.count < limit { if let value = value(field, row) { keep(value) } }
        case .median, .quantile: for field in columns { if let value = value(field, row) { quantiles.add(value) } }
        case .uniqValues:
            for field in columns where distinct.count < limit {
                guard let value = field.column.value(at: row), !value.isEmpty else { continue }
                if distinct.insert(value).inserted { keptBytes += value.count + 48 }
            }
        case .countUniqHash:
            guard hashes.count < limit else { return }
            var key = ByteWriter(capacity: 64)
            var isEmpty = true
            for field in columns {
                guard let value = field.column.value(at: row), !value.isEmpty else { continue }
                isEmpty = false
                key.append(lengthPrefixed: field.name)
                key.append(varint: UInt64(value.count))
                key.append(contentsOf: value)
            }
            if !isEmpty, hashes.insert(key.withBytes { hash64($0) }).inserted { keptBytes += 16 }
        case .jsonValues: if values.count < limit { keep(object(columns, row)) }
        case .rowAny: if chosen == nil { choose(.text([]), object(columns, row)) }
        case .rowMin, .rowMax:
            let value = SortValue(source, row)
            if let chosen, function.kind == .rowMin ? value >= chosen.value : value <= chosen.value { return }
            choose(value, object(columns, row))
        case .histogram:
            for field in columns {
                guard let number = NumberReading.number(field.column.value(at: row) ?? []) else { continue }
                if let range = HistogramRange.name(of: number) {
                    if ranges[range] == nil { keptBytes += 64 }
                    ranges[range, default: 0] += 1
                }
            }
        default: break
        }
    }

    /// The value of a field; nil when it has none and is not asked for by name.
    private func value(_ field: ResultBlock.Field, _ row: Int) -> [UInt8]? {
        let value = field.column.value(at: row) ?? []
        return value.isEmpty && !function.isNamed(field.name) ? nil : value
    }

    /// Takes integers that a quantile is wanted of, and rows without a value.
    func add(_ integers: ArraySlice<Int64>, empties: Int) {
        quantiles.add(integers, empties: empties)
    }

    /// The values, where a quantile is wanted.
    var knownQuantiles: QuantileValues? {
        function.kind == .median || function.kind == .quantile ? quantiles : nil
    }

    /// Takes values that were put together elsewhere.
    func add(_ other: QuantileValues) { quantiles.add(other) }

    private func keep(_ value: [UInt8]) {
        values.append(value)
        keptBytes += value.count + 32
    }

    private func choose(_ value: SortValue, _ row: [UInt8]) {
        keptBytes += row.count - (chosen?.row.count ?? 0)
        chosen = (value, row)
    }

    private func object(_ columns: [ResultBlock.Field], _ row: Int) -> [UInt8] {
        var writer = ByteWriter(capacity: 256)
        RowObject.write(columns, row, to: &writer)
        return writer.array()
    }

    /// The result as text.
    func result() -> [UInt8] {
        switch function.kind {
        case .countUniqHash: return Array("\(hashes.count)".utf8)
        case .median, .quantile: return quantiles.quantile(function.part)
        case .rowAny, .rowMin, .rowMax: return chosen?.row ?? Array("{}".utf8)
        case .histogram:
            let sorted = ranges.sorted { NaturalOrder.compare(Array($0.key.utf8), Array($1.key.utf8)) < 0 }
            let parts = sorted.map { #"{"vmrange":"\#($0.key)","hits":\#($0.value)}"# }
            return Array(("[" + parts.joined(separator: ",") + "]").utf8)
        case .uniqValues:
            var writer = ByteWriter(capacity: 64)
            JSONArrays.write(distinct.map { (SortValue($0), $0) }.sorted { $0.0 < $1.0 }.map(\.1), to: &writer)
            return writer.array()
        default:
            var writer = ByteWriter(capacity: 64)
            JSONArrays.write(values, to: &writer)
            return writer.array()
        }
    }
}

/// The ranges of histograms: 18 to each power of ten from 1e-9 to 1e18, each a fixed factor wide.
enum HistogramRange {
    private static let lowest = -9
    private static let highest = 18
    private static let perDecade = 18

    /// The ends of all ranges, as they are written, with the numbers.
    private static let ends: [(number: Double, text: String)] = {
        var ends: [(number: Double, text: String)] = []
        let factor = Double(ScientificText.root(of: 10, perDecade))
        for decade in lowest..<highest {
            var number = ScientificText.power(of: 10, decade)
            for _ in 0..<perDecade {
                ends.append((number, ScientificText.text(number)))
                number *= factor
            }
        }
        ends.append((ScientificText.power(of: 10, highest), ScientificText.text(ScientificText.power(of: 10, highest))))
        return ends
    }()

    /// The range that a number lies in, e.g. `1.000e+00...1.136e+00`; nil for negative numbers and what is no number.
    static func name(of number: Double) -> String? {
        guard number >= 0 else { return nil }
        guard number > ends[0].number else { return "0...\(ends[0].text)" }
        guard let last = ends.last, number <= last.number else { return "\(ends[ends.count - 1].text)...+Inf" }
        var low = 0
        var high = ends.count - 1
        while low < high {
            let middle = (low + high) / 2
            if ends[middle].number >= number { high = middle } else { low = middle + 1 }
        }
        return "\(ends[low - 1].text)...\(ends[low].text)"
    }
}
