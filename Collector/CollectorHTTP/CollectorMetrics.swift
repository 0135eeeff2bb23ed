import SegmentCatalog
import StorageKeeping
import StoragePolicy
import StoreEngine
import StoreFormat
import Journal
import LiveTail
import ObjectStores
import CollectorIngest
import Diagnostics
import QueryAdmission
import QueryEngine

/// All counters of the collector as they are now, by the names that dashboards know.
func collectorMetrics(_ services: CollectorServices, _ answers: AnswerState) -> [MetricFamily] {
    ingestMetrics(services) + storageMetrics(services) + diskMetrics(services) + answerMetrics(services, answers.http)
        + queryMetrics(answers)
}

private func family(
    _ kind: MetricFamily.Kind, _ name: String, _ help: String, _ samples: [MetricFamily.Sample]
) -> MetricFamily {
    MetricFamily(name: "lodge_collector_\(name)", help: help, kind: kind, samples: samples)
}

private func counter(_ name: String, _ help: String, _ value: some BinaryInteger) -> MetricFamily {
    family(.counter, name, help, [.init(labels: [], value: .unsigned(UInt64(clamping: value)))])
}

private func gauge(_ name: String, _ help: String, _ value: some BinaryInteger) -> MetricFamily {
    family(.gauge, name, help, [.init(labels: [], value: .signed(Int64(clamping: value)))])
}

private func real(_ kind: MetricFamily.Kind, _ name: String, _ help: String, _ value: Double) -> MetricFamily {
    family(kind, name, help, [.init(labels: [], value: .double(value))])
}

private func counters(
    _ name: String, _ help: String, by label: String, _ values: [(String, UInt64)]
) -> MetricFamily {
    family(.counter, name, help, values.map { .init(labels: [(label, $0.0)], value: .unsigned($0.1)) })
}

private func gauges(_ name: String, _ help: String, by label: String, _ values: [(String, Int)]) -> MetricFamily {
    family(.gauge, name, help, values.map { .init(labels: [(label, $0.0)], value: .signed(Int64($0.1))) })
}

private func ingestMetrics(_ services: CollectorServices) -> [MetricFamily] {
    let ingest = services.gateway.statistics.counts
    let letters = services.gateway.deadLetters.statistics
    return [
        counter("ingest_events_total", "Events stored.", ingest.events),
        counter("ingest_batches_total", "Requests stored.", ingest.batches),
        counter("ingest_wire_bytes_total", "Bytes of stored bodies as they came.", ingest.wireBytes),
        counter("ingest_content_bytes_total", "Bytes of stored bodies after decompression.", ingest.contentBytes),
        counter(
            "ingest_packed_fields_total", "Fields without a column of their own: their batch had too many names.",
            ingest.packedFields),
        counter("ingest_duplicates_total", "Requests that had been stored before.", ingest.duplicates),
        counters(
            "ingest_rejected_total", "Events not taken, by reason.", by: "reason",
            zip(RejectionReason.allCases, ingest.rejected).map { ($0.rawValue, $1) }),
        counters(
            "ingest_refused_total", "Requests refused as a whole, by reason.", by: "reason",
            zip(IngestProblem.Kind.allCases, ingest.refused).map { ($0.rawValue, $1) }),
        gauge("ingest_in_flight_bytes", "Bytes of requests in memory.", services.gateway.inFlight.current),
        counter("dead_letters_written_total", "Events written to the dead letters.", letters.written),
        counter("dead_letters_dropped_total", "Events not taken that the dead letters left out.", letters.dropped),
    ]
}

private func storageMetrics(_ services: CollectorServices) -> [MetricFamily] {
    let journal = services.journal.directory.status
    let commits = services.journal.statistics
    let store = services.store.statistics
    return [
        gauge("journal_bytes", "Bytes of all journal files.", journal.bytes),
        gauge("journal_files", "Journal files.", journal.files),
        counter(
            "journal_commits_total", "Group commits; each is one fdatasync unless durability says less.",
            commits.commits),
        counter("journal_records_total", "Records committed.", commits.records),
        counter("journal_payload_bytes_total", "Bytes of payload committed.", commits.payloadBytes),
        counter("journal_failed_total", "Records that could not be committed.", commits.failed),
        gauge("journal_waiting_bytes", "Bytes waiting for a commit.", commits.waitingBytes),
        counter("journal_damages_total", "Damages found in journal files since the start.", journal.damages),
        counter("journal_lost_records_total", "Records lost to these damages.", journal.lostRecords),
        gauge("store_rows", "Events held, in memory and in segments.", store.rows),
        gauge("store_segments", "Segments.", store.segments),
        gauge("store_disk_bytes", "Bytes of all segments.", store.diskBytes),
        gauge("store_streams", "Streams known.", store.streams),
        gauge(
            "store_unreadable_segments", "Segments in use whose files cannot be read at present.",
            store.unreadableSegments),
        gauge(
            "store_wide_segments", "Segments with so many streams that they are not merged.", store.wideSegments),
        gauge("store_quarantined_segments", "Segments set aside because they are damaged.", store.counters.quarantined),
        gauge("head_rows", "Events in memory.", store.headRows),
        gauge("head_bytes", "Bytes of memory they take.", store.headBytes),
        counter("store_flushes_total", "Segments written.", store.counters.flushes),
        counter("store_failed_flushes_total", "Segments that could not be written.", store.counters.failedFlushes),
    ] + segmentMetrics(store) + degradedMetrics(store.counters.degraded) + cacheMetrics(services.store.cache.statistics)
}

