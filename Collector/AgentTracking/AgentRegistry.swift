import LineFormats
import Synchronization
package import SystemIO
package import Workers

/// The ``AgentBook`` of a running collector: shared by all threads, and kept in one small file that is written as a whole,
/// at most every 30 seconds, when something is reported that must not be lost, and at the end.
package final class AgentRegistry: Sendable {
    private struct State: Sendable {
        var book: AgentBook
        /// Counts changes; the file has all up to `saved`.
        var changes: UInt64 = 0
        var saved: UInt64 = 0
        var isStopping = false
    }

    private static let saveInterval: UInt64 = 30_000_000_000
    /// Bytes of the file that are read back: more than all agents and gaps that are remembered take.
    private static let maximumFileBytes = 64 << 20

    /// The bounds.
    package let rules: AgentRules
    private let path: String
    private let clock: @Sendable () -> Int64
    private let report: @Sendable (String) -> Void
    private let state: Monitor<State>
    /// One writer of the file at a time.
    private let writing = Mutex<Void>(())
    private let thread = Mutex<DedicatedThread?>(nil)

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
        self.path = path
        self.rules = rules
        self.clock = clock
        self.report = report
        state = Monitor(State(book: Self.load(path, report)))
        let started = try DedicatedThread(name: "agents") { [weak self] in
            while let self, self.waitAndSave() {}
        }
        thread.withLock { $0 = started }
    }

    /// Notes that a batch of an agent has arrived, whose latest event is of the time `newest`.
    package func contact(_ agent: String, epoch: UInt64, newest: Int64?) {
        let now = clock()
        state.withLock { state in
            state.book.contact(agent, epoch: epoch, newest: newest, now: now, rules)
            state.changes += 1
        }
    }

    /// Takes what an agent says of itself. With reports of what was dropped it blocks for the disk, so that what is
    /// acknowledged is not lost.
    ///
    /// - Returns: the last report that the agent need not send again.
    /// - Throws: `IOError` when the reports cannot be made durable.
    package func take(_ heartbeat: Heartbeat) throws(IOError) -> UInt64 {
        let now = clock()
        let last = state.withLock { state in
            state.changes += 1
            return state.book.take(heartbeat, now: now, rules)
        }
        if !heartbeat.drops.isEmpty { try save() }
        return last
    }

    /// Forgets an agent; false when there is none of this name.
    package func remove(_ name: String) -> Bool {
        state.withLock { state in
            state.changes += 1
            return state.book.remove(name)
        }
    }

    /// What is known now, without agents that were not heard of for long.
    package var book: AgentBook {
        let now = clock()
        return state.withLock { state in
            if state.book.sweep(now: now, rules) { state.changes += 1 }
            return state.book
        }
    }

    /// What is missing of some times: agents whose events have not all arrived, the furthest behind first, and gaps.
    package func missing(within times: ClosedRange<Int64>) -> (late: [LateAgent], gaps: [GapRecord]) {
        let now = clock()
        // Within the lock: a copy of the book would be one of all agents as soon as the next is heard of.
        return state.withLock { ($0.book.late(within: times, now: now, rules), $0.book.gaps(within: times)) }
    }

    /// The time of its clock.
    package var now: Int64 { clock() }

    /// Writes the file, if it does not say already what is known. Blocks for the disk.
    ///
    /// - Throws: `IOError`.
    package func save() throws(IOError) {
        try writing.withLock { (_) throws(IOError) in
            let (book, changes, saved) = state.withLock { ($0.book, $0.changes, $0.saved) }
            guard changes > saved else { return }
            try FileSystem.writeAtomically(path, book.document.bytes)
            state.withLock { $0.saved = changes }
        }
    }

    /// Ends the thread, which writes the file a last time. Blocks until it has ended.
    package func stop() {
        state.withLock { $0.isStopping = true }
        state.broadcast()
        thread.withLock { thread in
            thread?.join()
            thread = nil
        }
    }

    /// - Returns: false when it is time to end.
    private func waitAndSave() -> Bool {
        let deadline = SystemClock.monotonicNanos() + Self.saveInterval
        let isStopping = state.wait(until: deadline) { $0.isStopping ? true : nil } ?? false
        do throws(IOError) { try save() } catch {
            report("what is known of agents cannot be written, it is tried again: \(error)")
        }
        return !isStopping
    }

    /// Never a reason not to start: without the file, agents are known again as soon as they are heard of.
    private static func load(_ path: String, _ report: (String) -> Void) -> AgentBook {
        guard FileSystem.exists(path) else { return AgentBook() }
        do {
            return try AgentBook(try JSONValue(parsing: try FileSystem.contents(path, limit: maximumFileBytes)))
        } catch {
            var fate = "set aside"
            do throws(IOError) { try FileSystem.rename(path, to: path + ".damaged") } catch let failure {
                fate = "cannot be set aside (\(failure))"
            }
            report("\(path) cannot be read (\(error)) and \(fate): agents and what they dropped are forgotten")
            return AgentBook()
        }
    }
}
