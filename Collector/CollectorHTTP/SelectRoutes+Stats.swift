import ByteCoding
import HummingbirdCore
import LineFormats
import LogModel
import QueryEngine
import QueryLanguage

/// `stats_query` and `stats_query_range`: results of `stats` in the form of Prometheus.
extension SelectRoutes {
    private struct Series {
        var metric: [UInt8]
        var points: [(time: Int64, value: [UInt8])] = []
    }

    /// Each value at one time.
    func stats(_ request: SelectRequest) async throws -> Response {
        let columns = try MetricColumns(request.job.query.pipes)
        let table = try await runner.completeTable(request.job)
        var series: [Series] = []
        for (metric, row, place) in Self.values(of: table, columns, byTime: false) {
            series.append(Series(metric: metric, points: [(request.time.nanoseconds, row[place])]))
        }
        return Self.answer("vector", series) { one, writer in
            writer.append(utf8: #","value":"#)
            for point in one.points { Self.write(point.time, point.value, to: &writer) }
        }
    }

    /// Each value by intervals of time.
    func statsRange(_ request: SelectRequest) async throws -> Response {
        let step = try request.step()
        var job = request.job
        job.query = job.query.dividedByTime(step: step)
        job.rateSeconds = Double(step) / 1e9
        let columns = try MetricColumns(job.query.pipes)
        let table = try await runner.completeTable(job)
        var series: [[UInt8]: Series] = [:]
        for (metric, row, place) in Self.values(of: table, columns, byTime: true) {
            // The time stands at the end of each row.
            let time = row.last.flatMap { $0.withUnsafeBytes { Timestamp(rfc3339: $0) } } ?? request.time
            series[metric, default: Series(metric: metric)].points.append((time.nanoseconds, row[place]))
        }
        let sorted = series.values.sorted { $0.metric.lexicographicallyPrecedes($1.metric) }
        return Self.answer("matrix", sorted) { one, writer in
            writer.append(utf8: #","values":["#)
            for (index, point) in one.points.sorted(by: { $0.time < $1.time }).enumerated() {
                if index > 0 { writer.append(0x2C) }
                Self.write(point.time, point.value, to: &writer)
            }
            writer.append(0x5D)
        }
    }

    /// For each value of each row: its name and labels as an object in JSON, the row with its time put at the end, and
    /// its place in there.
    private static func values(
        of table: ResultTable, _ columns: MetricColumns, byTime: Bool
    ) -> [(metric: [UInt8], row: [[UInt8]], place: Int)] {
        table.pieces.flatMap { piece in
            let time =
                byTime && columns.labels.contains(FieldName.time) ? piece.names.firstIndex(of: FieldName.time) : nil
            let labels = piece.names.indices.filter { $0 != time && columns.labels.contains(piece.names[$0]) }
            let values = piece.names.indices.filter { !columns.labels.contains(piece.names[$0]) }
            return piece.rows.flatMap { row in
                let shown = labels.map { (piece.names[$0], row[$0]) }
                let timed = row + [time.map { row[$0] } ?? []]
                return values.map { (metric(piece.names[$0], shown), timed, $0) }
            }
        }
    }

    private static func metric(_ name: String, _ labels: [(String, [UInt8])]) -> [UInt8] {
        var writer = ByteWriter(capacity: 96)
        writer.append(utf8: #"{"__name__":"#)
        writer.append(jsonString: name)
        for (name, value) in labels {
            writer.append(0x2C)
            writer.append(jsonString: name)
            writer.append(0x3A)
            writer.append(jsonText: value)
        }
        writer.append(0x7D)
        return writer.array()
    }

    /// Seconds since the epoch as a number, and the value as text.
    private static func write(_ time: Int64, _ value: [UInt8], to writer: inout ByteWriter) {
        let (seconds, rest) = time.quotientAndRemainder(dividingBy: 1_000_000_000)
        writer.append(utf8: time < 0 && seconds == 0 ? "[-0" : "[\(seconds)")
        if rest != 0 {
            let digits = String(rest.magnitude)
            writer.append(utf8: "." + String(repeating: "0", count: 9 - digits.utf8.count))
            writer.append(utf8: String(digits.reversed().drop { $0 == "0" }.reversed()))
        }
        writer.append(0x2C)
        writer.append(jsonText: value)
        writer.append(0x5D)
    }

    private static func answer(
        _ type: String, _ series: [Series], _ write: (Series, inout ByteWriter) -> Void
    ) -> Response {
        var writer = ByteWriter(capacity: series.count * 128 + 128)
        writer.append(utf8: #"{"status":"success","data":{"resultType":"\#(type)","result":["#)
        for (index, one) in series.enumerated() {
            writer.append(utf8: index > 0 ? #",{"metric":"# : #"{"metric":"#)
            writer.append(contentsOf: one.metric)
            write(one, &writer)
            writer.append(0x7D)
        }
        writer.append(utf8: "]}}")
        return .json(200, writer.array())
    }
}
