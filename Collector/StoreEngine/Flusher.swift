internal import LogModel
internal import SegmentCatalog
internal import StoreFormat
internal import SystemIO
internal import Workers

/// The thread that turns full or old heads into segments: the file first, then the catalog, then what queries see. A
/// crash between any two of these leaves the events in the journal or in a segment whose name says what it holds.
struct Flusher: Sendable {
    let state: Monitor<StoreState>
    let ledger: SegmentLedger
    let directory: SegmentDirectory
    let options: StoreOptions
    let report: @Sendable (String) -> Void

    /// How long after a failure the next attempt is made, unless a flush is asked for.
    private static let retryNanos: UInt64 = 5_000_000_000

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
            state.sealLive()
        }
        return .look
    }

    private func write(_ head: Head) {
        do {
            guard let positions = head.positions else { return }
            var degraded = DegradedColumns()
            let segment = try directory.write(
                SegmentName(positions: positions, generation: 0), createdAt: SystemClock.wallNanos()
            ) { output in
                var builder = SegmentBuilder(level: options.compressionLevel, encoder: directory.encoder)
                for block in head.blocks {
                    try builder.append(block.batch, ids: block.ids(), ingestBounds: block.ingestBounds)
                    try output.drain(&builder)
                }
                let footer = try output.finish(&builder) { (builder) throws(StoreFormatError) in try builder.finish() }
                degraded = builder.degraded
                return footer
            }
            var told: (() -> Void)?
            ledger.commit { segments in
                segments.add(segment)
            } together: { state in
                state.waiting.removeFirst()
                state.counters.flushes += 1
                state.counters.degraded.add(degraded)
                state.counters.flushedBytes += segment.record.bytes
                state.flushFails = false
                told = state.updateFlushed()
            }
            told?()
            MemoryAllocator.giveBack()
        } catch {
            failed(error)
        }
    }

    private func failed(_ error: any Error) {
        let requests = state.withLock { state in
            state.counters.failedFlushes += 1
            state.flushFails = true
            return state.flushRequests
        }
        state.broadcast()
        report("segment cannot be written to \(options.directory), trying again in 5 s: \(error)")
        // A flush that is asked for from now on does not wait.
        state.wait(until: SystemClock.monotonicNanos() + Self.retryNanos) { state in
            state.isStopping || state.flushRequests != requests ? () : nil
        }
    }
}
