import ByteCoding
import HummingbirdCore
import LineFormats
import LogModel
import QueryEngine
import QueryLanguage

/// The routes that tell which names and values there are, and how often.
extension SelectRoutes {
    private static let hits = "\u{1}hits"
    /// Rollups know these counts.
    private static let countByStream = Pipe.stats(
        StatsPipe(by: [.init(FieldName.stream)], functions: [.init(StatsFunction(.count), as: hits)]))

    /// `facets`: the most frequent values of each field.
    func facets(_ request: SelectRequest) async throws -> Response {
        var pipe = FacetsPipe()
        if let count = try request.count("limit") { pipe.count = UInt64(count) }
        if let count = try request.count("max_values_per_field") { pipe.maximumValues = UInt64(count) }
        if let count = try request.count("max_value_len") { pipe.maximumLength = UInt64(count) }
        pipe.keepsConstants =
            try QueryRequests.flag("keep_const_fields", request.parameters["keep_const_fields"]) ?? false
        var job = request.selection
        job.query.pipes = [.facets(pipe)]
        let rows = try await runner.completeTable(job).rows(["field_name", "field_value", "hits"])
        var writer = ByteWriter(capacity: rows.count * 64 + 64)
        writer.append(utf8: #"{"facets":["#)
        var previous: [UInt8]?
        for row in rows {
            if row[0] == previous {
                writer.append(0x2C)
            } else {
                writer.append(utf8: previous == nil ? #"{"field_name":"# : #"]},{"field_name":"#)
                writer.append(jsonText: row[0])
                writer.append(utf8: #","values":["#)
            }
            previous = row[0]
            writer.append(utf8: #"{"field_value":"#)
            writer.append(jsonText: row[1])
            writer.append(utf8: #","hits":"#)
            writer.append(contentsOf: row[2])
            writer.append(0x7D)
        }
        writer.append(utf8: previous == nil ? "]}" : "]}]}")
        return .json(200, writer.array())
    }

    /// `field_names`: how many events have each field.
    func fieldNames(_ request: SelectRequest) async throws -> Response {
        var job = request.selection
        job.query.pipes = [.fieldNames(FieldNamesPipe(as: "name"))]
        let rows = try await runner.completeTable(job).rows(["name", "hits"])
        return valuesWithHits(rows.map { ($0[0], Self.number($0[1])) })
    }

    /// `field_values`, `streams` and `stream_ids`: how many events have each value. With a limit the most frequent.
    func values(_ request: SelectRequest, of field: String) async throws -> Response {
        var job = request.selection
        let limit = try request.count("limit")
        if field == FieldName.stream {
            job.query.pipes = [Self.countByStream]
        } else if let limit {
            job.query.pipes = [.top(TopPipe(UInt64(limit), by: [field], hitsField: Self.hits))]
        } else {
            job.query.pipes = [.uniq(UniqPipe(by: [field], hitsField: Self.hits))]
        }
        let rows = try await runner.completeTable(job).rows([field, Self.hits])
        return valuesWithHits(rows.map { ($0[0], Self.number($0[1])) }, limit: limit)
    }

    /// `stream_field_names` and `stream_field_values`: the same of the labels of streams. `choose` says what of a label
    /// counts, nil for nothing.
    func labels(
        _ request: SelectRequest, choose: (String, [UInt8]) -> [UInt8]?
    ) async throws -> Response {
        let limit = request.parameters["limit"] == nil ? nil : try request.count("limit")
        var job = request.selection
        job.query.pipes = [Self.countByStream]
        var counts: [[UInt8]: UInt64] = [:]
        for row in try await runner.completeTable(job).rows([FieldName.stream, Self.hits]) {
            for label in streamLabels(row[0]) {
                guard let chosen = choose(label.name, label.value) else { continue }
                counts[chosen, default: 0] &+= Self.number(row[1])
            }
        }
        return valuesWithHits(counts.map { ($0.key, $0.value) }, limit: limit)
    }

    /// The values, those with the most hits first.
    private func valuesWithHits(_ values: [(value: [UInt8], hits: UInt64)], limit: Int? = nil) -> Response {
        let sorted = values.sorted { left, right in
            left.hits != right.hits ? left.hits > right.hits : left.value.lexicographicallyPrecedes(right.value)
        }
        var writer = ByteWriter(capacity: values.count * 48 + 32)
        writer.append(utf8: #"{"values":["#)
        for (index, entry) in sorted.prefix(limit ?? .max).enumerated() {
            writer.append(utf8: index > 0 ? #",{"value":"# : #"{"value":"#)
            writer.append(jsonText: entry.value)
            writer.append(utf8: #","hits":\#(entry.hits)}"#)
        }
        writer.append(utf8: "]}")
        return .json(200, writer.array())
    }

    static func number(_ text: [UInt8]) -> UInt64 { UInt64(String(decoding: text, as: UTF8.self)) ?? 0 }
}

extension ByteWriter {
    /// Appends text as a string of JSON; invalid UTF-8 is repaired.
    mutating func append(jsonText bytes: [UInt8]) {
        bytes.withUnsafeBytes { append(jsonString: $0) }
    }
}
