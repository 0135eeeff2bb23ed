package import Diagnostics
internal import StoragePolicy
package import StoreEngine
internal import SystemIO
package import Workers

/// Looks after the disk and the segments while the collector runs, on two threads: one that must never be late to notice a
/// full disk, and one that does the work.
package final class StorageKeeper: Sendable {
    private struct State: Sendable {
        var isStopping = false
        /// Counts what should make the work begin at once.
        var calls = 0
    }

    /// How often the disk is looked at: as long as it may take until events are refused on a disk that fills up.
    private static let lookNanos: UInt64 = 1_000_000_000

    /// What is known of the disk.
    package let disk: DiskWatch
    /// What is done to the segments.
    package let housekeeping: Housekeeping
    private let state: Monitor<State>
    private let threads: [DedicatedThread]

    /// Starts the threads.
    ///
    /// - Parameters:
    ///   - store: the segments.
    ///   - disk: what holds them.
    ///   - directory: the data directory.
    ///   - rules: what to do.
    ///   - interval: how often to look for something to do; at a full disk more often.
    ///   - log: is told what is done.
    /// - Throws: when there is no thread to be had.
    package init(
        _ store: Store, _ disk: DiskWatch, directory: String, rules: Housekeeping.Rules, interval: Duration,
        log: DiagnosticLog
    ) throws(WorkerError) {
        self.disk = disk
        let state = Monitor(State())
        self.state = state
        let housekeeping = Housekeeping(
            store, disk, directory: directory, rules: rules, log: log,
            isStopping: { state.withLock { $0.isStopping } })
        self.housekeeping = housekeeping
        let watcher = try DedicatedThread(name: "disk") { Self.watch(disk, state) }
        do throws(WorkerError) {
            threads = [
                watcher,
                try DedicatedThread(name: "storage") { Self.work(housekeeping, disk, interval, state) },
            ]
        } catch {
            state.withLock { $0.isStopping = true }
            state.broadcast()
            throw error
        }
    }

    deinit { beginStop() }

    /// Asks for work to be done at once.
    package func hurry() {
        state.withLock { $0.calls += 1 }
        state.broadcast()
    }

    /// Lets the threads end after what they are doing; closing the store cuts that short.
    package func beginStop() {
        state.withLock { $0.isStopping = true }
        state.broadcast()
    }

    /// Waits until the threads have ended.
    package func stop() {
        beginStop()
        for thread in threads { thread.join() }
    }

    private static func watch(_ disk: DiskWatch, _ state: Monitor<State>) {
        while true {
            let next = SystemClock.monotonicNanos() + lookNanos
            if state.wait(until: next, { $0.isStopping ? () : nil }) != nil { return }
            let before = disk.findings.stage
            disk.look()
            guard disk.findings.stage > before else { continue }
            state.withLock { $0.calls += 1 }
            state.broadcast()
        }
    }

    private static func work(
        _ housekeeping: Housekeeping, _ disk: DiskWatch, _ interval: Duration, _ state: Monitor<State>
    ) {
        let (seconds, attoseconds) = interval.components
        let nanos = UInt64(clamping: seconds) * 1_000_000_000 + UInt64(clamping: attoseconds / 1_000_000_000)
        while !state.withLock({ $0.isStopping }) {
            let calls = state.withLock { $0.calls }
            housekeeping.run(now: SystemClock.wallNanos(), monotonic: SystemClock.monotonicNanos())
            let pause = disk.findings.stage == .critical ? min(nanos, 5 * lookNanos) : nanos
            state.wait(until: SystemClock.monotonicNanos() + pause) { state in
                state.isStopping || state.calls != calls ? () : nil
            }
        }
    }
}
