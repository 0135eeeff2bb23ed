import ByteCoding
import LineFormats
import LogModel
import QueryEngine
import QueryLanguage

/// Turns an aggregation into a query, and its rows into buckets.
struct AggregateAnswer: Sendable {
    /// Buckets that an answer with empty ones may have.
    static let maximumBuckets = 100_000
    /// The start of the names of results; no field of an event has it.
    private static let prefix = "\u{1}"

    let request: AggregateRequest

    private struct Bucket {
        var time: Int64
        var group: [[UInt8]]
        var count: UInt64
        /// Of each metric; nil in an empty bucket.
        var values: [[UInt8]]?
    }

    /// The `stats` that counts.
    var pipe: Pipe {
        var keys: [StatsPipe.Key] = []
        if let interval = request.interval { keys.append(.init(FieldName.time, bucket: .init(step: interval))) }
        keys += fields.map { .init($0) }
        var functions = [StatsPipe.Call(StatsFunction(.count), as: Self.prefix + "count")]
        for (index, metric) in request.metrics.enumerated() {
            if let function = metric.function { functions.append(.init(function, as: Self.prefix + "\(index)")) }
        }
        return .stats(StatsPipe(by: keys, functions: functions))
    }

    private var fields: [String] { request.groupBy.map { Filter.fieldName(forResponseName: $0) } }

    private var computed: [(name: String, text: String)] {
        request.metrics.enumerated().compactMap { index, metric in
            metric.function == nil ? nil : (Self.prefix + "\(index)", metric.text)
        }
    }

    /// The buckets, by time, then the greatest count first, as an array in JSON.
    ///
    /// - Parameters:
    ///   - table: the rows of the query.
    ///   - from: where the time that was asked for begins.
    ///   - to: where it ends.
    ///   - writer: where to append.
    /// - Throws: ``Problem`` when there were too many buckets with the empty ones.
    func write(
        _ table: ResultTable, from: Timestamp?, to: Timestamp?, into writer: inout ByteWriter
    ) throws(Problem) {
        let names = [FieldName.time] + fields + [Self.prefix + "count"] + computed.map(\.name)
        var buckets = table.rows(names).map { row in
            Bucket(
                time: row[0].withUnsafeBytes { Timestamp(rfc3339: $0) }?.nanoseconds ?? 0,
                group: Array(row[1...].prefix(fields.count)),
                count: SelectRoutes.number(row[1 + fields.count]),
                values: Array(row[(2 + fields.count)...]))
        }
        if request.hasEmptyBuckets, let interval = request.interval {
            try addEmpty(to: &buckets, interval, from, to)
        }
        buckets.sort { left, right in
            if left.time != right.time { return left.time < right.time }
            if left.count != right.count { return left.count > right.count }
            return left.group.lexicographicallyPrecedes(right.group) { $0.lexicographicallyPrecedes($1) }
        }
        writer.append(0x5B)
        for (index, bucket) in buckets.enumerated() {
            if index > 0 { writer.append(0x2C) }
            write(bucket, to: &writer)
        }
        writer.append(0x5D)
    }

    /// Puts a bucket of nothing where a group has no events in an interval: over the time that was asked for, or from
    /// the first event to the last where that is open.
    private func addEmpty(
        to buckets: inout [Bucket], _ interval: Int64, _ from: Timestamp?, _ to: Timestamp?
    ) throws(Problem) {
        func start(_ time: Timestamp) -> Int64 { time.floored(toMultipleOf: interval).nanoseconds }
        let first = from.map { start($0) } ?? buckets.map(\.time).min()
        let last = to.map { start($0.adding(nanoseconds: -1)) } ?? buckets.map(\.time).max()
        guard let first, let last, first <= last else { return }
        var groups = Set(buckets.map(\.group))
        if request.groupBy.isEmpty { groups.insert([]) }
        let (length, overflow) = last.subtractingReportingOverflow(first)
        let intervals = length / interval + 1
        let (count, overflowAgain) = intervals.multipliedReportingOverflow(by: Int64(groups.count))
        guard !overflow, !overflowAgain, count <= Self.maximumBuckets else {
            var problem = Problem.badValue(
                "empty_buckets",
                "with empty buckets there would be \(overflow || overflowAgain ? "too many" : "\(count)") of them, the "
                    + "limit is \(Self.maximumBuckets): take a longer `interval` or a shorter `time_range`")
            problem.extra.append(.init("limit", .integer(Self.maximumBuckets)))
            throw problem
        }
        var times: [[[UInt8]]: Set<Int64>] = [:]
        for bucket in buckets { times[bucket.group, default: []].insert(bucket.time) }
        for group in groups {
            let known = times[group] ?? []
            for index in 0..<intervals {
                // None is behind `last`.
                let time = first + index * interval
                if known.contains(time) { continue }
                buckets.append(Bucket(time: time, group: group, count: 0, values: nil))
            }
        }
    }

    private func write(_ bucket: Bucket, to writer: inout ByteWriter) {
        writer.append(0x7B)
        if request.interval != nil {
            writer.append(utf8: #""ts":""#)
            Timestamp(nanoseconds: bucket.time).write(to: &writer)
            writer.append(utf8: "\",")
        }
        writer.append(utf8: #""group":{"#)
        for (place, (name, value)) in zip(request.groupBy, bucket.group).enumerated() {
            if place > 0 { writer.append(0x2C) }
            writer.append(jsonString: name)
            writer.append(0x3A)
            writer.append(jsonText: value)
        }
        writer.append(utf8: #"},"count":\#(bucket.count)"#)
        if !computed.isEmpty {
            writer.append(utf8: #","values":{"#)
            for (place, (_, text)) in computed.enumerated() {
                if place > 0 { writer.append(0x2C) }
                writer.append(jsonString: text)
                writer.append(0x3A)
                Self.write(value: bucket.values?[place] ?? [], to: &writer)
            }
            writer.append(0x7D)
        }
        writer.append(0x7D)
    }

    /// A number where the value is one, text where it is not, null where there is none.
    private static func write(value: [UInt8], to writer: inout ByteWriter) {
        if value.isEmpty || value == Array("NaN".utf8) {
            writer.append(utf8: "null")
        } else if case .number? = try? JSONValue(parsing: value), value.allSatisfy({ $0 > 0x20 }) {
            writer.append(contentsOf: value)
        } else {
            writer.append(jsonText: value)
        }
    }
}
