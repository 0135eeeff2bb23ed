import LineFormats
import SavedState
import Synchronization
package import SystemIO
package import Workers

/// The ``AgentBook`` of a running collector: shared by all threads, and kept in one small file, at most 30 seconds behind;
/// reports of what was dropped are in it before they are acknowledged.
package final class AgentRegistry: Sendable {
    private static let saveInterval: UInt64 = 30_000_000_000

    /// The bounds.
    package let rules: AgentRules
    private let clock: @Sendable () -> Int64
    private let saved: SavedState<AgentBook>
    private let statuses = Mutex(StatusShelf())

    /// Reads the file back, and starts the thread that writes it. A file that is damaged or cannot be read is set aside
    /// and reported.
    ///
    /// - Parameters:
    ///   - path: of the file.
    ///   - rules: the bounds.
    ///   - clock: nanoseconds of the wall clock.
    ///   - report: hears of what people should know.
    /// - Throws: `WorkerError` when there is no thread.
    package init(
        _ path: String, rules: AgentRules = AgentRules(),
        clock: @escaping @Sendable () -> Int64 = { SystemClock.wallNanos() },
        report: @escaping @Sendable (String) -> Void
    ) throws(WorkerError) {
        self.rules = rules
        self.clock = clock
        saved = try SavedState(path, name: "agents", interval: Self.saveInterval, report: report)
    }

    /// Notes that a batch of an agent has arrived, whose latest event is of the time `newest`.
    package func contact(_ agent: String, epoch: UInt64, newest: Int64?) {
        let now = clock()
        saved.change { book in
            (book.contact(agent, epoch: epoch, newest: newest, now: now, rules), isChanged: true)
        }
    }

    /// Takes what an agent says of itself. With reports of what was dropped it blocks for the disk, so that what is
    /// acknowledged is not lost.
    ///
    /// - Returns: the last report that the agent need not send again.
    /// - Throws: `IOError` when the reports cannot be made durable.
    package func take(_ heartbeat: Heartbeat) throws(IOError) -> UInt64 {
        let now = clock()
        let last = saved.change { book in (book.take(heartbeat, now: now, rules), isChanged: true) }
        if heartbeat.isLeaving {
            statuses.withLock { $0.remove(heartbeat.agent) }
        } else if let status = heartbeat.status {
            let document = status.bytes
            statuses.withLock { $0.put(document, of: heartbeat.agent) }
        }
        if !heartbeat.drops.isEmpty { try saved.save() }
        return last
    }

    /// What an agent last said of itself in full, a JSON object; nil when that is not known.
    package func status(of name: String) -> [UInt8]? { statuses.withLock { $0.document(of: name) } }

    /// Forgets an agent; false when there is none of this name.
    package func remove(_ name: String) -> Bool {
        statuses.withLock { $0.remove(name) }
        return saved.change { book in
            let isRemoved = book.remove(name)
            return (isRemoved, isChanged: isRemoved)
        }
    }

    /// What is known now, without agents that were not heard of for long.
    package var book: AgentBook {
        let now = clock()
        return saved.change { book in
            let isSwept = book.sweep(now: now, rules)
            return (book, isChanged: isSwept)
        }
    }

    /// What is missing of some times: agents whose events have not all arrived, the furthest behind first, and gaps.
    package func missing(within times: ClosedRange<Int64>) -> (late: [LateAgent], gaps: [GapRecord]) {
        let now = clock()
        return saved.read { ($0.late(within: times, now: now, rules), $0.gaps(within: times)) }
    }

    /// The time of its clock.
    package var now: Int64 { clock() }

    /// Writes the file, if it does not say already what is known. Blocks for the disk.
    ///
    /// - Throws: `IOError`.
    package func save() throws(IOError) { try saved.save() }

    /// Ends the thread, which writes the file a last time. Blocks until it has ended.
    package func stop() { saved.stop() }
}
