import AgentDelivery
import AgentInputs
import AgentOperation
import AgentPipeline
import AgentStreams
import Diagnostics
import LineFormats
import LogModel
import SystemIO

/// The figures of the sources, shared by what works on the reading thread.
final class FigureKeeper {
    var book = SourceBook()
}

/// Between the files and the spool: gathers lines into batches and spools those. Belongs to the reading thread.
final class IngestStage: FollowConsumer, StreamConsumer {
    private var assembler: BatchAssembler
    private let writer: SpoolWriter
    private let state: StateDirectory
    private let shipper: Shipper
    private let log: DiagnosticLog
    private let metrics: AgentMetrics
    private var interval: UInt64
    private var limits: BatchLimits
    private var memory: MemoryBudget
    /// What became of what each source has brought.
    let figures = FigureKeeper()
    private var filtered = [Int](repeating: 0, count: Level.allCases.count)
    /// By how much batches are larger and wait longer, because the collector is behind or batches wait.
    private var factor = 1
    /// A batch that the spool has not taken yet.
    private var pending: AssembledBatch?
    /// When the first event of the batch that is being gathered came.
    private var openedAt: UInt64?
    private var now: UInt64 = 0
    private var arrival = Timestamp(nanoseconds: 0)
    private var published: PublishedCounts
    private let reporter: FollowReporter
    private var containers: ContainerMetadata
    private var isPaused = false
    private var retryAt: UInt64 = 0
    /// Which events of the batch that is being gathered are of which file, and how many of its events that covers.
    private var runs: [SourceRun] = []
    private var runEvents = 0
    private var pendingRuns: [SourceRun] = []
    /// Why nothing can be promised any more, once that is so.
    private(set) var failure: String?

    init(
        _ settings: AgentSettings, _ state: StateDirectory, _ shipper: Shipper, _ log: DiagnosticLog,
        _ metrics: AgentMetrics
    ) {
        interval = nanoseconds(settings.batchInterval)
        assembler = Self.assembler(settings)
        limits = settings.batch
        memory = settings.memory
        published = PublishedCounts(metrics, rules: settings.rules)
        writer = SpoolWriter(state.spool) { [figures] drops in
            for drop in drops {
                figures.book.dropped(drop.path, reason: drop.reason, level: drop.level, events: drop.events)
                metrics.unsent(drop.level, drop.reason).add(drop.events)
                log.warn(
                    "events were dropped", ("events", drop.events), ("level", drop.level.name),
                    ("reason", drop.reason), ("file", drop.path), ("from_byte", drop.bytes.lowerBound),
                    ("to_byte", drop.bytes.upperBound))
            }
        }
        self.state = state
        self.shipper = shipper
        self.log = log
        self.metrics = metrics
        reporter = FollowReporter(log: log, metrics: metrics)
        containers = ContainerMetadata(mapPath: settings.podLabels, log: log)
        assembler.describer = containers
    }

    private static func assembler(_ settings: AgentSettings) -> BatchAssembler {
        BatchAssembler(
            host: settings.host ?? hostName(), cutter: LineCutter(maxLineBytes: Limits.lineBytes),
            limits: settings.batch, offsets: settings.zone == .utc ? .utc : localOffsets(),
            rules: RuleProgram(settings.rules), ownLog: .ofThisProcess)
    }

    /// Goes on by other settings. Everything that was taken must be in the spool: see ``isFlushed``.
    func reconfigure(_ settings: AgentSettings) {
        interval = nanoseconds(settings.batchInterval)
        assembler = Self.assembler(settings)
        limits = settings.batch
        memory = settings.memory
        published = PublishedCounts(metrics, rules: settings.rules)
        containers = ContainerMetadata(mapPath: settings.podLabels, log: log)
        assembler.describer = containers
        filtered = assembler.counts.droppedLevels
        tick(monotonic: now, wall: arrival.nanoseconds)
    }

    /// What the rules have done since they were configured.
    var ruleCounts: [RuleCount] { assembler.rules.counts }

