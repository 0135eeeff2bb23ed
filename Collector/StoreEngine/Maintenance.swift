internal import LogModel
internal import SegmentCatalog
internal import StoreFormat
internal import SystemIO
internal import Workers

/// The thread that looks after segments once they are written: it merges them, and removes those that are not needed any
/// more.
struct Maintenance: Sendable {
    let state: Monitor<StoreState>
    let ledger: SegmentLedger
    let janitor: Janitor
    let compactor: Compactor
    let options: CompactionOptions

    /// How often it looks when nothing happens.
    private static let tickNanos: UInt64 = 1_000_000_000
    /// How long it leaves merging alone after a job that failed.
    private static let retryNanos: UInt64 = 30_000_000_000

    func run() {
        countStreams()
        let throttle = Throttle(share: options.cpuShare, bytesPerSecond: options.bytesPerSecond)
        var retry: UInt64 = 0
        while !isStopping {
            ledger.retryUnreadable(in: compactor.directory)
            janitor.sweep(now: SystemClock.wallNanos())
            if options.isOn, SystemClock.monotonicNanos() >= retry {
                guard let outcome = try? compactor.runNext(now: SystemClock.wallNanos(), throttle: throttle) else {
                    return
                }
                if outcome == .merged { continue }
                if outcome == .failed { retry = SystemClock.monotonicNanos() + Self.retryNanos }
            }
            state.wait(until: SystemClock.monotonicNanos() + Self.tickNanos) { $0.isStopping ? () : nil }
        }
    }

    private var isStopping: Bool { state.withLock { $0.isStopping } }

    /// Opening a store reads no streams, so that it is quick; here they are counted afterwards.
    private func countStreams() {
        for segment in ledger.segments.live {
            if isStopping { return }
            // One that cannot be read is set aside by the query that needs it.
            guard let reader = try? segment.reader() else { continue }
            guard let ids = try? reader.streams.map(\.id.low) else { continue }
            state.withLock { state in
                for id in ids { state.streams.insert(id) }
            }
        }
    }
}
