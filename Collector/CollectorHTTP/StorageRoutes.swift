import HTTPTypes
import HummingbirdCore
import LineFormats
import ObjectStores
import SegmentCatalog
import StorageKeeping
import StoragePolicy
import StoreEngine
import SystemIO
import Workers

/// `GET /v1/storage`: where events are kept, how full the disk is, and what is being done about it; below it what
/// retention would delete, and the orders that a person gives.
struct StorageRoutes: Sendable {
    let services: CollectorServices
    /// These may read segments, so they are not for the threads that serve connections.
    let workers: WorkerPool

    func add(to router: inout Router) {
        router.addWithHead(Endpoint(.get, "/v1/storage")) { _ in .json(200, try await onWorker { status() }) }
        router.addWithHead(Endpoint(.get, "/v1/storage/retention")) { _ in
            let plan = try await onWorker { services.keeper.housekeeping.plan(now: SystemClock.wallNanos()) }
            return .json(200, retentionDocument(plan, services.store.ledger.segments).bytes)
        }
        router.add(Endpoint(.post, "/v1/storage/retention/undo")) { _ in
            let records = try await onWorker { services.keeper.housekeeping.undo() }
            let document: JSONValue = [
                "segments": .array(records.map { .string($0.name) }),
                "events": .integer(records.reduce(0) { $0 + $1.rows }),
            ]
            return .json(200, document.bytes)
        }
        router.add(Endpoint(.post, "/v1/storage/retention/trust-clock")) { _ in
            try await onWorker {
                services.keeper.housekeeping.trustClock(
                    now: SystemClock.wallNanos(), monotonic: SystemClock.monotonicNanos())
            }
            services.keeper.hurry()
            return .empty(204)
        }
    }

    private func onWorker<T: Sendable>(_ body: @escaping @Sendable () -> T) async throws -> T {
        do {
            return try await workers.run(body)
        } catch let error as WorkerError {
            throw Problem(503, "busy", "The collector has too much to do", error.description, retryAfter: 1)
        }
    }

    // MARK: Status

    /// Names of segments that are listed at most.
    private static let listedSegments = 10

    private func status() -> [UInt8] {
        let disk = services.keeper.disk.findings
        let store = services.store.statistics
        let done = services.keeper.housekeeping.status
        var members: [JSONValue.Member] = [
            .init("problems", .array(problems(disk, done, store).map { .string($0) })),
            .init("doing", done.doing.map { .string($0) } ?? .null),
            .init(
                "disk",
                [
                    "stage": .string(disk.stage.word), "measures": .string(disk.stage.measures),
                    "used_percent": .number("\((disk.room.percentUsed * 10).rounded() / 10)"),
                    "used_bytes": .integer(disk.room.used), "available_bytes": .integer(disk.room.available),
                    "headroom_bytes": .integer(disk.headroomBytes), "headroom_held": .bool(disk.isHeadroomHeld),
                    "refuses_events": .bool(disk.stage == .critical),
                ]),
            .init("tiers", tiers(store)),
            .init("stripping", stripping(services.keeper.housekeeping.stripPlan(), done)),
            .init(
                "retention",
                [
                    "held": .bool(services.keeper.housekeeping.doubt != nil), "past_bytes": .integer(done.bytesPast),
                    "expired_segments": .integer(done.expiredSegments),
                    "removed_segments": .integer(done.removedSegments), "dropped_events": .integer(done.droppedRows),
                ]),
            .init(
                "compaction",
                [
                    "segments_by_level": .array(store.segmentsByLevel.map { .integer($0) }),
                    "retired_segments": .integer(store.retiredSegments), "retired_bytes": .integer(store.retiredBytes),
                    "compactions": .integer(store.counters.compactions),
                    "bytes_read": .integer(store.counters.compactionBytesRead),
                    "bytes_written": .integer(store.counters.compactionBytesWritten),
                    "failed": .integer(store.counters.failedCompactions),
                ]),
        ]
        if let cold = services.store.coldStorage { members.append(.init("object_store", objectStore(cold))) }
        return JSONValue.object(members).bytes
    }

    private func tiers(_ store: StoreStatistics) -> JSONValue {
        .object(
            StorageTier.allCases.map { tier in
                let held = store.tiers[tier] ?? StoreStatistics.Tier()
                return .init(
                    tier.rawValue,
                    [
                        "segments": .integer(held.segments), "events": .integer(held.rows),
                        "bytes": .integer(held.bytes),
                    ])
            })
    }

    private func stripping(_ plan: StripPlan, _ done: Housekeeping.Progress) -> JSONValue {
        [
            "planned_segments": .integer(plan.strips.count), "planned_bytes": .integer(plan.freed),
            "without_room_segments": .integer(plan.tooLarge),
            "next": .array(plan.strips.prefix(Self.listedSegments).map { .string($0.name) }),
            "stripped_segments": .integer(done.strippedSegments), "stripped_bytes": .integer(done.strippedBytes),
        ]
    }

    private func objectStore(_ cold: ColdStorage) -> JSONValue {
        let cache = cold.cache.statistics
        return [
            "name": .string(cold.store.name), "cache_bytes": .integer(cache.bytes),
            "cache_max_bytes": .integer(cache.maxBytes), "cache_hits": .integer(cache.hits),
            "cache_misses": .integer(cache.misses), "failures": .integer(cache.failures),
        ]
    }

    /// What somebody should look after.
    private func problems(
        _ disk: DiskWatch.Findings, _ done: Housekeeping.Progress, _ store: StoreStatistics
    ) -> [String] {
        var problems: [String] = []
        if disk.stage == .critical {
            problems.append("no events are taken: the disk is nearly full; free some, or keep less")
        }
        if !disk.isHeadroomHeld, services.keeper.disk.wantsHeadroom {
            problems.append("there is no headroom for when the disk is full")
        }
        if let doubt = services.keeper.housekeeping.doubt {
            problems.append("\(doubt): POST /v1/storage/retention/trust-clock")
        }
        if let failure = done.lastFailure { problems.append(failure) }
        if store.tiers[.cold] != nil, services.store.coldStorage == nil {
            problems.append("there are cold segments and no object store: set storage.cold.directory")
        }
        return problems
    }
}