    /// Takes the time for what follows.
    func tick(monotonic: UInt64, wall: Int64) {
        now = monotonic
        containers.now = monotonic
        arrival = Timestamp(nanoseconds: wall)
        assembler.rules.arrival = arrival
        factor = max(shipper.lag.factor(now: monotonic), Limits.factor(waiting: state.spool.waitingBatches))
        // A collector takes 100,000 events and 16 MiB at once; a batch costs its bytes several times over in memory.
        assembler.limits = BatchLimits(
            bytes: max(limits.bytes, min(limits.bytes * factor, memory.grownBatchBytes)),
            events: max(limits.events, min(limits.events * factor, 100_000)))
    }

    /// Whether everything that was taken is in the spool.
    var isFlushed: Bool { pending == nil && !assembler.hasContent }

    /// When the batch that is being gathered has waited long enough; nil when there is none.
    var flushDue: UInt64? {
        // That rules dropped all there was need not be written down as often.
        openedAt.map {
            $0 &+ (assembler.count > 0 ? interval &* UInt64(factor) : max(interval, Limits.emptyBatchInterval))
        }
    }

    /// Spools what has waited long enough, or everything.
    func flush(all: Bool) {
        guard makeRoom() else { return }
        if !assembler.rules.isEmpty {
            assembler.addSummaries(now: arrival, all: all)
            if openedAt == nil, assembler.hasContent { openedAt = now }
        }
        if assembler.hasContent, all || (flushDue.map { now >= $0 } ?? false) {
            complete()
            _ = spool()
        }
        published.publish(assembler)
    }

    // MARK: FollowConsumer

    func makeRoom() -> Bool {
        if pending != nil { return spool() }
        if assembler.isComplete {
            complete()
            return spool()
        }
        return failure == nil
    }

    func take(
        _ bytes: UnsafeRawBufferPointer, of state: inout SourceState, profile: SourceProfile, ending: ReadEnding
    ) -> Int {
        assembler.take(bytes, of: &state, profile: profile, ending: ending, arrival: arrival)
    }

    func advanced(_ state: SourceState, from: Int) {
        assembler.note(state, from: from)
        // Events that no file has brought belong to the next one's run: their number is right all the same.
        let run = SourceRun(
            source: state.id, bytes: from..<max(from, state.offset), events: assembler.count - runEvents)
        runEvents = assembler.count
        var gone = 0
        for level in Level.allCases {
            let index = Int(level.rawValue)
            let events = assembler.counts.droppedLevels[index] - filtered[index]
            if events == 0 { continue }
            filtered[index] += events
            gone += events
            figures.book.dropped(state.path, reason: "rules", level: level, events: events)
        }
        figures.book.read(state.id, events: run.events + gone)
        if let last = runs.indices.last, runs[last].source == run.source, runs[last].bytes.upperBound == from {
            runs[last].bytes = runs[last].bytes.lowerBound..<run.bytes.upperBound
            runs[last].events += run.events
        } else {
            runs.append(run)
        }
        if openedAt == nil { openedAt = now }
    }

    func relocated(_ state: SourceState) { self.state.registry.relocate(state) }

    func forgotten(_ id: UInt64) {
        // What is gathered or waits is in an entry that has no number yet; the next start knows better.
        state.registry.forget(id, through: unsafeStart(of: id) == nil ? state.spool.lastEntry : .max)
        figures.book.forget(id)
    }

    func report(_ event: FollowEvent) { reporter.report(event) }

    func skipped(_ state: SourceState) { self.state.registry.add(state) }

    func safeOffset(of state: SourceState) -> Int { unsafeStart(of: state.id) ?? state.offset }

    /// From where on what was taken of a source is in memory only; nil when none of it is.
    private func unsafeStart(of id: UInt64) -> Int? {
        pending?.progress.first { $0.state.id == id }?.from ?? assembler.start(of: id)
    }

    /// Tells once when there are directories whose changes nobody tells.
    func watches(_ result: WatchResult) { reporter.report(result) }

