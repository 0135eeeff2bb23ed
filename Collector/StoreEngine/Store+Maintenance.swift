internal import SystemIO

extension Store {
    /// Merges segments until there is nothing more to merge, on the calling thread and as fast as it can: for tools and
    /// tests. The store's own thread does the same in the background when compaction is on.
    ///
    /// - Parameter now: nanoseconds since the epoch; which windows are over.
    /// - Returns: how many jobs were done.
    /// - Throws: ``StoreError`` when a job failed; it was reported. ``WorkStopped`` when the store is closing.
    @discardableResult
    package func compact(asOf now: Int64) throws -> Int {
        var jobs = 0
        while true {
            switch try compactor.runNext(now: now, throttle: .unlimited) {
            case .merged: jobs += 1
            case .idle: return jobs
            case .failed: throw StoreError("segments could not be merged in \(options.directory)")
            }
        }
    }

    /// Removes retired segments whose time of grace has passed, as the store's own thread does every second.
    ///
    /// - Parameter now: nanoseconds since the epoch.
    /// - Returns: how many were removed.
    @discardableResult
    package func removeRetired(asOf now: Int64) -> Int { janitor.sweep(now: now) }
}
