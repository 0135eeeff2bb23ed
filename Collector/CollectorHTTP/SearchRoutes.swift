import ByteCoding
import HTTPTypes
import HummingbirdCore
import LineFormats
import LogModel
import QueryEngine
import QueryLanguage
import SystemIO

/// `POST /v1/search`, pages of events, and `POST /v1/aggregate`, counts by fields and intervals.
struct SearchRoutes: Sendable {
    let runner: QueryRunner

    func add(to router: inout Router) {
        router.add(.post, "/v1/search", bodyLimit: runner.limits.bodyBytes) { try await search($0) }
        router.add(.post, "/v1/aggregate", bodyLimit: runner.limits.bodyBytes) { try await aggregate($0) }
    }

    // MARK: Search

    private struct Page: Sendable {
        var logs: [UInt8] = []
        var rows = 0
    }

    private func search(_ exchange: Exchange) async throws -> Response {
        let request = try await SearchRequest(exchange, limit: runner.limits.bodyBytes)
        let start = SystemClock.monotonicNanos()
        let limit = try request.limit(upTo: runner.limits.searchRows) ?? 100
        let order = try request.order()
        let cursor = try request.cursor()
        var job = try request.job(runner, use: "/v1/search")
        job.limit = limit
        job.order = order
        job.after = cursor
        job.countsHits = true
        let (page, summary) = try await runner.collect(job, into: Page()) { page, block in
            var writer = ByteWriter(capacity: block.rows.count * 256 + 16)
            for index in block.rows.indices {
                if page.rows > 0 { writer.append(0x2C) }
                block.writeLog(index, to: &writer)
                page.rows += 1
            }
            writer.withBytes { page.logs.append(contentsOf: $0) }
            return true
        }
        let mayHaveMore = page.rows == limit && limit > 0
        let next = mayHaveMore ? summary.lastRow.map { JSONValue.string($0.text) } ?? .null : .null
        var writer = ByteWriter(capacity: page.logs.count + 256)
        writer.append(utf8: #"{"hits":\#(summary.hits),"#)
        writeSummary(summary, since: start, to: &writer)
        writer.append(utf8: #","logs":["#)
        writer.append(contentsOf: page.logs)
        writer.append(utf8: #"],"next_cursor":"#)
        next.write(to: &writer)
        writer.append(0x7D)
        return .json(200, writer.array())
    }

    private func writeSummary(_ summary: ExecutionSummary, since start: UInt64, to writer: inout ByteWriter) {
        let milliseconds = (SystemClock.monotonicNanos() - start) / 1_000_000
        writer.append(
            utf8: #""scanned":\#(summary.scannedRows),"took_ms":\#(milliseconds),"complete":\#(summary.isComplete)"#)
        if !summary.gaps.isEmpty {
            writer.append(utf8: #","incomplete":"#)
            JSONValue.array(summary.gaps.map { .string($0) }).write(to: &writer)
        }
    }

    // MARK: Aggregate

    private struct Bucket: Sendable {
        var time: [UInt8]
        var group: [[UInt8]]
        var count: [UInt8]
    }

    /// The name of the count among the fields of the result; no field of an event has it.
    private static let countName = "\u{1}count"

    private func aggregate(_ exchange: Exchange) async throws -> Response {
        let request = try await SearchRequest(exchange, limit: runner.limits.bodyBytes)
        let start = SystemClock.monotonicNanos()
        var job = try request.job(runner, use: "/v1/aggregate")
        let fields = try request.groupBy()
        let interval = try request.interval()
        try request.checkMetric()
        var keys: [StatsPipe.Key] = []
        if let interval { keys.append(.init(FieldName.time, bucket: .init(step: interval))) }
        keys += fields.map { .init($0.hasPrefix("meta.") ? String($0.dropFirst(5)) : $0) }
        job.query.pipes = [.stats(StatsPipe(by: keys, functions: [.init(StatsFunction(.count), as: Self.countName)]))]
        let names = keys.map(\.field)
        let groups = names.dropFirst(interval == nil ? 0 : 1)
        let (buckets, summary) = try await runner.collect(job, into: [Bucket]()) { buckets, block in
            for row in block.rows {
                func value(_ name: String) -> [UInt8] { block.column(name)?.value(at: row) ?? [] }
                buckets.append(
                    Bucket(
                        time: interval == nil ? [] : value(FieldName.time), group: groups.map { value($0) },
                        count: value(Self.countName)))
            }
            return true
        }
        return .json(200, document(buckets, summary, fields, hasTime: interval != nil, start))
    }

    private func document(
        _ buckets: [Bucket], _ summary: ExecutionSummary, _ fields: [String], hasTime: Bool, _ start: UInt64
    ) -> [UInt8] {
        // By time, then the greatest count first; counts are digits, so a longer one is greater.
        let sorted = buckets.sorted { left, right in
            if left.time != right.time { return left.time.lexicographicallyPrecedes(right.time) }
            if left.count.count != right.count.count { return left.count.count > right.count.count }
            if left.count != right.count { return right.count.lexicographicallyPrecedes(left.count) }
            return left.group.lexicographicallyPrecedes(right.group) { $0.lexicographicallyPrecedes($1) }
        }
        var writer = ByteWriter(capacity: sorted.count * 96 + 128)
        writer.append(0x7B)
        writeSummary(summary, since: start, to: &writer)
        writer.append(utf8: #","buckets":["#)
        for (index, bucket) in sorted.enumerated() {
            writer.append(utf8: index > 0 ? ",{" : "{")
            if hasTime {
                writer.append(utf8: #""ts":"#)
                bucket.time.withUnsafeBytes { writer.append(jsonString: $0) }
                writer.append(0x2C)
            }
            writer.append(utf8: #""group":{"#)
            for (place, (name, value)) in zip(fields, bucket.group).enumerated() {
                if place > 0 { writer.append(0x2C) }
                writer.append(jsonString: name)
                writer.append(0x3A)
                value.withUnsafeBytes { writer.append(jsonString: $0) }
            }
            writer.append(utf8: #"},"count":"#)
            writer.append(contentsOf: bucket.count.isEmpty ? [0x30] : bucket.count)
            writer.append(0x7D)
        }
        writer.append(utf8: "]}")
        return writer.array()
    }
}