    func lost(_ loss: FollowLoss) {
        let start: Int64
        if let since = loss.since {
            start = arrival.nanoseconds &- Int64(clamping: now >= since ? now - since : 0)
        } else {
            start = state.lastSaved ?? arrival.nanoseconds
        }
        let times = Timestamp(nanoseconds: min(start, arrival.nanoseconds))...arrival
        let reason = loss.reason.rawValue
        figures.book.dropped(loss.path, reason: reason, level: .unknown, events: 0, bytes: loss.bytes)
        shipper.lost(DropNote(lost: loss.bytes, reason: reason, path: loss.path, times: times))
    }

    // MARK: StreamConsumer

    func take(
        _ bytes: UnsafeRawBufferPointer, of state: inout SourceState, profile: SourceProfile, ending: ReadEnding,
        arrival: Timestamp, sharing shared: SharedField?
    ) -> Int {
        assembler.take(bytes, of: &state, profile: profile, ending: ending, arrival: arrival, sharing: shared)
    }

    func take(
        record: UnsafeRawBufferPointer, part: Int, of state: SourceState, profile: SourceProfile, arrival: Timestamp,
        sharing shared: SharedField?
    ) -> Bool {
        assembler.take(
            record: record, part: part, of: state, profile: profile, arrival: arrival, sharing: shared)
    }

    func lost(_ loss: StreamLoss, of path: String) {
        let reason = loss.reason.rawValue
        metrics.lost(reason).add(loss.events)
        figures.book.dropped(
            path, reason: reason, level: .unknown, events: loss.events, bytes: loss.events == 0 ? loss.bytes : 0)
        log.warn(
            "events of a source are lost", ("source", path), ("reason", reason), ("events", loss.events),
            ("bytes", loss.bytes))
        shipper.lost(
            DropNote(
                level: .unknown, reason: reason, events: loss.events, path: path, bytes: 0..<max(0, loss.bytes),
                times: loss.times ?? arrival...arrival))
    }

    // MARK: The spool

    /// Reports what the spool has not taken, of sources that do not bring it again. Nothing is taken any more after that.
    ///
    /// - Parameter sources: their numbers.
    func abandon(_ sources: Set<UInt64>) {
        while assembler.hasContent || pending != nil {
            if pending == nil { complete() }
            for note in pending?.drops(pendingRuns, reason: StreamLoss.Reason.stopped.rawValue) ?? []
            where sources.contains(note.source) {
                metrics.lost(note.reason).add(note.events)
                figures.book.dropped(note.path, reason: note.reason, level: note.level, events: note.events)
                log.warn(
                    "events of a source are lost", ("source", note.path), ("reason", note.reason),
                    ("level", note.level.name), ("events", note.events))
                shipper.lost(note)
            }
            pending = nil
        }
    }

    private func complete() {
        pending = assembler.finish()
        openedAt = nil
        pendingRuns = runs
        runs.removeAll(keepingCapacity: true)
        runEvents = 0
    }

    private func spool() -> Bool {
        guard let batch = pending, failure == nil else { return failure == nil }
        // A full spool or disk is not tried for each file that has something to say.
        if now < retryAt { return false }
        do throws(SpoolError) {
            let position = try writer.append(
                batch, runs: pendingRuns, agent: state.agent, epoch: state.epoch, now: arrival.nanoseconds,
                shedding: shipper.lag.shedding(now: now))
            pending = nil
            metrics.spooled.add()
            for source in batch.progress {
                figures.book.spooled(source.state.id, through: source.state.offset, now: now)
            }
            if isPaused {
                isPaused = false
                log.info("there is room in the spool again, reading goes on")
            }
            shipper.spooled(position)
            return true
        } catch {
            hold(error)
            return false
        }
    }

    private func hold(_ error: SpoolError) {
        retryAt = now &+ Limits.spoolRetry
        if case .broken(let reason) = error {
            failure = reason
            return
        }
        if !isPaused {
            isPaused = true
            metrics.pauses.add()
            log.warn("reading stops until the spool takes more, the files keep the rest", ("reason", error.description))
        }
    }

    /// Names the rules that have applied to no event: they may not say what was meant.
    func reportUnmatchedRules() {
        guard assembler.counts.bytes > 0 else { return }
        for count in assembler.rules.counts where count.matched == 0 {
            log.warn("a rule has never matched", ("rule", count.name))
        }
    }
}
