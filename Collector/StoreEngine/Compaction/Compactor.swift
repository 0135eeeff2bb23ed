internal import SegmentCatalog
internal import StoreFormat
internal import SystemIO
internal import Workers

/// Does the jobs of the planner: writes the output, puts it in the place of its inputs, and leaves these to the janitor.
///
/// A crash before the output has its name leaves the inputs; one after leaves a file whose generation says that it counts
/// and they do not, whether or not the catalog was written.
struct Compactor: Sendable {
    let state: Monitor<StoreState>
    let ledger: SegmentLedger
    let directory: SegmentDirectory
    let options: StoreOptions
    let report: @Sendable (String) -> Void

    enum Outcome: Equatable {
        /// A job was done.
        case merged
        /// There is nothing to do at present.
        case idle
        /// A job could not be done; it was reported.
        case failed
    }

    /// Looks for a job and does it, on the calling thread.
    ///
    /// - Parameters:
    ///   - now: nanoseconds since the epoch.
    ///   - throttle: how much of the machine may be used.
    /// - Returns: what came of it.
    /// - Throws: ``WorkStopped`` when the store is closing.
    func runNext(now: Int64, throttle: Throttle) throws(WorkStopped) -> Outcome {
        guard let (job, inputs) = claim(now) else { return .idle }
        defer { state.withLock { $0.segments.release(job.inputs) } }
        do {
            let outcome = try mergeFitting(inputs, level: job.level, throttle)
            MemoryAllocator.giveBack()
            return outcome
        } catch let stopped as WorkStopped {
            throw stopped
        } catch let damaged as DamagedInput {
            ledger.setAside(damaged.segment, in: directory, because: damaged.cause)
        } catch let unreadable as UnreadableInput {
            ledger.leave(unreadable.segment, failed: .reading, because: unreadable.cause)
        } catch {
            report("\(inputs.count) segments could not be merged, trying again later: \(error)")
        }
        state.withLock { $0.counters.failedCompactions += 1 }
        return .failed
    }

    /// Plans a job and reserves its inputs.
    private func claim(_ now: Int64) -> (job: CompactionPlanner.Job, inputs: [StoredSegment])? {
        let planner = CompactionPlanner(maxSegmentBytes: options.compaction.maxSegmentBytes)
        return state.withLock { state in
            if !state.wide.isEmpty { state.wide.formIntersection(state.segments.live.lazy.map(\.record.name)) }
            let candidates = state.segments.candidates { state.unreadable.contains($0) || state.wide.contains($0) }
            guard let job = planner.next(candidates, settled: state.flushed, now: now),
                state.segments.claim(job.inputs)
            else { return nil }
            let names = Set(job.inputs)
            return (job, state.segments.live.filter { names.contains($0.record.name) })
        }
    }

    /// Merges as many of the inputs as have streams that fit into memory. The first one of all, if no other fits beside
    /// it, is not merged any more.
    private func mergeFitting(_ inputs: [StoredSegment], level: Int, _ throttle: Throttle) throws -> Outcome {
        do {
            try merge(inputs, level: level, throttle)
        } catch let error as SegmentRewriter.TooManyStreams where error.fitting > 1 {
            try merge(Array(inputs.prefix(error.fitting)), level: level, throttle)
        } catch is SegmentRewriter.TooManyStreams {
            state.withLock { _ = $0.wide.insert(inputs[0].record.name) }
        }
        return .merged
    }

    private func merge(_ inputs: [StoredSegment], level: Int, _ throttle: Throttle) throws {
        try checkSpace(inputs)
        let pacer = Pacer(throttle, state, waitingHeads: options.waitingHeads)
        let rewriter = SegmentRewriter(
            directory: directory, compressionLevel: options.compaction.compressionLevel, pace: { try pacer.step($0) })
        let output = try rewriter.rewrite(inputs, level: level)
        try ledger.commit { (segments) throws(StoreError) in
            try segments.replace(inputs, with: output.segment, now: SystemClock.wallNanos())
        } together: { state in
            state.counters.compactions += 1
            state.counters.degraded.add(output.degraded)
            state.counters.compactionBytesRead += output.bytesRead
            state.counters.compactionBytesWritten += output.segment?.record.bytes ?? 0
        }
    }

    /// Merging needs room for the output beside the inputs; the last of the room belongs to ingest.
    private func checkSpace(_ inputs: [StoredSegment]) throws {
        let needed = inputs.reduce(0) { $0 + $1.record.bytes } + UInt64(Self.sparedBytes)
        let available = try FileSystem.freeSpace(directory.path).available
        guard available >= needed else {
            throw StoreError("it needs \(needed) bytes of free disk, there are \(available)")
        }
    }

    private static let sparedBytes = 64 << 20
}

extension SegmentSet {
    /// All segments as the planner sees them. Expired ones are among them: they may be made live again, so nothing may
    /// be written across them.
    func candidates(except isExcepted: (String) -> Bool) -> [CompactionPlanner.Candidate] {
        var result = live.map { segment in
            let name = segment.record.name
            return CompactionPlanner.Candidate(
                segment.record,
                isFree: segment.record.tier == .hot && !isClaimed(name) && !isExcepted(name))
        }
        for retired in retired {
            guard case .expired = retired.record.state else { continue }
            let place = result.partitionPoint {
                $0.record.positions.lowerBound > retired.record.positions.lowerBound
            }
            result.insert(.init(retired.record, isFree: false), at: place)
        }
        return result
    }
}
