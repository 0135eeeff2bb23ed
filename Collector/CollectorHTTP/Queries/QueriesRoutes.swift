import HTTPTypes
import HummingbirdCore
import LineFormats
import LogModel
import QueryAdmission
import QueryEngine
import SystemIO

/// `GET /v1/queries`: what runs, what waits, and which shapes are refused; `DELETE /v1/queries/ID` ends a query, and
/// `DELETE /v1/queries/shapes/ID` lets a shape run again.
struct QueriesRoutes: Sendable {
    let runner: QueryRunner

    func add(to router: inout Router) {
        router.addWithHead(Endpoint(.get, "/v1/queries")) { _ in .json(200, document.bytes) }
        router.add(Endpoint(.delete, "/v1/queries/{id}", parameters: ["quarantine"])) { try kill($0) }
        router.add(Endpoint(.delete, "/v1/queries/shapes/{id}")) { try release($0) }
    }

    // MARK: Orders

    private func release(_ exchange: Exchange) throws(Problem) -> Response {
        let id = exchange.lastPart
        guard runner.registry.release(shapeID: String(id)) else {
            throw Problem(
                404, "unknown-shape", "There is no such shape",
                "no shape `\(id.prefix(40))` is remembered: GET /v1/queries lists them")
        }
        return .empty(204)
    }

    private func kill(_ exchange: Exchange) throws(Problem) -> Response {
        let name = exchange.lastPart
        var quarantine: Duration?
        if let text = exchange.query["quarantine"] {
            guard let duration = Duration(logForm: text), duration > .zero, duration <= .seconds(7 * 86_400) else {
                throw Problem.badValue(
                    "quarantine", "quarantine must be a duration up to 7d such as 1h, not `\(text.prefix(40))`")
            }
            quarantine = duration
        }
        guard let id = RunningQuery.id(of: name),
            let query = runner.registry.end(id, .killed, quarantine: quarantine)
        else {
            throw Problem(
                404, "unknown-query", "There is no such query",
                "no query `\(name.prefix(40))` runs or waits: GET /v1/queries lists them")
        }
        return .json(200, JSONValue.object([.init("killed", Self.document(query))]).bytes)
    }

    // MARK: Looking

    private var document: JSONValue {
        let now = SystemClock.monotonicNanos()
        let shapes = runner.registry.shapes.sorted { $0.key < $1.key }
        return [
            "queries": .array(runner.registry.queries.map { Self.document($0) }),
            "shapes": .array(shapes.map { Self.document($0, $1, now) }),
            "memory_bytes": .integer(runner.memory.current), "memory_limit_bytes": .integer(runner.memory.limit),
        ]
    }

    private static func document(_ query: RunningQuery) -> JSONValue {
        let now = SystemClock.monotonicNanos()
        let started = query.startedNanos
        return [
            "id": .string(query.name),
            "state": .string(query.ending != nil ? "ending" : started == nil ? "waiting" : "running"),
            "user": .string(query.user), "route": .string(query.path), "query": .string(query.text),
            "request_id": .string(query.requestID), "arrived": .string(query.arrived.description),
            "waited_ms": .integer(milliseconds(query.arrivedNanos, started ?? now)),
            "running_ms": started.map { .integer(milliseconds($0, now)) } ?? .null,
            "timeout": .string(query.timeout.logForm), "estimated_rows": .integer(query.estimate.rows),
            "blocks": .integer(query.progress.blocks), "blocks_done": .integer(query.progress.blocksDone),
            "rows": .integer(query.progress.rows), "bytes": .integer(query.progress.bytes),
            "memory_bytes": .integer(query.budget.current), "memory_limit_bytes": .integer(query.budget.limit),
        ]
    }

    private static func document(_ shape: String, _ record: ShapeGuard.Record, _ now: UInt64) -> JSONValue {
        var (state, seconds): (String, Int?) = ("half-open", nil)
        switch record.state {
        case .closed(let deaths): (state, seconds) = ("closed, \(deaths.count) deaths", nil)
        case .open(let until): (state, seconds) = ("open", milliseconds(now, until) / 1_000)
        case .halfOpen: break
        case .quarantined(let until): (state, seconds) = ("quarantined", milliseconds(now, until) / 1_000)
        }
        return [
            "id": .string(QueryRegistry.id(ofShape: shape)), "shape": .string(String(shape.prefix(1_000))),
            "state": .string(state), "seconds_left": seconds.map { .integer($0) } ?? .null,
        ]
    }

    private static func milliseconds(_ from: UInt64, _ to: UInt64) -> Int {
        to > from ? Int(clamping: (to - from) / 1_000_000) : 0
    }
}
