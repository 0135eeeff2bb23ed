package import Diagnostics
internal import ObjectStores
package import SegmentCatalog
package import StoragePolicy
package import StoreEngine
internal import Synchronization

/// Carries out what the rules ask for: retention, moves between tiers, and what a full disk needs. One thread calls
/// ``run(now:)``; any thread may ask.
package final class Housekeeping: Sendable {
    /// The rules.
    package struct Rules: Sendable {
        /// How long events are kept.
        package var retention = RetentionRules()
        /// Rules that count, ahead of the others, while the disk is nearly full.
        package var pressing: [RetentionRules.Rule] = []
        /// When segments move.
        package var tiers = TierRules()

        /// The defaults.
        package init() {}
    }

    /// What has been done since the start, and what is going on.
    package struct Progress: Sendable, Equatable {
        /// What is being done at this moment, as a sentence; nil when nothing is.
        package var doing: String?
        /// Segments that expired as a whole.
        package var expiredSegments = 0
        /// Segments whose bytes were removed because they had expired.
        package var removedSegments = 0
        /// Events left out when segments were written anew.
        package var droppedRows = 0
        /// Segments that became warm.
        package var warmMoves = 0
        /// Segments that became cold.
        package var coldMoves = 0
        /// Segments that lost what only makes searching faster, because the disk was nearly full.
        package var strippedSegments = 0
        /// Bytes that this gave back.
        package var strippedBytes: UInt64 = 0
        /// Attempts that failed.
        package var failures = 0
        /// Why the last attempt failed; nil when it did not.
        package var lastFailure: String?
        /// Bytes past their retention that are still stored.
        package var bytesPast: UInt64 = 0
    }

    private let store: Store
    private let disk: DiskWatch
    private let rules: Rules
    private let log: DiagnosticLog
    private let clock: TrustedClock
    private let census = SegmentCensus()
    private let stripper: SegmentStripper
    private let progress = Mutex(Progress())
    /// Why something failed in the pass that runs.
    private let failure = Mutex<String?>(nil)
    /// When the object store was last compared with the catalog.
    private let reconciled = Mutex<Int64?>(nil)
    /// How often that is done.
    private static let reconcileNanos: Int64 = 86_400 * 1_000_000_000
    private let isStopping: @Sendable () -> Bool

    /// Prepares; nothing is done yet.
    ///
    /// - Parameters:
    ///   - store: the segments.
    ///   - disk: the disk that holds them.
    ///   - directory: the data directory.
    ///   - rules: what to do.
    ///   - log: is told what is done.
    ///   - isStopping: asked between two steps.
    package init(
        _ store: Store, _ disk: DiskWatch, directory: String, rules: Rules, log: DiagnosticLog,
        isStopping: @escaping @Sendable () -> Bool = { false }
    ) {
        self.store = store
        self.disk = disk
        self.rules = rules
        self.log = log
        self.isStopping = isStopping
        stripper = SegmentStripper(store, disk, log, isStopping: isStopping)
        let newest = store.ledger.segments.live.map(\.record.ingestBounds.upperBound).max()
        clock = TrustedClock(directory: directory, newest: newest)
    }

    /// What has been done.
    package var status: Progress {
        var status = progress.withLock { $0 }
        let stripped = stripper.done
        (status.strippedSegments, status.strippedBytes) = (stripped.segments, stripped.bytes)
        return status
    }

    /// Why nothing is deleted at present; nil when the clock is trusted.
    package var doubt: ClockGuard.Doubt? { clock.doubt }

    /// What the rules would do at a moment, without doing it.
    package func plan(now: Int64) -> RetentionPlan { plan(rules.retention, now) }

    /// What is stripped next: so much that the last stage of pressure ends, or, while that does not hold, all that could
    /// be. May read segments.
    package func stripPlan() -> StripPlan { stripper.plan() }

    /// Makes all expired segments live again whose bytes are still there. The next pass expires them again unless the
    /// rules have changed.
    package func undo() -> [SegmentRecord] { store.reinstateExpired() }

    /// Takes the clock as right, because a person says so.
    ///
    /// - Parameters:
    ///   - now: nanoseconds since 1970.
    ///   - monotonic: nanoseconds of the monotonic clock.
    package func trustClock(now: Int64, monotonic: UInt64) {
        clock.trust(wall: now, monotonic: monotonic)
        log.info("the clock was said to be right")
    }

    /// Does all that is to be done at a moment.
    ///
    /// - Parameters:
    ///   - now: nanoseconds since 1970.
    ///   - monotonic: nanoseconds of the monotonic clock.
    package func run(now: Int64, monotonic: UInt64) {
        failure.withLock { $0 = nil }
        let (doubt, isNew) = clock.look(wall: now, monotonic: monotonic)
        if let doubt {
            // Nor do segments move: their ages are as doubtful. What deletes nothing goes on.
            if isNew { log.error("retention is held", ("why", doubt)) }
            strip()
            finish()
            return
        }
        if isNew { log.info("retention goes on: the clock is right again") }
        retain(now)
        move(now)
        attempt("tidying up") { try store.tidyCold() }
        reconcile(now)
        finish()
    }

    private func finish() {
        let failed = failure.withLock { $0 }
        progress.withLock { progress in
            progress.doing = nil
            progress.lastFailure = failed
        }
    }

    // MARK: Retention

    private func plan(_ rules: RetentionRules, _ now: Int64) -> RetentionPlan {
        let segments = store.ledger.segments
        return RetentionPlan(
            rules, live: census.facts(of: segments.live), retired: segments.retired.map(\.record), now: now)
    }

    private func retain(_ now: Int64) {
        let isCritical = disk.findings.stage == .critical
        var rules = rules.retention
        // What has expired is of no use to anybody but for being taken back: on a full disk it goes first.
        if isCritical { rules.grace = .zero }
        let plan = plan(rules, now)
        expire(plan.expire, now)
        for rewrite in plan.rewrite { drop(rewrite) }
        let again = self.plan(rules, now)
        remove(again.remove)
        progress.withLock { $0.bytesPast = again.bytesPast }
        if isCritical {
            strip()
            press(rules, now)
        }
    }

    /// Makes room without letting go of any event.
    private func strip() {
        guard disk.findings.stage == .critical else { return }
        store.removeRetired(asOf: .max)
        attempt("stripping segments of what only makes searching faster") { try stripper.run() }
    }

    /// Lets go what the rules allow on a full disk, the oldest first, until there is room.
    private func press(_ ordinary: RetentionRules, _ now: Int64) {
        guard !rules.pressing.isEmpty else { return disk.look() }
        var rules = ordinary
        rules.rules = self.rules.pressing + rules.rules
        rules.rewriteShare = 0
        let plan = plan(rules, now)
        let byAge = store.ledger.segments.live.map(\.record).sorted {
            $0.ingestBounds.upperBound < $1.ingestBounds.upperBound
        }
        for record in byAge {
            disk.look()
            if disk.findings.stage < .critical || isStopping() { return }
            if let expiry = plan.expire.first(where: { $0.name == record.name }) {
                expire([expiry], now)
                remove([expiry.name])
            } else if let rewrite = plan.rewrite.first(where: { $0.name == record.name }) {
                drop(rewrite)
                store.removeRetired(asOf: .max)
            }
        }
        disk.look()
    }

    private func expire(_ expiries: [RetentionPlan.Expiry], _ now: Int64) {
        if expiries.isEmpty { return }
        let names = store.expire(expiries.map { ($0.name, $0.reason) }, now: now)
        progress.withLock { $0.expiredSegments += names.count }
        for expiry in expiries where names.contains(expiry.name) {
            log.info("a segment has expired", ("segment", expiry.name), ("why", expiry.reason))
        }
    }

    private func remove(_ names: [String]) {
        attempt("removing expired segments") {
            let gone = try store.removeRetired(expired: Set(names))
            progress.withLock { $0.removedSegments += gone.count }
        }
    }

    private func drop(_ rewrite: RetentionPlan.Rewrite) {
        if isStopping() { return }
        attempt("writing segment \(rewrite.name) without \(rewrite.rows) expired events") {
            guard let tier = store.ledger.segments.live.first(where: { $0.record.name == rewrite.name })?.record.tier,
                try store.rewrite(
                    rewrite.name, tier: tier == .cold ? .warm : tier,
                    keeping: SegmentCensus.keeping(allBut: rewrite.classes))
            else { return }
            progress.withLock { $0.droppedRows += rewrite.rows }
            log.info("expired events were left out of a segment", ("segment", rewrite.name), ("events", rewrite.rows))
        }
    }

    // MARK: Tiers

    private func move(_ now: Int64) {
        let findings = disk.findings
        let plan = TierPlan(
            rules.tiers, live: store.ledger.segments.live.map(\.record), stage: findings.stage,
            surplus: findings.surplus, now: now)
        for move in plan.moves {
            if isStopping() { return }
            let isDone = attempt("moving segment \(move.name) to the \(move.tier.rawValue) tier") {
                switch move.tier {
                case .hot: return
                case .warm:
                    if try store.rewrite(move.name, tier: .warm) { progress.withLock { $0.warmMoves += 1 } }
                case .cold:
                    if try store.makeCold(move.name) { progress.withLock { $0.coldMoves += 1 } }
                }
            }
            // An object store that is away would be away for the next one, too.
            if !isDone { return }
        }
    }

    /// Compares the object store with the catalog, at the start and once a day.
    private func reconcile(_ now: Int64) {
        let isDue = reconciled.withLock { last in last.map { (now &- $0).magnitude >= Self.reconcileNanos } ?? true }
        // Before replay has ended nobody knows which positions are in no segment.
        guard isDue, store.coldStorage != nil, store.flushedPosition > 0 else { return }
        attempt("comparing the object store with the catalog") {
            let found = try store.reconcileObjects()
            reconciled.withLock { $0 = now }
            if found.deleted > 0 { log.info("objects that nobody needs were deleted", ("objects", found.deleted)) }
            for name in found.adopted { log.warn("a cold segment was taken in again", ("segment", name)) }
            for key in found.strange { log.warn("the object store holds what is no segment", ("object", key)) }
        }
    }

    @discardableResult
    private func attempt(_ what: String, _ body: () throws -> Void) -> Bool {
        progress.withLock { $0.doing = what }
        do {
            try body()
            return true
        } catch  where error is WorkStopped || error as? ObjectStoreError == .cancelled {
            return false
        } catch {
            failure.withLock { $0 = "\(what) failed: \(error)" }
            progress.withLock { $0.failures += 1 }
            log.warn("work on the segments failed, trying again later", ("what", what), ("error", "\(error)"))
            return false
        }
    }
}
