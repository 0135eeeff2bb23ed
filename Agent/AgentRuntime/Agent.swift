import AgentDelivery
import AgentInputs
import AgentOperation
package import Diagnostics
import Glibc
import LineFormats
import LogModel
import Synchronization
import SystemIO
import Workers

/// The version of the agent.
package let agentVersion = "0.1.0"

/// A running agent: one thread reads, one delivers, and the caller's thread looks after both.
///
/// Order of start: state directory (lock, registry, spool), delivery, reading. Order of stop: reading ends and spools
/// what it has gathered, then delivery goes on for a few seconds and ends; what is left stays in the spool.
package final class Agent: Sendable {
    private let state: StateDirectory
    private let shipper: Shipper
    private let reading = Monitor(ReadingState())
    private let reader: DedicatedThread
    private let log: DiagnosticLog
    private let metrics: AgentMetrics
    private let reporter: StatusReporter
    private let server: LocalServer?
    /// What it works by.
    private let settings: Mutex<AgentSettings>

    /// Starts an agent.
    ///
    /// - Parameters:
    ///   - settings: what to follow and where to send it.
    ///   - readsOnce: whether files are only read to their present ends.
    ///   - log: its own log.
    /// - Throws: ``AgentError`` when the state directory cannot be used; `WorkerError` when there are no threads.
    package init(_ settings: AgentSettings, readsOnce: Bool, log: DiagnosticLog) throws {
        raiseFileLimit()
        let path = absolute(settings.state ?? StateDirectory.usual { name in getenv(name).map { String(cString: $0) } })
        let state = try StateDirectory(path, spool: settings.spool, log: log)
        let metrics = AgentMetrics()
        let reporter = StatusReporter(settings, state, reading)
        let shipper = try Shipper(
            Shipper.Parts(
                spool: state.spool, registry: state.registry, rejectedDirectory: "\(path)/rejected", log: log,
                metrics: metrics.delivery, version: agentVersion, heartbeatInterval: settings.heartbeatInterval,
                leavesAtEnd: readsOnce, status: { reporter.heartbeat() }, destination: settings.destination))
        reporter.change { $0.shipper = shipper }
        let now = SystemClock.wallNanos()
        for part in state.spool.setAside where part.hasEvents {
            // How much it was, and of when, nobody can say.
            let start = Timestamp(nanoseconds: min(state.lastSaved ?? now, now))
            shipper.lost(
                DropNote(
                    lost: 0, reason: "spool_damaged", path: part.path, times: start...Timestamp(nanoseconds: now)))
        }
        var options = FollowOptions()
        options.readsOnce = readsOnce
        options.isFirstRun = state.isNew
        options.lastRun = state.lastSaved
        options.fileLimit = settings.reading.files
        options.openLimit = min(settings.reading.openFiles, openFileLimit())
        options.heldBytes = settings.reading.heldBytes
        options.chunkBytes = settings.memory.chunkBytes
        options.largestChunkBytes = Limits.lineBytes + 1
        let loop = ReadingLoop(
            settings: settings, options: options, state: state, shipper: shipper, log: log,
            metrics: metrics, monitor: reading, ownFiles: ownLogFiles())
        server = try Agent.server(path, settings.metricsAddress, reporter, metrics, log)
        reader = try DedicatedThread(name: "reader") { loop.run() }
        self.reporter = reporter
        self.settings = Mutex(settings)
        self.state = state
        self.shipper = shipper
        self.log = log
        self.metrics = metrics
        log.info(
            "agent started", ("version", agentVersion), ("agent", state.agent), ("epoch", state.epoch),
            ("state", state.path), ("collector", settings.collectorURLs.joined(separator: " ")),
            ("spool_bytes", state.spool.bytes))
    }

    /// The agent's numbers in Prometheus' text format.
    package var metricsText: String { metrics.registry.render() }

    /// Files that are followed at present.
    package var files: Int { Int(metrics.files.value) }

    /// Whether the thread that reads has begun a round within this time.
    package func isReading(within nanoseconds: UInt64) -> Bool {
        let last = reading.withLock { $0.lastRound }
        return last == 0 || SystemClock.monotonicNanos() &- last < nanoseconds
    }

    /// Goes on by other settings, or keeps those that it has and says why: in the log, and in its status.
    ///
    /// - Parameter load: reads the settings again.
    package func reload(_ load: () throws -> AgentSettings) {
        do {
            let new = try load()
            let change = SettingsChange(old: settings.withLock { $0 }, new: new)
            if let refusal = change.refusal { throw AgentError(refusal) }
            if change.changesDestination { shipper.replace(new.destination) }
            settings.withLock { $0 = new }
            let descriptor = reading.withLock { state -> Int32 in
                state.next = new
                return state.wakeDescriptor
            }
            wakeWatcher(descriptor)
            reading.broadcast()
            reporter.change { changing in
                changing.collectors = new.collectorURLs
                changing.configuration.hash = new.hash
                changing.configuration.generation += 1
                changing.configuration.refused = nil
            }
            log.info("the configuration was read again", ("path", new.path), ("hash", new.hash))
            if !change.waiting.isEmpty {
                log.warn(
                    "some changes take effect with the next start only", ("keys", change.waiting.joined(separator: " "))
                )
            }
        } catch {
            reporter.change { $0.configuration.refused = "\(error)" }
            log.error("the changed configuration is not used, the one before stays", ("reason", "\(error)"))
        }
    }

    private static func server(
        _ directory: String, _ address: String?, _ reporter: StatusReporter, _ metrics: AgentMetrics,
        _ log: DiagnosticLog
    ) throws -> LocalServer? {
        let answer: @Sendable (String) -> LocalServer.Answer? = { path in
            let now = SystemClock.monotonicNanos()
            switch path {
            case "/status":
                return .init(contentType: "application/json", body: reporter.status().document(now: now).bytes)
            case "/status.txt":
                let wall = Timestamp(nanoseconds: SystemClock.wallNanos())
                return .init(
                    contentType: "text/plain; charset=utf-8",
                    body: Array(reporter.status().text(now: now, wall: wall).utf8))
            case "/metrics":
                return .init(contentType: "text/plain; version=0.0.4", body: Array(metrics.registry.render().utf8))
            default: return nil
            }
        }
        let path = StatusCommand.socketPath(in: directory)
        do throws(LocalServer.Failure) { return try LocalServer(path: path, address: address, answer: answer) } catch {
            var server: LocalServer?
            if let address {
                // Whoever has asked for numbers must not find out later that there are none.
                do throws(LocalServer.Failure) {
                    server = try LocalServer(path: nil, address: address, answer: answer)
                } catch { throw AgentError("`metrics.listen`: \(error.description)") }
            }
            log.warn("lodge-agent status will find nobody", ("reason", error.description))
            return server
        }
    }

    /// Blocks for at most `nanoseconds`, less when reading ends.
    ///
    /// - Returns: whether the agent has come to its end: everything is read and acknowledged.
    /// - Throws: ``AgentError`` when nothing works any more.
    package func waitForEnd(nanoseconds: UInt64) throws -> Bool {
        log.flush()
        let deadline = SystemClock.monotonicNanos() &+ nanoseconds
        let hasEnded = reading.wait(until: deadline) { $0.hasEnded ? true : nil } ?? false
        if let failure = reading.withLock({ $0.failure }) { throw AgentError(failure) }
        // Nobody has told it to: whatever has been read is not delivered.
        if shipper.hasEnded { throw AgentError("delivery has ended: see the log") }
        return hasEnded && shipper.waitUntilDrained(deadline: deadline)
    }

    /// Stops reading, spools what was gathered, and delivers for some seconds more. Blocks until all threads ended.
    package func stop() {
        let descriptor = reading.withLock { state -> Int32 in
            state.mustStop = true
            return state.wakeDescriptor
        }
        wakeWatcher(descriptor)
        reading.broadcast()
        reader.join()
        server?.stop()
        shipper.stop(deadline: SystemClock.monotonicNanos() &+ Limits.stopGrace)
        let left = max(state.spool.lastEntry, shipper.acknowledged) - shipper.acknowledged
        log.info("agent stopped", ("unacknowledged_batches", left))
        log.flush(all: true)
    }
}

