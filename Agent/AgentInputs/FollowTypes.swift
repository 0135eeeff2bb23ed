package import AgentPipeline

/// A group of files to follow.
package struct FileInput: Sendable {
    /// What to follow.
    package var include: [GlobPattern]
    /// What of it to leave out.
    package var exclude: [GlobPattern]
    /// How its lines are read.
    package var profile: SourceProfile
    /// How its files are treated.
    package var treatment: FileTreatment

    /// Makes a group.
    package init(
        include: [GlobPattern], exclude: [GlobPattern] = [], profile: SourceProfile = SourceProfile(),
        treatment: FileTreatment = FileTreatment()
    ) {
        self.include = include
        self.exclude = exclude
        self.profile = profile
        self.treatment = treatment
    }

    /// Whether a path belongs to the group.
    func covers(_ path: String) -> Bool {
        include.contains { $0.covers(path) } && !exclude.contains { $0.matches(path) }
    }
}

/// What is done with the files of a group. Times are nanoseconds.
package struct FileTreatment: Sendable, Equatable {
    /// How long a file must have been unchanged when it is found for being read only from its end on; nil: never.
    package var ignoreOlder: UInt64?
    /// How long a file must have been quiet for being closed until it grows.
    package var closeInactive: UInt64 = 300_000_000_000
    /// Whether files that are there when an agent runs for the first time are read only from their ends on.
    package var startsAtEnd = false
    /// Whether files that begin with binary data are left alone.
    package var skipsBinary = false

    /// The usual treatment.
    package init() {}
}

/// Limits and delays of following files, each with its reason. Times are nanoseconds.
package struct FollowOptions: Sendable {
    /// What is read of a file at once; between two such reads the other files have their turn.
    package var chunkBytes = 256 << 10
    /// The longest line plus one byte: enough to see that a line is too long.
    package var largestChunkBytes = (1 << 20) + 1
    /// How often names are looked up where nothing tells of a change.
    package var scanInterval: UInt64 = 1_000_000_000
    /// How often names are looked up, and all files looked at, where changes are told: what notifications do not tell
    /// is seen by then (writing by another name of a file, or through mapped memory).
    package var fullLookInterval: UInt64 = 10_000_000_000
    /// How often a file that has been quiet is looked at where nothing tells of a change.
    package var quietInterval: UInt64 = 1_000_000_000
    /// How long it is until a file that could not be opened or read is tried again.
    package var retryDelay: UInt64 = 5_000_000_000
    /// How long a rotated file must have been quiet before its last line counts without its line feed.
    package var lastLineDelay: UInt64 = 2_000_000_000
    /// How long a rotated file must have been quiet before it is closed, and one without a name let go if nobody has it
    /// open for writing.
    package var rotatedDelay: UInt64 = 60_000_000_000
    /// The same for a file without a name of which the system does not tell whether somebody may still write to it.
    package var orphanDelay: UInt64 = 600_000_000_000
    /// Bytes of deleted files that are kept from being freed; beyond that the oldest are let go, read or not.
    package var heldBytes = 1 << 30
    /// How long the state of a file whose directory is not there is kept: its file system may come back.
    package var absentDelay: UInt64 = 86_400_000_000_000
    /// How long the state of a closed file that is gone by itself is kept: somebody may move it back.
    package var awayDelay: UInt64 = 120_000_000_000
    /// How long a file that looks like a copy of another must have been quiet before it is taken for a file of its own.
    package var copyDelay: UInt64 = 10_000_000_000
    /// Files that are followed at the same time; more are left out and counted.
    package var fileLimit = 100_000
    /// Files that are kept open; of more, those that have been quiet the longest are closed until they grow.
    package var openLimit = 1_000
    /// Whether files are only read to their present ends: last lines count without line feeds, nothing is waited for.
    package var readsOnce = false
    /// When the run before was there for the last time, wall clock in nanoseconds; nil when there was none.
    package var lastRun: Int64?
    /// Whether no earlier run has left a state: then ``FileTreatment/startsAtEnd`` applies to what is found at first.
    package var isFirstRun = false

    /// The usual limits.
    package init() {}
}