private func degradedMetrics(_ degraded: DegradedColumns) -> [MetricFamily] {
    [
        counters(
            "store_degraded_total",
            "What written segments could not keep in the usual form, merging counted again: still found, only slower.",
            by: "what",
            [
                ("packed_values", UInt64(clamping: degraded.packedValues)),
                ("packed_fields", UInt64(clamping: degraded.packedFields)),
                ("text_messages", UInt64(clamping: degraded.textMessages)),
                ("missing_rollups", UInt64(clamping: degraded.missingRollups)),
            ])
    ]
}

private func cacheMetrics(_ cache: BlockCache.Statistics) -> [MetricFamily] {
    [
        counter("block_cache_hits_total", "Look-ups in the cache of blocks that found their entry.", cache.hits),
        counter("block_cache_misses_total", "Look-ups that did not.", cache.misses),
        counter("block_cache_evictions_total", "Entries that gave way to others.", cache.evictions),
        gauge("block_cache_entries", "Entries held.", cache.entries),
        gauge("block_cache_bytes", "Bytes of memory they take.", cache.bytes),
        counter("block_cache_damaged_filters_total", "Filters that could not be read.", cache.damagedFilters),
    ]
}

private func segmentMetrics(_ store: StoreStatistics) -> [MetricFamily] {
    let counts = store.counters
    return [
        gauges(
            "store_segments_by_level", "Segments of each level of compaction.", by: "level",
            store.segmentsByLevel.enumerated().map { ("\($0)", $1) }),
        gauge("store_retired_segments", "Segments out of use that wait to be removed.", store.retiredSegments),
        gauge("store_retired_bytes", "Bytes of these.", store.retiredBytes),
        counter(
            "store_lost_segments_total", "Damaged or missing segments with events found nowhere else.",
            counts.lostSegments),
        counter("store_lost_rows_total", "These events.", counts.lostRows),
        gauge("catalog_behind", "1 while the catalog cannot be brought up to date.", store.catalogIsBehind ? 1 : 0),
        counter("store_flushed_bytes_total", "Bytes of segments written from memory.", counts.flushedBytes),
        counter("compactions_total", "Times that segments were merged into one.", counts.compactions),
        counter("failed_compactions_total", "Times that this failed.", counts.failedCompactions),
        counter("compaction_read_bytes_total", "Bytes read to merge segments.", counts.compactionBytesRead),
        counter("compaction_written_bytes_total", "Bytes of merged segments.", counts.compactionBytesWritten),
        real(
            .counter, "compaction_throttled_seconds_total", "Seconds that merging rested to leave room for others.",
            Double(counts.throttledNanos) / 1e9),
        real(
            .gauge, "store_write_amplification", "How often a byte was written on average since the start.",
            counts.writeAmplification),
    ]
}

private func diskMetrics(_ services: CollectorServices) -> [MetricFamily] {
    let disk = services.keeper.disk.findings
    let done = services.keeper.housekeeping.status
    let tiers = services.store.statistics.tiers
    return [
        gauge("disk_used_bytes", "Bytes in use on the disk of the data, the headroom included.", disk.room.used),
        gauge("disk_available_bytes", "Bytes that may still be written on it.", disk.room.available),
        gauge("disk_headroom_bytes", "Bytes reserved for when the disk is full.", disk.headroomBytes),
        gauge(
            "disk_pressure_stage",
            "0 enough room, 1 early moves, 2 a small hot tier, 3 events are refused and segments stripped.",
            disk.stage.rawValue),
        gauges(
            "tier_segments", "Segments of each tier.", by: "tier",
            StorageTier.allCases.map { ($0.rawValue, tiers[$0]?.segments ?? 0) }),
        gauges(
            "tier_bytes", "Bytes of the segments of each tier.", by: "tier",
            StorageTier.allCases.map { ($0.rawValue, Int(clamping: tiers[$0]?.bytes ?? 0)) }),
        gauge("retention_past_bytes", "Bytes still stored of events past their retention.", done.bytesPast),
        gauge(
            "retention_held", "1 while nothing is deleted because the clock is not trusted.",
            services.keeper.housekeeping.doubt == nil ? 0 : 1),
        counter(
            "retention_expired_segments_total", "Segments taken out of answers by retention.", done.expiredSegments),
        counter("retention_removed_segments_total", "Expired segments whose bytes were removed.", done.removedSegments),
        counter(
            "retention_dropped_events_total", "Expired events left out of segments written anew.", done.droppedRows),
        counter("tier_warm_moves_total", "Segments that became warm.", done.warmMoves),
        counter("tier_cold_moves_total", "Segments that became cold.", done.coldMoves),
        counter(
            "stripped_segments_total", "Segments that lost what only makes searching faster, on a full disk.",
            done.strippedSegments),
        counter("stripped_bytes_total", "Bytes that this gave back.", done.strippedBytes),
        counter("storage_failures_total", "Moves and removals that failed.", done.failures),
    ] + downloadMetrics(services)
}

