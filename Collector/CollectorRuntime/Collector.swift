import AgentTracking
package import CollectorHTTP
import CollectorIngest
import GapTracking
package import Diagnostics
import Journal
import LiveTail
import LogModel
import QueryEngine
import StorageKeeping
import StoragePolicy
import StoreEngine
import Synchronization
import SystemIO
import Workers

/// The version of the program.
package let collectorVersion = "0.1.0"

/// A collector with everything in one process.
///
/// Start: lock, journal (recovered), store, HTTP; what the journal holds and no segment does is replayed in the
/// background while events are taken. Stop: no more requests, those that run are given some time, then the journal.
package final class Collector: Sendable {
    /// How long requests that run may go on when the collector stops.
    package static let patience = Duration.seconds(5)

    private let data: DataDirectory
    private let agents: AgentRegistry
    private let gaps: GapRegistry
    private let keeper: StorageKeeper
    private let journal: GroupCommitJournal
    private let store: Store
    private let gateway: IngestGateway
    private let deadLetters: DeadLetters
    private let replay: Replay
    private let server: CollectorServer
    private let log: DiagnosticLog
    /// Where it listens.
    package let address: ListenAddress
    /// The routes that it serves.
    package var endpoints: [Endpoint] { server.endpoints }

    /// Starts a collector.
    ///
    /// - Throws: ``StartError``.
    package init(
        _ settings: CollectorSettings, dataPath: String, log: DiagnosticLog
    ) async throws {
        self.log = log
        data = try DataDirectory(dataPath)
        // Before anything is opened: a disk that is full gets some room.
        let disk = DiskWatch(
            dataPath, limits: settings.storage.pressure, headroomBytes: settings.storage.headroomBytes, log: log)
        store = try Self.openStore(settings, dataPath, log)
        gaps = try GapRegistry("\(dataPath)/gaps.json") { log.warn("the registry of gaps reports", ("what", $0)) }
        // A journal that lost its end must not use numbers again that segments know.
        journal = try Self.openJournal(settings, dataPath, leastNext: store.snapshot().lastPosition + 1, log) {
            [gaps, store] in gaps.note($0, in: store)
        }
        deadLetters = try DeadLetters(directory: "\(dataPath)/dead-letters")
        agents = try AgentRegistry("\(dataPath)/agents.json", rules: settings.agents) {
            log.warn("the registry of agents reports", ("what", $0))
        }
        let hub = try CollectorServer.makeTailHub()
        gateway = IngestGateway(
            journal: journal, deadLetters: deadLetters, limits: settings.limits,
            onRejected: { [gaps] in gaps.note($0) },
            pressure: { [store] in Self.pressure(on: store, disk, dataPath) })
        let cursor = try journal.directory.cursor(named: "indexer")
        let retention = JournalRetention(
            journal.directory, cursor: cursor, window: settings.replayWindow, log: log)
        store.onFlushed { retention.flushed(upTo: $0) }
        let live = journal.subscribe { [store] records in
            for record in records {
                guard let batch = record.record.attachment as? EventBatch else { continue }
                store.append(
                    batch, position: record.position, ingestTime: Timestamp(nanoseconds: record.record.ingestTime))
                hub.publish(batch, position: record.position)
            }
        }
        hub.begin(after: live.from - 1)
        replay = try Replay(
            JournalReader(journal.directory, from: cursor.position), upTo: live.from, into: store, gaps: gaps, log: log)
        keeper = try StorageKeeper(
            store, disk, directory: dataPath, rules: settings.storage.rules, interval: settings.storage.interval,
            log: log)
        let services = CollectorServices(
            store: store, agents: agents, gaps: gaps, keeper: keeper, journal: journal, gateway: gateway, hub: hub,
            version: collectorVersion,
            notReady: { [journal, replay, gateway] in
                if gateway.isStopping { return "the collector is stopping" }
                if let failure = journal.failure { return "no events are taken: \(failure)" }
                return replay.isDone
                    ? nil : "events from before the start are still being read back: \(replay.progress)"
            },
            onUnreadable: { block in
                log.error(
                    "stored events cannot be read", ("events", block.rowCount),
                    ("tenants", block.tenants.joined(separator: ",")),
                    ("from", Timestamp(nanoseconds: block.times.lowerBound)),
                    ("to", Timestamp(nanoseconds: block.times.upperBound)), ("reason", block.reason),
                    ("advice", "stop the collector and run lodge-collector check"))
            })
        do {
            server = try await CollectorServer(
                services, host: settings.listen.host, port: settings.listen.port, queries: settings.queries)
        } catch {
            // Let go of threads and locks, so that the next attempt finds everything free.
            hub.stop()
            Self.close(agents, gaps, keeper, replay, journal, store, deadLetters)
            throw (error as? ListenError).map { StartError($0.description) } ?? error
        }
        address = ListenAddress(host: settings.listen.host, port: server.port)
    }

    private static func openJournal(
        _ settings: CollectorSettings, _ path: String, leastNext: JournalPosition, _ log: DiagnosticLog,
        onLoss: @escaping @Sendable (JournalDamage) -> Void
    ) throws -> GroupCommitJournal {
        let options = JournalOptions(
            fileBytes: settings.journalFileBytes, duplicates: DuplicateWindow.Limits(), leastNext: leastNext,
            onDamage: { damage in
                if damage.isTornTail {
                    log.info("an interrupted write at the end of the journal was cut off", ("what", damage))
                } else {
                    onLoss(damage)
                    log.error(
                        "the journal is damaged", ("what", damage), ("records", damage.lost.count),
                        ("tenant", damage.tenant ?? "unknown"),
                        ("arrived_after", damage.notBefore.map { Timestamp(nanoseconds: $0).description } ?? "unknown"),
                        (
                            "arrived_before",
                            damage.notAfter.map { Timestamp(nanoseconds: $0).description } ?? "unknown"
                        ))
                }
            })
        do {
            return try GroupCommitJournal("\(path)/journal", options: options, durability: settings.durability)
        } catch {
            throw StartError("\(error)")
        }
    }

    static func openStore(_ settings: CollectorSettings, _ path: String, _ log: DiagnosticLog) throws -> Store {
        var options = StoreOptions(
            directory: "\(path)/segments", headBytes: settings.headBytes, flushInterval: settings.flushInterval)
        options.cacheBytes = settings.cacheBytes
        options.compaction = settings.compaction
        options.grace = settings.compactionGrace
        options.cold = try settings.storage.cold.map { try openObjectStore($0, path, log) }
        do {
            return try Store(options) { log.warn("the store reports", ("what", $0)) }
        } catch {
            throw StartError("the segments in \(path)/segments cannot be opened: \(error)")
        }
    }

    /// Bytes that must be free for a segment to be written.
    private static let leastFreeBytes = 16 << 20

    /// Why the store can take no events at present.
    private static func pressure(on store: Store, _ disk: DiskWatch, _ path: String) -> IngestProblem? {
        let findings = disk.findings
        if findings.stage == .critical {
            return IngestProblem(
                .diskFull,
                "the collector's disk is \(Int(findings.room.percentUsed.rounded())) % full: free some, keep less, or "
                    + "raise storage.pressure.critical_percent; events are taken again when there is room")
        }
        guard store.load == .critical else { return nil }
        if let space = try? FileSystem.freeSpace(path), space.available < leastFreeBytes {
            return IngestProblem(
                .diskFull, "there is no space left for the events: free some on the collector's disk")
        }
        return IngestProblem(
            .overloaded, "events come faster than they can be written to the disk: send it again in a moment")
    }

    /// Stops: requests that run have ``patience`` to end. What is in memory is in the journal.
    package func stop() async {
        await server.stop(patience: Self.patience)
        Self.close(agents, gaps, keeper, replay, journal, store, deadLetters)
        log.flush(all: true)
    }

    /// Ends the threads in the order in which they give work to each other, and lets the journal's directory go: others
    /// may hold references for a moment longer.
    private static func close(
        _ agents: AgentRegistry, _ gaps: GapRegistry, _ keeper: StorageKeeper, _ replay: Replay,
        _ journal: GroupCommitJournal, _ store: Store, _ deadLetters: DeadLetters
    ) {
        agents.stop()
        // What the keeper does is cut short when the store closes.
        keeper.beginStop()
        replay.stop()
        journal.stop()
        store.close()
        keeper.stop()
        deadLetters.stop()
        // After all that may still notice a loss.
        gaps.stop()
        journal.directory.release()
    }
}
