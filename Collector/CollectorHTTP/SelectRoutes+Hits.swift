import ByteCoding
import HummingbirdCore
import LineFormats
import LogModel
import QueryEngine
import QueryLanguage

/// `hits`: how many events there are in each interval of time, by fields.
extension SelectRoutes {
    private static let maximumFields = 16
    private static let countName = "\u{1}count"

    private struct Series {
        var points: [(time: Int64, hits: UInt64)] = []
        var total: UInt64 = 0

        mutating func add(_ time: Int64, _ hits: UInt64) {
            points.append((time, hits))
            total &+= hits
        }
    }

    func hits(_ request: SelectRequest) async throws -> Response {
        let step = try request.step()
        let offset = try QueryRequests.duration("offset", request.parameters["offset"]) ?? 0
        let fields = try fields(request)
        let limit = try request.count("fields_limit")
        var job = request.selection
        let keys = [StatsPipe.Key(FieldName.time, bucket: .init(step: step, offset: offset))]
        job.query.pipes = [
            .stats(
                StatsPipe(
                    by: keys + fields.map { .init($0) }, functions: [.init(StatsFunction(.count), as: Self.countName)]))
        ]
        var series: [[[UInt8]]: Series] = [:]
        for row in try await runner.completeTable(job).rows([FieldName.time] + fields + [Self.countName]) {
            guard let time = row[0].withUnsafeBytes({ Timestamp(rfc3339: $0) }), let count = row.last else { continue }
            series[Array(row.dropFirst().dropLast()), default: Series()].add(time.nanoseconds, Self.number(count))
        }
        var named = series.map { (Self.object(fields, $0.key), $0.value) }
        if let limit, limit < named.count {
            named.sort { $0.1.total != $1.1.total ? $0.1.total > $1.1.total : Self.precedes($0.0, $1.0) }
            named = Array(named[..<limit]) + [(Array("{}".utf8), Self.joined(named[limit...].map(\.1)))]
        }
        return Self.answer(named.sorted { Self.precedes($0.0, $1.0) })
    }

    private func fields(_ request: SelectRequest) throws(Problem) -> [String] {
        let fields = request.parameters.all("field")
        guard fields.count <= Self.maximumFields else {
            throw .badValue("field", "\(fields.count) fields are given, the limit is \(Self.maximumFields)")
        }
        for (index, field) in fields.enumerated() {
            guard !field.isEmpty, field != FieldName.time, !fields[..<index].contains(field) else {
                throw .badValue("field", "each `field` must be the name of another field, and not `_time`")
            }
        }
        return fields
    }

    private static func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool { left.lexicographicallyPrecedes(right) }

    private static func joined(_ series: [Series]) -> Series {
        var sums: [Int64: UInt64] = [:]
        for one in series { for point in one.points { sums[point.time, default: 0] &+= point.hits } }
        var result = Series()
        for (time, hits) in sums { result.add(time, hits) }
        return result
    }

    private static func object(_ names: [String], _ values: [[UInt8]]) -> [UInt8] {
        var writer = ByteWriter(capacity: 64)
        writer.append(0x7B)
        for (index, (name, value)) in zip(names, values).enumerated() {
            if index > 0 { writer.append(0x2C) }
            writer.append(jsonString: name)
            writer.append(0x3A)
            writer.append(jsonText: value)
        }
        writer.append(0x7D)
        return writer.array()
    }

    private static func answer(_ series: [([UInt8], Series)]) -> Response {
        var writer = ByteWriter(capacity: 1 << 12)
        writer.append(utf8: #"{"hits":["#)
        for (index, (fields, one)) in series.enumerated() {
            let points = one.points.sorted { $0.time < $1.time }
            writer.append(utf8: index > 0 ? #",{"fields":"# : #"{"fields":"#)
            writer.append(contentsOf: fields)
            writer.append(utf8: #","timestamps":["#)
            for (place, point) in points.enumerated() {
                writer.append(utf8: place > 0 ? ",\"" : "\"")
                Timestamp(nanoseconds: point.time).write(to: &writer)
                writer.append(0x22)
            }
            writer.append(utf8: #"],"values":["#)
            for (place, point) in points.enumerated() {
                writer.append(utf8: place > 0 ? ",\(point.hits)" : "\(point.hits)")
            }
            writer.append(utf8: #"],"total":\#(one.total)}"#)
        }
        writer.append(utf8: "]}")
        return .json(200, writer.array())
    }
}
