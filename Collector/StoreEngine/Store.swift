package import LogModel
package import StoreFormat
internal import SystemIO
internal import Workers

/// The events of one data directory: the newest in memory, the others in segments.
///
/// Events come from the journal, in its order, and stay there until a segment holds them; so after a crash each event is
/// either in a segment or replayed, never both: a segment names the positions it speaks for. Threads of its own write
/// segments and merge them. All methods may be called from any thread.
package final class Store: Sendable {
    /// What queries keep of the segments.
    package let cache: BlockCache
    /// Where the set of segments changes.
    package let ledger: SegmentLedger
    let options: StoreOptions
    let state: Monitor<StoreState>
    let directory: SegmentDirectory
    let compactor: Compactor
    let janitor: Janitor
    private let flusher: DedicatedThread
    private let maintenance: DedicatedThread

    /// Opens the segments of a directory. Damaged ones are set aside and reported, never fatal.
    ///
    /// - Parameters:
    ///   - options: see there.
    ///   - report: gets a sentence for each thing an operator should know.
    /// - Throws: when the directory cannot be made or read.
    package init(_ options: StoreOptions, report: @escaping @Sendable (String) -> Void) throws {
        self.options = options
        cache = BlockCache(maxBytes: options.cacheBytes)
        directory = SegmentDirectory(options, cache)
        let opening = try StoreOpening(options, directory, report)
        var initial = StoreState(opening.segments)
        initial.counters.quarantined = opening.damages.count
        initial.unreadable = opening.unreadable
        initial.counters.lostSegments = opening.lostSegments
        initial.counters.lostRows = opening.lostRows
        state = Monitor(initial)
        ledger = SegmentLedger(opening.catalog, isBehind: opening.isBehind, state, options, report)
        let flusher = Flusher(state: state, ledger: ledger, directory: directory, options: options, report: report)
        janitor = Janitor(
            ledger: ledger, directory: directory, graceNanos: Int64(clamping: options.grace.wholeNanoseconds),
            report: report)
        compactor = Compactor(state: state, ledger: ledger, directory: directory, options: options, report: report)
        let maintenance = Maintenance(
            state: state, ledger: ledger, janitor: janitor, compactor: compactor, options: options.compaction)
        self.flusher = try DedicatedThread(name: "flush") { flusher.run() }
        do { self.maintenance = try DedicatedThread(name: "compact") { maintenance.run() } } catch {
            state.withLock { $0.isStopping = true }
            state.broadcast()
            self.flusher.join()
            throw error
        }
    }

    /// Whether the events of this journal position are in a segment, or were deleted from one by policy, so that replay
    /// can leave them out.
    package func isStored(position: UInt64) -> Bool {
        state.withLock { $0.segments.holdsAny(of: position...position) }
    }

    /// Adds a batch that the journal has made durable; it is searchable when this returns. Quick; never waits.
    ///
    /// - Parameters:
    ///   - batch: the events.
    ///   - position: its journal position; ascending, and without holes but for records that are no events.
    ///   - ingestTime: when it arrived.
    ///   - isReplay: whether it is read back from the journal at the start rather than just committed.
    package func append(_ batch: EventBatch, position: UInt64, ingestTime: Timestamp, isReplay: Bool = false) {
        guard let block = BatchBlock(batch, position: position, ingestTime: ingestTime.nanoseconds) else { return }
        let now = SystemClock.monotonicNanos()
        state.withLock { state in
            state.append(block, position: position, isReplay: isReplay, headBytes: options.headBytes, now: now)
        }
        state.broadcast()
    }

    /// Says that all that had to be replayed has been appended; only then may the journal forget anything.
    package func finishReplay() {
        let told = state.withLock { state in
            state.sealReplayed()
            state.isReplaying = false
            return state.updateFlushed()
        }
        state.broadcast()
        told?()
    }

    /// Waits until a head may be filled without passing the memory bound: for replay, which can wait. One place is left to
    /// what comes in meanwhile: else it would be refused for as long as replay goes on.
    package func waitForRoom() {
        let allowed = max(1, options.waitingHeads - 1)
        state.wait { state in state.isStopping || state.waiting.count < allowed ? () : nil }
    }

    /// How hard the store is pressed.
    package var load: StoreLoad {
        state.withLock { $0.load(waitingHeads: options.waitingHeads) }
    }

    /// All positions up to here are in segments; 0 while replaying.
    package var flushedPosition: UInt64 { state.withLock { $0.flushed } }

    /// Sets who is told when ``flushedPosition`` grows. Called on the flusher's thread, and by ``finishReplay()``.
    package func onFlushed(_ body: @escaping @Sendable (UInt64) -> Void) {
        state.withLock { $0.onFlushed = body }
    }

    /// Writes what is in memory as segments and waits until that is done, or has failed.
    ///
    /// - Throws: ``StoreError`` when a segment could not be written; the events stay in memory and in the journal.
    package func flush() throws {
        let failures = state.withLock { state in
            state.sealReplayed()
            state.sealLive()
            state.flushRequests += 1
            return state.counters.failedFlushes
        }
        state.broadcast()
        let failed = state.wait { state in
            if state.counters.failedFlushes > failures { return true }
            return state.waiting.isEmpty ? false : state.isStopping ? true : nil
        }
        if failed == true { throw StoreError("segments could not be written to \(options.directory)") }
    }

    deinit {
        // The threads hold the state, not the store: without a close() they end by themselves.
        state.withLock { $0.isStopping = true }
        state.broadcast()
    }

    /// Stops the threads. What is in memory is in the journal too and is replayed at the next start.
    package func close() {
        state.withLock { $0.isStopping = true }
        state.broadcast()
        flusher.join()
        maintenance.join()
    }
}
