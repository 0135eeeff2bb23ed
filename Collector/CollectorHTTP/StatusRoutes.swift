import StoreEngine
import Journal
import CollectorIngest
import Diagnostics
import HTTPTypes
import HummingbirdCore
import LineFormats
import LogModel
import SystemIO

/// `GET /health`, `/ready`, `/metrics` and `/openapi.yaml`: what the collector holds, whether it works, its counters, and
/// what else can be asked.
struct StatusRoutes: Sendable {
    let services: CollectorServices
    let answers: AnswerState
    private let start = SystemClock.monotonicNanos()

    init(services: CollectorServices, answers: AnswerState) {
        self.services = services
        self.answers = answers
    }

    func add(to router: inout Router) {
        // Whoever probes may put anything into the query string.
        func probe(_ path: String) -> Endpoint { Endpoint(.get, path, passesOthersOver: true) }
        router.addWithHead(probe("/health")) { _ in .json(200, health()) }
        router.addWithHead(probe("/ready")) { _ in try ready() }
        router.addWithHead(probe("/metrics")) { _ in
            Response(
                200, type: "text/plain; version=0.0.4; charset=utf-8",
                Array(renderPrometheus(collectorMetrics(services, answers)).utf8))
        }
        router.addWithHead(probe("/openapi.yaml")) { _ in
            Response(200, type: "application/yaml", Array(OpenAPI.document.utf8))
        }
    }

    private func ready() throws(Problem) -> Response {
        guard let reason = services.notReady() else { return .json(200, Array(#"{"status":"ready"}"#.utf8)) }
        throw Problem(503, "not-ready", "The collector is not ready", reason, retryAfter: 1)
    }

    private func health() -> [UInt8] {
        let store = services.store.statistics
        let journal = services.journal.directory.status
        let ingest = services.gateway.statistics.counts
        func time(_ nanoseconds: Int64?) -> JSONValue {
            nanoseconds.map { .string(Timestamp(nanoseconds: $0).description) } ?? .null
        }
        let document: JSONValue = [
            "status": "ok", "version": .string(services.version),
            "uptime_s": .integer((SystemClock.monotonicNanos() - start) / 1_000_000_000),
            "store": [
                "rows": .integer(store.rows), "segments": .integer(store.segments),
                "segments_by_level": .array(store.segmentsByLevel.map { .integer($0) }),
                "disk_bytes": .integer(store.diskBytes), "head_rows": .integer(store.headRows),
                "retired_bytes": .integer(store.retiredBytes), "lost_rows": .integer(store.counters.lostRows),
                "write_amplification": .number("\(store.counters.writeAmplification)"),
                "oldest": time(store.oldest), "newest": time(store.newest), "streams": .integer(store.streams),
            ],
            "journal": ["bytes": .integer(journal.bytes), "files": .integer(journal.files)],
            "ingest": [
                "events": .integer(ingest.events), "batches": .integer(ingest.batches),
                "duplicates": .integer(ingest.duplicates), "rejected": .integer(ingest.allRejected),
            ],
        ]
        return document.bytes
    }
}
