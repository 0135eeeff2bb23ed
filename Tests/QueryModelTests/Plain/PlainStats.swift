import LogModel
@testable import QueryEngine
import QueryLanguage

/// Functions over groups of rows.
struct PlainStats {
    private let pipe: StatsPipe
    private let now: Timestamp
    private let rateSeconds: Double

    init(_ pipe: StatsPipe, now: Timestamp, rateSeconds: Double?) {
        self.pipe = pipe
        self.now = now
        self.rateSeconds = rateSeconds ?? 1
    }

    func table(_ table: PlainTable) throws -> PlainTable {
        var groups = Dictionary(grouping: table.rows) { row in
            pipe.by.map { key in key.bucket?.start(of: row[key.field]) ?? row[key.field] }
        }
        if pipe.by.isEmpty, groups.isEmpty { groups[[]] = [] }
        let rows = try groups.map { key, members in
            var row = PlainRow()
            for (name, value) in zip(pipe.by.map(\.field), key) { row[name] = value }
            for call in pipe.functions {
                let seen = members.filter { $0.passes(call.condition, now) }
                row[call.resultName] = try Group(call.function, seen, table.isOrdered, rateSeconds).result()
            }
            return row
        }
        return PlainTable(rows: rows)
    }
}

/// A function and the rows that it sees.
private struct Group {
    let function: StatsFunction
    let rows: [PlainRow]
    let isOrdered: Bool
    let rateSeconds: Double

    init(_ function: StatsFunction, _ rows: [PlainRow], _ isOrdered: Bool, _ rateSeconds: Double) {
        self.function = function
        self.rows = rows
        self.isOrdered = isOrdered
        self.rateSeconds = rateSeconds
    }

    /// The values of a row that the function is about, by name. A field that is named and missing is an empty value to
    /// some functions.
    private func values(_ row: PlainRow, withEmpty: Bool = false) -> [[UInt8]] {
        var found = chosen(row)
        if withEmpty {
            for pattern in function.fields where !pattern.isPrefix && found[pattern.name] == nil {
                found[pattern.name] = []
            }
        }
        return found.sorted { $0.key < $1.key }.map(\.value)
    }

    private func chosen(_ row: PlainRow) -> [String: [UInt8]] { row.fields.filter { function.isAbout($0.key) } }

    private var limit: Int { function.limit.map { Int(clamping: $0) } ?? .max }

    func result() throws -> [UInt8] {
        switch function.kind {
        case .count:
            let hits = function.fields.isEmpty ? rows : rows.filter { !chosen($0).isEmpty }
            return "\(hits.count)".bytes
        case .countEmpty: return "\(rows.filter { chosen($0).isEmpty }.count)".bytes
        case .countUniq, .countUniqHash:
            return "\(min(limit, Set(rows.map { chosen($0) }.filter { !$0.isEmpty }).count))".bytes
        case .sumLength: return "\(rows.flatMap { values($0) }.reduce(0) { $0 + $1.count })".bytes
        case .rate: return NumberWriting.decimal(Double(rows.count) / rateSeconds).bytes
        case .sum, .avg, .rateSum: return NumberWriting.decimal(try sum()).bytes
        case .min: return try PlainOrder.first(rows.flatMap { values($0, withEmpty: true) }, isDescending: false)
        case .max: return try PlainOrder.first(rows.flatMap { values($0) }, isDescending: true)
        case .median, .quantile: return try quantile()
        case .values, .jsonValues, .uniqValues: return try list()
        case .rowAny: return try any(of: rows)
        case .rowMin, .rowMax: return try extreme()
        case .histogram: return histogram()
        }
    }

    private func sum() throws -> Double {
        let numbers = rows.flatMap { values($0) }.compactMap { NumberReading.decimal($0) }
        if numbers.isEmpty { return .nan }
        // Without rounding in any order of addends, or there is more than one right sum.
        let isExact = numbers.allSatisfy { $0 * 1_024 == ($0 * 1_024).rounded() }
        guard isExact, numbers.reduce(0, { $0 + $1.magnitude }) < 1e12 else { throw Undefined("a rounded sum") }
        let sum = numbers.reduce(0, +)
        return function.kind == .avg ? sum / Double(numbers.count) : function.kind == .rateSum ? sum / rateSeconds : sum
    }

    private func quantile() throws -> [UInt8] {
        let sorted = rows.flatMap { values($0, withEmpty: true) }.sorted { PlainOrder.compare($0, $1) < 0 }
        if sorted.isEmpty { return [] }
        let value = sorted[min(Int(function.part * Double(sorted.count)), sorted.count - 1)]
        guard sorted.allSatisfy({ $0 == value || PlainOrder.compare($0, value) != 0 }) else {
            throw Undefined("values that are equal and look different")
        }
        return value
    }

    private func list() throws -> [UInt8] {
        var found =
            function.kind == .jsonValues
            ? rows.map { PlainColumns.object(chosen($0)) }
            : rows.flatMap { values($0, withEmpty: function.kind == .values) }
        if function.kind == .uniqValues {
            var seen: Set<[UInt8]> = []
            found = found.filter { seen.insert($0).inserted }
        }
        if found.count > limit, !isOrdered { throw Undefined("which values come first") }
        return PlainColumns.array(Array(found.prefix(limit)))
    }

    private func any(of rows: [PlainRow]) throws -> [UInt8] {
        let objects = rows.map { PlainColumns.object(chosen($0)) }
        guard let first = objects.first else { return "{}".bytes }
        guard isOrdered || objects.allSatisfy({ $0 == first }) else { throw Undefined("any row") }
        return first
    }

    private func extreme() throws -> [UInt8] {
        let sign = function.kind == .rowMin ? 1 : -1
        let name = function.source ?? ""
        let sorted = rows.sorted { PlainOrder.compare($0[name], $1[name]) * sign < 0 }
        guard let first = sorted.first else { return "{}".bytes }
        return try any(of: sorted.filter { PlainOrder.compare($0[name], first[name]) == 0 })
    }

    private func histogram() -> [UInt8] {
        var hits: [String: Int] = [:]
        for value in rows.flatMap({ values($0) }) {
            guard let number = NumberReading.number(value), let range = HistogramRange.name(of: number) else {
                continue
            }
            hits[range, default: 0] += 1
        }
        let sorted = hits.sorted { PlainOrder.compare($0.key.bytes, $1.key.bytes) < 0 }
        let parts = sorted.map { #"{"vmrange":"\#($0.key)","hits":\#($0.value)}"# }
        return "[\(parts.joined(separator: ","))]".bytes
    }
}