/// What happened to the files, for the log and the counters.
package enum FollowEvent: Sendable, Equatable {
    /// A file is followed from an offset on.
    case started(path: String, offset: Int)
    /// A file was renamed or deleted; it is read to its end.
    case rotated(path: String)
    /// A file was truncated; what had not been read is read from its copy.
    case truncated(path: String, copy: String)
    /// A file was truncated, and no copy was found: what had not been read, if anything, is lost.
    case truncatedWithoutCopy(path: String)
    /// A file is gone that had been read up to an offset, and that was closed, or the agent not running; its rest is lost,
    /// if any.
    case gone(path: String, offset: Int)
    /// A file is let go: it is read to its end, and has another name or none.
    case released(path: String)
    /// A file cannot be opened or read; it is tried again.
    case failed(path: String, reason: String)
    /// There are more files than may be followed; so many wait until others end.
    case tooManyFiles(limit: Int, waiting: Int)
    /// A file is read from its end on, as configured: what is in it is left out.
    case skipped(path: String, offset: Int)
    /// A file begins with binary data; its lines are read all the same.
    case binary(path: String)
    /// What a pattern has found is not read.
    case leftOut(path: String, reason: String)
    /// Deleted files that are kept until they are read hold more than half of what they may.
    case holding(bytes: Int, limit: Int)
    /// A deleted file was let go to free its space, so many bytes of it unread.
    case abandoned(path: String, bytes: Int)
}

/// Bytes of a file that are gone and that may not have been read.
package struct FollowLoss: Sendable, Equatable {
    /// What has become of them.
    package enum Reason: String, Sendable {
        /// The file was truncated, and there is no copy of it.
        case truncated = "file_truncated"
        /// The file went while the agent was not running, or had not opened it.
        case gone = "file_gone"
        /// The file was deleted, and let go before it was read to its end: to free its space, or because the agent stopped.
        case abandoned = "file_abandoned"
    }

    /// What has become of them.
    package var reason: Reason
    /// The path of the file.
    package var path: String
    /// How many were seen and not read; there may be more.
    package var bytes: Int
    /// When they were written at the earliest, monotonic nanoseconds; nil when that is not known.
    package var since: UInt64?
}

/// Takes what was read, and decides whether more is wanted.
package protocol FollowConsumer: AnyObject {
    /// Is asked before something is read.
    ///
    /// - Returns: whether lines can be taken at present.
    func makeRoom() -> Bool

    /// Takes whole events from `bytes`, which begin at the state's offset.
    ///
    /// - Returns: how many bytes were dealt with; 0 when there is no whole event.
    func take(_ bytes: UnsafeRawBufferPointer, of state: inout SourceState, profile: SourceProfile, ending: ReadEnding)
        -> Int

    /// Hears how far a file has got after ``take(_:of:profile:ending:)``.
    func advanced(_ state: SourceState, from: Int)

    /// Hears that a file is known and read from its state's offset on, what is before it being left out.
    func skipped(_ state: SourceState)

    /// How far what was taken of a file would survive the end of this process.
    func safeOffset(of state: SourceState) -> Int

    /// The bytes of a file are in another inode now, and no more of them than the offset says have been dealt with.
    func relocated(_ state: SourceState)

    /// A file is gone for good, and all of it has been handed over.
    func forgotten(_ id: UInt64)

    /// Something happened.
    func report(_ event: FollowEvent)

    /// Bytes may be lost; ``report(_:)`` has told that as an event.
    func lost(_ loss: FollowLoss)
}

extension FollowConsumer {
    /// Does nothing.
    package func lost(_ loss: FollowLoss) {}

    /// Does nothing.
    package func skipped(_ state: SourceState) {}

    /// Nothing is kept in memory only.
    package func safeOffset(of state: SourceState) -> Int { state.offset }
}

/// What one round over the files gave.
package struct FollowRound: Sendable, Equatable {
    /// Bytes that were dealt with.
    package var bytes = 0
    /// Whether another round would find bytes at once.
    package var hasMore = false
    /// Whether the consumer had no room.
    package var isPaused = false
    /// Files at present.
    package var files = 0
    /// Bytes that are in the files and not dealt with, as far as known.
    package var unreadBytes = 0
    /// Files that are open.
    package var openFiles = 0
    /// Bytes of deleted files that are kept from being freed.
    package var heldBytes = 0
}
