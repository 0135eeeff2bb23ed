import SystemIO
import Workers

/// When an appended record counts as stored.
package enum JournalDurability: Sendable, Equatable {
    /// After fdatasync: it survives a power cut.
    case fsync
    /// After write; fdatasync follows at this interval. A power cut may take what came since.
    case interval(Duration)
    /// After write; the operating system decides about the rest. It survives the end of the process only.
    case operatingSystem
}

/// What became of an appended record.
package enum JournalReceipt: Sendable, Equatable {
    /// It is stored under this number.
    case stored(JournalPosition)
    /// The same batch had been stored before, as durably as this journal does; this one was not stored.
    case duplicate
}

/// What a journal with group commit has done since it was opened.
package struct GroupCommitStatistics: Sendable, Equatable {
    /// Records stored.
    package var records: UInt64 = 0
    /// Payload bytes stored.
    package var payloadBytes: UInt64 = 0
    /// Commits that stored them.
    package var commits: UInt64 = 0
    /// Batches recognised as sent again.
    package var duplicates: UInt64 = 0
    /// Records refused because too much was waiting.
    package var overloaded: UInt64 = 0
    /// Records refused because writing or syncing failed.
    package var failed: UInt64 = 0
    /// Bytes waiting, or being written, at present.
    package var waitingBytes = 0
}

/// A journal for many threads: records that wait while one fdatasync runs share the next one.
///
/// One thread of its own writes and syncs. Completions and subscribers are called on it and must be quick. Call
/// ``stop()`` before letting go of it: else the thread may hold the directory a little longer.
package final class GroupCommitJournal: Sendable {
    /// Called once with what became of a record.
    package typealias Completion = @Sendable (Result<JournalReceipt, JournalError>) -> Void
    /// Called with each group of stored records, in order.
    package typealias Subscriber = @Sendable ([CommittedRecord]) -> Void

    struct Waiting: Sendable {
        var record: JournalRecord
        var bodyChecksum: UInt32
        var completion: Completion
    }

    struct State: Sendable {
        var waiting: [Waiting] = []
        /// Records with an identity that wait or are being written, and who else asked for the same one.
        var inFlight: [BatchIdentity: [Completion]] = [:]
        var followers = 0
        var window: DuplicateWindow?
        var subscribers: [Int: Subscriber] = [:]
        var lastSubscriber = 0
        /// All records below it have been handed to the subscribers.
        var published: JournalPosition
        var failure: JournalError?
        var isStopping = false
        var statistics = GroupCommitStatistics()
    }

    /// The files, for reading, cursors and retention.
    package let directory: JournalDirectory
    private let waitingLimit: Int
    private let monitor: Monitor<State>
    private let thread: DedicatedThread

    /// Opens the journal in `path` and starts its thread.
    ///
    /// - Parameters:
    ///   - path: the directory; made when it is missing.
    ///   - options: how the journal is opened; with `duplicates` batches sent again are recognised.
    ///   - durability: when a record counts as stored.
    ///   - waitingBytes: how many bytes may wait or be in writing before appending is refused.
    /// - Throws: as ``JournalDirectory/init(_:options:)`` does, or `WorkerError` when there is no thread.
    package init(
        _ path: String, options: JournalOptions = JournalOptions(duplicates: DuplicateWindow.Limits()),
        durability: JournalDurability = .fsync, waitingBytes: Int = JournalLimits.defaultWaitingBytes
    ) throws {
        let directory = try JournalDirectory(path, options: options)
        let (window, next) = directory.takeWindow()
        let monitor = Monitor(State(window: window, published: next))
        self.directory = directory
        self.monitor = monitor
        waitingLimit = waitingBytes
        thread = try DedicatedThread(name: "journal") {
            GroupCommitLoop(directory, monitor, durability).run()
        }
    }

    deinit {
        // The thread holds the monitor, not the journal: it finishes what waits and ends by itself.
        monitor.withLock { $0.isStopping = true }
        monitor.broadcast()
    }

    /// What it has done since it was opened.
    package var statistics: GroupCommitStatistics { monitor.withLock { $0.statistics } }

    /// Why it accepts nothing any more, or nil when it works.
    package var failure: JournalError? { monitor.withLock { $0.failure } }

    /// Hands over a record. Returns at once; never blocks for the disk.
    ///
    /// `completion` is called exactly once: on the calling thread, before this returns, when the record is refused or
    /// is a duplicate of a stored one; else on the journal's thread. A batch of which another copy is being stored
    /// waits for that one: it becomes a duplicate, or fails with it.
    package func append(_ record: JournalRecord, completion: @escaping Completion) {
        do throws(JournalError) { try record.checkLimits() } catch { return completion(.failure(error)) }
        // Outside of the lock: several threads can compute checksums at the same time.
        let checksum = record.bodyChecksum()
        let bytes = record.encodedBytes
        let identity = record.identity
        let answer = monitor.withLock { state -> Result<JournalReceipt, JournalError>? in
            if let failure = state.failure {
                state.statistics.failed += 1
                return .failure(failure)
            }
            if state.isStopping { return .failure(.stopped) }
            if let identity, let window = state.window {
                if window.isDuplicate(identity) {
                    state.statistics.duplicates += 1
                    return .success(.duplicate)
                }
                if state.inFlight[identity] != nil, state.followers < JournalLimits.maxWaitingRecords {
                    state.inFlight[identity]?.append(completion)
                    state.followers += 1
                    return nil
                }
            }
            // An empty journal takes any one record, so that a small limit cannot refuse it for ever.
            let isOver = state.statistics.waitingBytes + bytes > waitingLimit && state.statistics.waitingBytes > 0
            if isOver || state.waiting.count >= JournalLimits.maxWaitingRecords
                || state.followers >= JournalLimits.maxWaitingRecords
            {
                state.statistics.overloaded += 1
                return .failure(.overloaded(waitingBytes: state.statistics.waitingBytes, limit: waitingLimit))
            }
            if let identity, state.window != nil { state.inFlight[identity] = [] }
            state.waiting.append(Waiting(record: record, bodyChecksum: checksum, completion: completion))
            state.statistics.waitingBytes += bytes
            return nil
        }
        if let answer { completion(answer) } else { monitor.signal() }
    }

    /// Hands over a record and waits, suspended, until it is stored.
    package func append(_ record: JournalRecord) async throws(JournalError) -> JournalReceipt {
        let result = await withCheckedContinuation { continuation in
            append(record) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Registers a consumer of stored records; it gets them as they were appended, with their attachments.
    ///
    /// Records are handed over before their completions are called: what was acknowledged has been handed over.
    /// - Parameter subscriber: called on the journal's thread; it must be quick and must not call the journal's stop().
    /// - Returns: a token for ``unsubscribe(_:)``, and the number from which on all records come this way. Read the
    ///   ones below it from ``directory``.
    package func subscribe(_ subscriber: @escaping Subscriber) -> (token: Int, from: JournalPosition) {
        monitor.withLock { state in
            state.lastSubscriber += 1
            state.subscribers[state.lastSubscriber] = subscriber
            return (state.lastSubscriber, state.published)
        }
    }

    /// Ends a subscription; one group may still arrive.
    package func unsubscribe(_ token: Int) {
        monitor.withLock { $0.subscribers[token] = nil }
    }

    /// Refuses new records, stores those waiting, and blocks until the thread has ended. The directory stays open for
    /// reading.
    package func stop() {
        monitor.withLock { $0.isStopping = true }
        monitor.broadcast()
        thread.join()
    }
}
