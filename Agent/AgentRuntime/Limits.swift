/// Limits of an agent, each with its reason. Times are nanoseconds.
enum Limits {
    /// The longest line that becomes one event. A collector takes events of 1 MiB with all their fields: the rest of it
    /// is for the path, the level and configured fields.
    static let lineBytes = (1 << 20) - (16 << 10)
    /// How long the reading thread waits for a change at most: files in directories that cannot be watched are polled
    /// at this rate.
    static let pollInterval: UInt64 = 250_000_000
    /// How long it waits at least, so that a busy file does not make it look at all others all the time.
    static let shortestWait: UInt64 = 20_000_000
    /// By how much longer batches are gathered while so many wait. Each takes a round trip, one after the other: where that
    /// is long, few large ones get through and many small ones do not.
    static func factor(waiting batches: Int) -> Int { batches > 64 ? 4 : batches > 16 ? 2 : 1 }
    /// How long after its start the code that only starting needs is given back.
    static let codeReturnDelay: UInt64 = 3_000_000_000
    /// How long it is until a batch is offered to a full spool or disk again.
    static let spoolRetry: UInt64 = 200_000_000
    /// How long it is at most until it is written down how far files were read of which rules dropped everything.
    static let emptyBatchInterval: UInt64 = 30_000_000_000
    /// How long it is until a source whose thread could not be started is tried again.
    static let startRetry: UInt64 = 5_000_000_000
    /// How long a stopping agent takes what such sources have brought.
    static let streamGrace: UInt64 = 3_000_000_000
    /// How long a stopping agent reads files that are deleted.
    static let deletedGrace: UInt64 = 2_000_000_000
    /// How long a stopping agent goes on delivering.
    static let stopGrace: UInt64 = 5_000_000_000
    /// How long nothing must have been read before the memory of the last burst is given back.
    static let idleDelay: UInt64 = 5_000_000_000
}
