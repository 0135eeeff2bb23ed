import Synchronization
import SystemIO
import Workers

/// What the thread of a ``GroupCommitJournal`` does.
struct GroupCommitLoop {
    private typealias State = GroupCommitJournal.State
    private typealias Waiting = GroupCommitJournal.Waiting

    private enum Step {
        case store([Waiting])
        case stop
    }

    private let monitor: Monitor<GroupCommitJournal.State>
    private let writer: JournalWriter
    private let syncsEachGroup: Bool
    private let syncInterval: UInt64?

    init(_ directory: JournalDirectory, _ monitor: Monitor<GroupCommitJournal.State>, _ durability: JournalDurability) {
        self.monitor = monitor
        writer = JournalWriter(directory) {
            // Encoded outside of the lock: appending threads need it.
            let window = monitor.withLock { $0.window }
            return window?.encoded()
        }
        syncsEachGroup = durability == .fsync
        if case .interval(let interval) = durability {
            let (seconds, attoseconds) = interval.components
            let nanos = seconds.multipliedReportingOverflow(by: 1_000_000_000)
            syncInterval =
                nanos.overflow ? nil : UInt64(max(1_000_000, nanos.partialValue + attoseconds / 1_000_000_000))
        } else {
            syncInterval = nil
        }
    }

    func run() {
        var syncDeadline: UInt64?
        while true {
            let step = monitor.wait(until: syncDeadline) { state -> Step? in
                if !state.waiting.isEmpty { return .store(Self.takeGroup(&state)) }
                return state.isStopping ? .stop : nil
            }
            switch step {
            case .store(let group):
                store(group)
                if let syncInterval, syncDeadline == nil {
                    syncDeadline = SystemClock.monotonicNanos() &+ syncInterval
                }
            case .stop:
                if !syncsEachGroup { sync() }
                return
            case nil: break
            }
            if let deadline = syncDeadline, SystemClock.monotonicNanos() >= deadline {
                syncDeadline = nil
                sync()
            }
        }
    }

    /// All that waits, up to the size of one commit.
    private static func takeGroup(_ state: inout State) -> [Waiting] {
        var bytes = 0
        var count = 0
        for waiting in state.waiting {
            bytes += waiting.record.encodedBytes
            if count > 0, bytes > JournalLimits.maxGroupBytes { break }
            count += 1
        }
        if count == state.waiting.count {
            defer { state.waiting = [] }
            return state.waiting
        }
        defer { state.waiting.removeFirst(count) }
        return Array(state.waiting[..<count])
    }

    private func store(_ group: [Waiting]) {
        var committed: [CommittedRecord] = []
        committed.reserveCapacity(group.count)
        do throws(JournalError) {
            for waiting in group {
                let position = try writer.append(waiting.record, bodyChecksum: waiting.bodyChecksum)
                committed.append(CommittedRecord(position: position, record: waiting.record))
            }
            try writer.commit(sync: syncsEachGroup)
        } catch {
            writer.discard()
            fail(group, error)
            return
        }
        let (subscribers, followers) = monitor.withLock { Self.publish(committed, next: writer.nextPosition, &$0) }
        for subscriber in subscribers { subscriber(committed) }
        for (waiting, stored) in zip(group, committed) { waiting.completion(.success(.stored(stored.position))) }
        for follower in followers { follower(.success(.duplicate)) }
    }

    /// Under the lock: records become duplicates of later ones at the moment they are stored.
    private static func publish(
        _ committed: [CommittedRecord], next: JournalPosition, _ state: inout State
    ) -> ([GroupCommitJournal.Subscriber], [GroupCommitJournal.Completion]) {
        var followers: [GroupCommitJournal.Completion] = []
        for stored in committed {
            state.statistics.records += 1
            state.statistics.payloadBytes += UInt64(stored.record.payloadBytes)
            state.statistics.waitingBytes -= stored.record.encodedBytes
            guard let identity = stored.record.identity, state.window != nil else { continue }
            state.window?.insert(identity, at: stored.position)
            followers += state.inFlight.removeValue(forKey: identity) ?? []
        }
        state.statistics.commits += 1
        state.statistics.duplicates += UInt64(followers.count)
        state.followers -= followers.count
        state.published = next
        return (state.subscribers.sorted { $0.key < $1.key }.map(\.value), followers)
    }

    private func fail(_ group: [Waiting], _ error: JournalError) {
        let followers = monitor.withLock { state -> [GroupCommitJournal.Completion] in
            if case .failed = error { state.failure = error }
            var followers: [GroupCommitJournal.Completion] = []
            for waiting in group {
                state.statistics.waitingBytes -= waiting.record.encodedBytes
                guard let identity = waiting.record.identity else { continue }
                followers += state.inFlight.removeValue(forKey: identity) ?? []
            }
            state.followers -= followers.count
            state.statistics.failed += UInt64(group.count + followers.count)
            return followers
        }
        for waiting in group { waiting.completion(.failure(error)) }
        for follower in followers { follower(.failure(error)) }
    }

    /// Syncs what was committed without; after a failure nothing is accepted any more.
    private func sync() {
        do throws(JournalError) { try writer.sync() } catch {
            monitor.withLock { $0.failure = error }
        }
    }
}

extension JournalDirectory {
    /// The duplicate window that recovery has rebuilt, and the next number.
    func takeWindow() -> (DuplicateWindow?, JournalPosition) {
        state.withLock { state in
            defer { state.window = nil }
            return (state.window, state.next)
        }
    }
}
