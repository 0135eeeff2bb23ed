internal import SystemIO
package import Workers

/// The thread that looks after the disk while the collector runs.
package final class StorageKeeper: Sendable {
    /// How often the disk is looked at: as long as it may take until events are refused on a disk that fills up.
    private static let tickNanos: UInt64 = 1_000_000_000

    /// What is known of the disk.
    package let disk: DiskWatch
    private let isStopping: Monitor<Bool>
    private let thread: DedicatedThread

    /// Starts the thread.
    ///
    /// - Parameter disk: what it looks at.
    /// - Throws: when there is no thread to be had.
    package init(_ disk: DiskWatch) throws(WorkerError) {
        self.disk = disk
        let isStopping = Monitor(false)
        self.isStopping = isStopping
        thread = try DedicatedThread(name: "storage") {
            while true {
                let next = SystemClock.monotonicNanos() + Self.tickNanos
                if isStopping.wait(until: next, { $0 ? () : nil }) != nil { return }
                disk.look()
            }
        }
    }

    deinit { signalStop() }

    /// Ends the thread.
    package func stop() {
        signalStop()
        thread.join()
    }

    private func signalStop() {
        isStopping.withLock { $0 = true }
        isStopping.broadcast()
    }
}
