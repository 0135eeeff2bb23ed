import ByteCoding
import CollectorIngest
import HTTPTypes
import HummingbirdCore
import LineFormats
import LogModel
import QueryEngine
import QueryLanguage
import SystemIO

/// `/api/v1/logs`: the plain REST API, for programs that know nothing of agents and queries.
struct PlainRoutes: Sendable {
    /// Sources that the statistics name.
    private static let topSources = 10
    private static let countName = "\u{1}count"

    let ingest: IngestRoutes
    let runner: QueryRunner

    func add(to router: inout Router) {
        let limit = ingest.gateway.limits.bodyBytes
        let event = ["message", "level", "source", "timestamp", "metadata"]
        router.add(Endpoint(.post, "/api/v1/logs", members: event), bodyLimit: limit) { exchange in
            let receipt = try await take(exchange, isBatch: false)
            if let refused = receipt.errors.first {
                throw Problem(400, "bad-value", "A value is not what it must be", refused.reason)
            }
            return .json(202, ingest.document(receipt))
        }
        router.add(Endpoint(.post, "/api/v1/logs/batch"), bodyLimit: limit) { exchange in
            .json(202, ingest.document(try await take(exchange, isBatch: true)))
        }
        let filters = ["startTime", "endTime", "source", "logLevel", "keyword"]
        router.add(Endpoint(.get, "/api/v1/logs", parameters: filters + ["size", "sort", "cursor", "timeout"])) {
            try await find($0.query)
        }
        router.add(Endpoint(.get, "/api/v1/logs/stats", parameters: filters + ["timeout"])) {
            try await statistics($0.query)
        }
    }

    private func take(_ exchange: Exchange, isBatch: Bool) async throws -> IngestReceipt {
        try SearchRequest.checkType(exchange)
        if let coding = exchange.headers[.contentEncoding], coding.lowercased() != "identity" {
            throw Problem(
                415, "unsupported-media-type", "The body is of a type that is not taken",
                "Content-Encoding \(coding.prefix(40)) is not taken here: send the body as it is, or use /v1/ingest",
                extra: [.init("field", .string("Content-Encoding"))])
        }
        return try await ingest.accept(exchange, rewriting: { try PlainBody.document(of: $0, isBatch: isBatch) }) {
            .json
        }
    }

    // MARK: Questions

    private func terms(_ parameters: FormParameters) throws(Problem) -> SearchTerms {
        func text(_ name: String) -> String? { parameters[name].flatMap { $0.isEmpty ? nil : $0 } }
        var filters: [Filter] = []
        if let source = text("source") { filters.append(QueryRequests.filter(FieldName.service, [source])) }
        if let level = text("logLevel") { filters.append(QueryRequests.filter(FieldName.level, [level])) }
        if let keyword = text("keyword") {
            filters.append(.field(FieldName.message, .containing(QueryText(keyword), ignoringCase: true)))
        }
        var terms = SearchTerms(
            filter: .conjunction(filters), from: text("startTime"), to: text("endTime"),
            order: try QueryRequests.order("sort", text("sort")))
        terms.timeNames = ("startTime", "endTime")
        try terms.take(cursor: text("cursor"))
        return terms
    }

    private func find(_ parameters: FormParameters) async throws -> Response {
        let start = SystemClock.monotonicNanos()
        let size = try QueryRequests.count("size", parameters["size"], upTo: runner.limits.searchRows) ?? 20
        let page = try await SearchPages(runner: runner).page(
            try terms(parameters), limit: size, timeout: try runner.timeout(parameters["timeout"])
        ) { $0.writePlainLog($1, to: &$2) }
        return .json(200, page.document(hits: "total", since: start))
    }

    /// How many events there are, by level, and of the sources that wrote most.
    private func statistics(_ parameters: FormParameters) async throws -> Response {
        let start = SystemClock.monotonicNanos()
        let terms = try terms(parameters)
        let now = Timestamp(nanoseconds: SystemClock.wallNanos())
        let keys = [FieldName.level, FieldName.service]
        let count = StatsPipe.Call(StatsFunction(.count), as: Self.countName)
        let job = try terms.job(
            [.stats(StatsPipe(by: keys.map { .init($0) }, functions: [count]))],
            timeout: try runner.timeout(parameters["timeout"]), now: now)
        let (table, summary) = try await runner.table(job)
        var total: UInt64 = 0
        var levels: [[UInt8]: UInt64] = [:]
        var sources: [[UInt8]: UInt64] = [:]
        for row in table.rows(keys + [Self.countName]) {
            let count = SelectRoutes.number(row[2])
            total &+= count
            levels[Self.levelName(row[0]), default: 0] &+= count
            if !row[1].isEmpty { sources[row[1], default: 0] &+= count }
        }
        var writer = ByteWriter(capacity: 1 << 10)
        writer.append(utf8: #"{"total":\#(total),"#)
        summary.writeMembers(runner.completeness(job, summary), since: start, to: &writer)
        writer.append(utf8: #","levels":{"#)
        for (index, (level, count)) in Self.mostFirst(levels).enumerated() {
            if index > 0 { writer.append(0x2C) }
            writer.append(jsonText: level)
            writer.append(utf8: ":\(count)")
        }
        writer.append(utf8: #"},"sources":["#)
        for (index, (source, count)) in Self.mostFirst(sources).prefix(Self.topSources).enumerated() {
            writer.append(utf8: index > 0 ? #",{"source":"# : #"{"source":"#)
            writer.append(jsonText: source)
            writer.append(utf8: #","count":\#(count)}"#)
        }
        writer.append(utf8: "]}")
        return .json(200, writer.array())
    }

    /// One name for all spellings of a level; a word that is none stays as it is, and no level is `UNKNOWN`.
    private static func levelName(_ text: [UInt8]) -> [UInt8] {
        let level = text.withUnsafeBytes { Level(parsing: $0) }
        if level != .unknown { return Array(level.name.utf8) }
        return text.isEmpty ? Array("UNKNOWN".utf8) : text
    }

    private static func mostFirst(_ counts: [[UInt8]: UInt64]) -> [([UInt8], UInt64)] {
        counts.sorted { left, right in
            left.value != right.value ? left.value > right.value : left.key.lexicographicallyPrecedes(right.key)
        }.map { ($0.key, $0.value) }
    }
}