extension AgentSettings {
    /// What to follow.
    var inputs: [FileInput] {
        let directory = currentDirectory()
        return files.map { files in
            FileInput(
                include: files.include.map { GlobPattern($0, relativeTo: directory) },
                exclude: files.exclude.map { GlobPattern($0, relativeTo: directory) }, profile: files.profile,
                treatment: files.treatment)
        }
    }

    /// Where to send it.
    var destination: Shipper.Destination {
        let (headers, tls, rate) = (headers, tls, sendRate)
        let collectors = collectorURLs.map { url in
            Shipper.Collector(name: url) {
                try HTTPBatchTransport(
                    url: url, headers: headers, userAgent: "lodge-agent/\(agentVersion)", tls: tls, sendRate: rate)
            }
        }
        return Shipper.Destination(collectors, sendRate: sendRate)
    }
}

/// Many files are kept open; where the limit cannot be raised, files are closed between reads.
private func raiseFileLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = min(limit.rlim_max, 65_536)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}

/// How many files of others may be open: what the system allows, but for what we need ourselves.
private func openFileLimit() -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 100 }
    let allowed = Int(clamping: limit.rlim_cur)
    return max(10, allowed - max(64, allowed / 10))
}

/// Where our own log goes, if that is a file: following it would make the agent write about what it writes.
private func ownLogFiles() -> [FileFollower.FileID] {
    [STDOUT_FILENO, STDERR_FILENO].compactMap { descriptor in
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return FileFollower.FileID(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }
}

private func currentDirectory() -> String {
    guard let path = getcwd(nil, 0) else { return "/" }
    defer { free(path) }
    return String(cString: path)
}

private func absolute(_ path: String) -> String {
    let whole = path.hasPrefix("/") ? path : "\(currentDirectory())/\(path)"
    let parts = whole.split(separator: "/").filter { $0 != "." }
    return "/" + parts.joined(separator: "/")
}
