package import LogModel
package import StoreFormat
internal import SystemIO
internal import Workers

/// The events of one data directory: the newest in memory, the others in segments.
///
/// Events come from the journal, in its order, and stay there until a segment holds them; so after a crash each event is
/// either in a segment or replayed, never both: a segment names the positions it holds. A thread of its own writes
/// segments. All methods may be called from any thread.
package final class Store: Sendable {
    private struct State: Sendable {
        var segments: [SegmentDirectory.Entry] = []
        /// Events as they arrive, and events replayed from the journal at the start. They are kept apart because each
        /// segment must hold a run of journal positions without holes.
        var live = Head()
        var replayed = Head()
        var waiting: [Head] = []
        var isReplaying = true
        var lastPosition: UInt64 = 0
        var flushed: UInt64 = 0
        var streams: Set<UInt64> = []
        var statistics = StoreStatistics()
        var flushFails = false
        var flushRequests = 0
        var isStopping = false
        var onFlushed: (@Sendable (UInt64) -> Void)?
    }

    /// What queries keep of the segments.
    package let cache: BlockCache
    private let options: StoreOptions
    private let directory: SegmentDirectory
    private let state: Monitor<State>
    private let report: @Sendable (String) -> Void
    private let thread: DedicatedThread

    /// Opens the segments of a directory. Damaged ones are set aside and reported, never fatal.
    ///
    /// - Parameters:
    ///   - options: see there.
    ///   - report: gets a sentence for each thing an operator should know.
    /// - Throws: when the directory cannot be made or read.
    package init(_ options: StoreOptions, report: @escaping @Sendable (String) -> Void) throws {
        self.options = options
        self.report = report
        cache = BlockCache(maxBytes: options.cacheBytes)
        directory = SegmentDirectory(path: options.directory, cache: cache)
        let (segments, damaged) = try directory.open()
        for damage in damaged { report("segment \(damage.path) is damaged and set aside: \(damage.reason)") }
        var initial = State()
        initial.segments = segments
        initial.statistics.quarantined = damaged.count
        for segment in segments {
            for stream in segment.reader.streams { initial.streams.insert(stream.id.low) }
            initial.lastPosition = max(initial.lastPosition, segment.reader.footer.journalPositions.upperBound)
        }
        let state = Monitor(initial)
        self.state = state
        let flusher = Flusher(state: state, directory: directory, options: options, report: report)
        thread = try DedicatedThread(name: "flush") { flusher.run() }
    }

    /// Whether a segment holds the events of this journal position, so that replay can leave them out.
    package func isStored(position: UInt64) -> Bool {
        state.withLock { state in
            state.segments.contains { $0.holdsAny(of: position...position) }
        }
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
        let limit = options.headBytes
        let streams = batch.streams.map(\.id.low)
        state.withLock { state in
            state.lastPosition = max(state.lastPosition, position)
            for stream in streams { state.streams.insert(stream) }
            if isReplay {
                // A segment must not span positions that another one holds.
                if let last = state.replayed.positions?.upperBound, position > last + 1,
                    state.segments.contains(where: { $0.holdsAny(of: (last + 1)...(position - 1)) })
                {
                    Self.seal(&state.replayed, &state.waiting)
                }
                state.replayed.append(block, now: now)
                if state.replayed.byteCount >= limit { Self.seal(&state.replayed, &state.waiting) }
            } else {
                state.live.append(block, now: now)
                if state.live.byteCount >= limit { Self.seal(&state.live, &state.waiting) }
            }
        }
        state.broadcast()
    }

    /// Says that all that had to be replayed has been appended; only then may the journal forget anything.
    package func finishReplay() {
        let told = state.withLock { state in
            Self.seal(&state.replayed, &state.waiting)
            state.isReplaying = false
            return Self.updateFlushed(&state)
        }
        state.broadcast()
        told?()
    }

    /// Waits until a head may be filled without passing the memory bound: for replay, which can wait.
    package func waitForRoom() {
        let allowed = options.waitingHeads
        state.wait { state in state.isStopping || state.waiting.count < allowed ? () : nil }
    }

    /// How hard the store is pressed.
    package var load: StoreLoad {
        let allowed = options.waitingHeads
        return state.withLock { state in
            if state.waiting.count >= allowed || (state.flushFails && !state.waiting.isEmpty) { return .critical }
            return state.waiting.isEmpty ? .normal : .elevated
        }
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
            Self.seal(&state.replayed, &state.waiting)
            Self.seal(&state.live, &state.waiting)
            state.flushRequests += 1
            return state.statistics.failedFlushes
        }
        state.broadcast()
        let failed = state.wait { state in
            if state.statistics.failedFlushes > failures { return true }
            return state.waiting.isEmpty ? false : state.isStopping ? true : nil
        }
        if failed == true { throw StoreError("segments could not be written to \(options.directory)") }
    }

    /// What a query sees.
    package func snapshot() -> StoreSnapshot {
        // Nothing is copied under the lock but references.
        let (segments, heads, lastPosition, quarantined) = state.withLock { state in
            let heads = state.waiting + [state.replayed, state.live]
            return (state.segments, heads, state.lastPosition, state.statistics.quarantined)
        }
        var blocks = segments.flatMap(\.reader.blocks)
        for head in heads { blocks.append(contentsOf: head.blocks) }
        return StoreSnapshot(blocks: blocks, lastPosition: lastPosition, quarantined: quarantined)
    }

    /// What the store holds.
    package var statistics: StoreStatistics {
        state.withLock { state in
            var result = state.statistics
            result.streams = state.streams.count
            result.segments = state.segments.count
            var bounds: ClosedRange<Int64>?
            for segment in state.segments {
                result.rows += segment.reader.footer.rowCount
                result.diskBytes += segment.reader.byteCount
                bounds = Self.union(bounds, segment.reader.footer.timeBounds)
            }
            for head in state.waiting + [state.replayed, state.live] {
                result.headRows += head.rowCount
                result.headBytes += head.byteCount
                for block in head.blocks { bounds = Self.union(bounds, block.timeBounds) }
            }
            result.rows += result.headRows
            result.oldest = bounds?.lowerBound
            result.newest = bounds?.upperBound
            return result
        }
    }

    deinit {
        // The thread holds the state, not the store: without a close() it ends by itself.
        state.withLock { $0.isStopping = true }
        state.broadcast()
    }

    /// Stops the flusher. What is in memory is in the journal too and is replayed at the next start.
    package func close() {
        state.withLock { $0.isStopping = true }
        state.broadcast()
        thread.join()
    }

    private static func seal(_ head: inout Head, _ waiting: inout [Head]) {
        guard !head.isEmpty else { return }
        waiting.append(head)
        head = Head()
    }

    /// Gives what is to be called, outside of the lock, when the position has grown.
    private static func updateFlushed(_ state: inout State) -> (() -> Void)? {
        guard !state.isReplaying else { return nil }
        let before = state.flushed
        let unflushed = (state.waiting + [state.replayed, state.live]).compactMap { $0.positions?.lowerBound }.min()
        state.flushed = unflushed.map { $0 - 1 } ?? state.lastPosition
        guard state.flushed > before, let body = state.onFlushed else { return nil }
        let position = state.flushed
        return { body(position) }
    }

    private static func union(_ left: ClosedRange<Int64>?, _ right: ClosedRange<Int64>?) -> ClosedRange<Int64>? {
        guard let left, let right else { return left ?? right }
        return min(left.lowerBound, right.lowerBound)...max(left.upperBound, right.upperBound)
    }

    /// The thread that turns full or old heads into segments.
    private struct Flusher: Sendable {
        let state: Monitor<State>
        let directory: SegmentDirectory
        let options: StoreOptions
        let report: @Sendable (String) -> Void

        private enum Work {
            case stop
            case write(Head)
            case look
        }

        func run() {
            while true {
                switch next() {
                case .stop: return
                case .look: continue
                case .write(let head): write(head)
                }
            }
        }

        /// Waits for a head to write, at most until the open one is old enough.
        private func next() -> Work {
            let interval = UInt64(clamping: options.flushInterval.wholeNanoseconds)
            let now = SystemClock.monotonicNanos()
            let opened = state.withLock { state in state.live.openedAt }
            let deadline = (opened ?? now) &+ max(interval, 1_000_000)
            let work: Work? = state.wait(until: deadline) { state in
                if state.isStopping { return .stop }
                if let head = state.waiting.first { return .write(head) }
                // Another head has begun since the deadline was set.
                return state.live.openedAt != opened ? .look : nil
            }
            if let work { return work }
            state.withLock { state in
                guard let openedAt = state.live.openedAt, openedAt == opened else { return }
                Store.seal(&state.live, &state.waiting)
            }
            return .look
        }

        private func write(_ head: Head) {
            do {
                let entry = try directory.write(head.blocks, level: options.compressionLevel)
                let told = state.withLock { state in
                    state.segments.append(entry)
                    state.waiting.removeFirst()
                    state.statistics.flushes += 1
                    state.flushFails = false
                    return Store.updateFlushed(&state)
                }
                state.broadcast()
                told?()
            } catch {
                let requests = state.withLock { state in
                    state.statistics.failedFlushes += 1
                    state.flushFails = true
                    return state.flushRequests
                }
                state.broadcast()
                report("segment cannot be written to \(options.directory), trying again in 5 s: \(error)")
                let retry = SystemClock.monotonicNanos() + 5_000_000_000
                // A flush that is asked for from now on does not wait.
                state.wait(until: retry) { state in
                    state.isStopping || state.flushRequests != requests ? () : nil
                }
            }
        }
    }
}