private func downloadMetrics(_ services: CollectorServices) -> [MetricFamily] {
    guard let cache = services.store.coldStorage?.cache.statistics else { return [] }
    return [
        counter("download_cache_hits_total", "Pieces of cold segments that were on the disk.", cache.hits),
        counter("download_cache_misses_total", "Pieces of cold segments that had to be fetched.", cache.misses),
        counter("download_cache_evictions_total", "Pieces that went to make room.", cache.evictions),
        counter("download_bytes_total", "Bytes fetched from the object store.", cache.downloadedBytes),
        counter("download_failures_total", "Calls of the object store that failed.", cache.failures),
        gauge("download_cache_bytes", "Bytes of cold segments on the disk.", cache.bytes),
    ]
}

/// What the answering side has done and is doing.
struct AnswerState: Sendable {
    let http: HTTPStatistics
    let runner: QueryRunner
    let bodies: BodyBound
}

private func queryMetrics(_ answers: AnswerState) -> [MetricFamily] {
    let counts = answers.runner.registry.counts
    let refused = answers.http.counts.refusedQueries
    return [
        counters(
            "queries_refused_total", "Queries that were not taken, by the limit.", by: "reason",
            AdmissionRefusal.Reason.allCases.map { ($0.rawValue, refused[$0] ?? 0) }),
        gauge("queries_running", "Queries that run.", counts.running),
        gauge("queries_waiting", "Queries that wait for their turn.", counts.waiting),
        counter("queries_killed_total", "Queries that a person ended.", counts.killed),
        gauge("query_memory_bytes", "Bytes of memory that queries hold, as counted.", answers.runner.memory.current),
        gauge("query_refused_shapes", "Shapes of queries of which some died.", answers.runner.registry.shapes.count),
        gauge("query_body_bytes", "Bytes of the bodies of queries that are being handled.", answers.bodies.current),
        gauge("query_helpers", "Threads that help queries with much to look at.", answers.runner.threads.helpers),
        counter(
            "queries_joined_total", "Queries that got the answer of an equal one, which had not begun to look yet.",
            answers.runner.tables.joined + answers.runner.pages.joined),
    ] + queryCacheMetrics(answers.runner.cache.statistics)
}

private func queryCacheMetrics(_ cache: BlockCache.Statistics) -> [MetricFamily] {
    [
        counter("query_cache_hits_total", "Blocks that a query need not look at: an earlier one had.", cache.hits),
        counter("query_cache_misses_total", "Blocks of segments that it had to look at.", cache.misses),
        counter("query_cache_evictions_total", "Entries of the cache of queries that gave way.", cache.evictions),
        gauge("query_cache_entries", "Entries held.", cache.entries),
        gauge("query_cache_bytes", "Bytes of memory they take.", cache.bytes),
    ]
}

private func answerMetrics(_ services: CollectorServices, _ http: HTTPStatistics) -> [MetricFamily] {
    let tail = services.hub.statistics
    let counts = http.counts
    var below: UInt64 = 0
    var buckets: [(String, UInt64)] = []
    for (index, count) in counts.queryDurations.enumerated() {
        below += count
        let bound = index < HTTPStatistics.queryBounds.count ? "\(HTTPStatistics.queryBounds[index])" : "+Inf"
        buckets.append((bound, below))
    }
    return [
        gauge("tail_clients", "Clients that follow the log.", tail.clients),
        counter("tail_events_total", "Events sent to clients that follow the log.", tail.sent),
        counter("tail_dropped_total", "Events left out because a client was too slow.", tail.dropped),
        counters(
            "queries_total", "Queries, by how they ended.", by: "outcome",
            counts.queries.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }),
        counters("query_duration_seconds_bucket", "Queries that took up to so many seconds.", by: "le", buckets),
        real(.counter, "query_duration_seconds_sum", "Seconds that all queries took.", counts.querySeconds),
        counter("query_scanned_rows_total", "Rows that queries looked at.", counts.scannedRows),
        counter(
            "query_unreadable_blocks_total", "Damaged blocks that queries met, each once.", counts.unreadableBlocks),
        counter("query_unreadable_rows_total", "Events in these blocks.", counts.unreadableRows),
        counters(
            "http_responses_total", "Answers, by status.", by: "code",
            counts.responses.sorted { $0.key < $1.key }.map { (String($0.key), $0.value) }),
    ]
}
