import ByteCoding
import LogModel
import QueryAdmission
import Synchronization
import SystemIO

/// The queries that run and wait, and the shapes that are refused.
final class QueryRegistry: Sendable {
    fileprivate struct Entry: Sendable {
        var query: RunningQuery
        var isRunning = false
        /// Called once: either it is started, or it is given up.
        var start: @Sendable () -> Void
        var giveUp: @Sendable (RunningQuery.Ending) -> Void
    }

    fileprivate struct State: Sendable {
        var queue: AdmissionQueue
        var shapes: ShapeGuard
        var entries: [UInt64: Entry] = [:]
        var isStopping = false
        var killed: UInt64 = 0
    }

    private let numbers = Atomic<UInt64>(0)
    private let state: Mutex<State>

    init(_ limits: QueryLimits) {
        state = Mutex(State(queue: AdmissionQueue(limits.admission), shapes: ShapeGuard(limits.shapes)))
    }

    /// A number for the next query.
    func nextID() -> UInt64 { numbers.add(1, ordering: .relaxed).newValue }

    /// A query arrives.
    ///
    /// - Parameters:
    ///   - query: the query.
    ///   - start: called, on any thread, when it may run; ``ended(_:_:)`` must be called when it has.
    ///   - giveUp: called instead when it is ended while it waits.
    /// - Throws: why it may neither run nor wait; nothing is called then.
    func arrive(
        _ query: RunningQuery, start: @escaping @Sendable () -> Void,
        giveUp: @escaping @Sendable (RunningQuery.Ending) -> Void
    ) throws(AdmissionRefusal) {
        let now = SystemClock.monotonicNanos()
        let mayStart = try state.withLock { (state) throws(AdmissionRefusal) -> Bool? in
            // Its client was gone before it came here; ``end(_:_:)`` says so before it looks for it.
            if query.ending != nil { return nil }
            if state.isStopping {
                throw AdmissionRefusal(
                    reason: .stopping, message: "the collector is stopping", limit: 0, figure: 0, retrySeconds: 2)
            }
            if let refusal = state.shapes.admit(query.shape, id: query.id, now: now) { throw refusal }
            var entry = Entry(query: query, start: start, giveUp: giveUp)
            switch state.queue.arrive(
                query.id, user: query.user, rows: query.estimate.rows, cost: query.estimate.cost, now: now)
            {
            case .refuse(let refusal):
                state.shapes.ended(query.shape, id: query.id, .unknown, now: now)
                throw refusal
            case .wait:
                state.entries[query.id] = entry
                return false
            case .start:
                entry.isRunning = true
                state.entries[query.id] = entry
                return true
            }
        }
        guard let mayStart else { return giveUp(query.ending ?? .clientGone) }
        guard mayStart else { return }
        query.start()
        start()
    }

    /// A query that was started has ended.
    func ended(_ query: RunningQuery, _ outcome: ShapeGuard.Outcome) {
        let now = SystemClock.monotonicNanos()
        run(
            state.withLock { state in
                state.entries[query.id] = nil
                state.shapes.ended(query.shape, id: query.id, outcome, now: now)
                return state.leave(query.id, now)
            })
    }

    /// Ends a query, whether it runs, waits, or is still to arrive.
    func end(_ query: RunningQuery, _ reason: RunningQuery.Ending) {
        query.end(reason)
        end(query.id, reason)
    }

    /// Ends a query, whether it runs or waits; nil when there is none of that number.
    @discardableResult
    func end(_ id: UInt64, _ reason: RunningQuery.Ending, quarantine: Duration? = nil) -> RunningQuery? {
        let now = SystemClock.monotonicNanos()
        var next: [Entry] = []
        let found = state.withLock { state -> Entry? in
            guard let entry = state.entries[id] else { return nil }
            if reason == .killed { state.killed += 1 }
            if let quarantine {
                state.shapes.quarantine(
                    entry.query.shape, nanos: UInt64(clamping: quarantine.wholeNanoseconds), now: now)
            }
            if !entry.isRunning {
                state.entries[id] = nil
                state.shapes.ended(entry.query.shape, id: id, .unknown, now: now)
                next = state.leave(id, now)
            }
            return entry
        }
        guard let found else { return nil }
        found.query.end(reason)
        if !found.isRunning { found.giveUp(reason) }
        run(next)
        return found.query
    }

    /// Ends all; later ones are refused.
    func stop() {
        let all = state.withLock { state in
            state.isStopping = true
            return Array(state.entries.keys)
        }
        for id in all { end(id, .stopping) }
    }

    private func run(_ entries: [Entry]) {
        for entry in entries {
            entry.query.start()
            entry.start()
        }
    }

    // MARK: Looking

    /// All queries, the oldest first.
    var queries: [RunningQuery] {
        state.withLock { $0.entries.values.map(\.query) }.sorted { $0.id < $1.id }
    }

    /// What is known of shapes that have died, by shape.
    var shapes: [String: ShapeGuard.Record] { state.withLock { $0.shapes.records } }

    /// How many run, wait, and have been ended by a person.
    var counts: (running: Int, waiting: Int, killed: UInt64) {
        state.withLock { ($0.queue.runningCount, $0.queue.waitingCount, $0.killed) }
    }

    /// Lets queries of a shape run again; false when there is no such shape.
    func release(shapeID: String) -> Bool {
        state.withLock { state in
            guard let shape = state.shapes.records.keys.first(where: { Self.id(ofShape: $0) == shapeID }) else {
                return false
            }
            return state.shapes.release(shape)
        }
    }

    /// How people name a shape.
    static func id(ofShape shape: String) -> String {
        var shape = shape
        return String(shape.withUTF8 { hash64(UnsafeRawBufferPointer($0)) }, radix: 16)
    }
}

extension QueryRegistry.State {
    /// The entries that run from now on.
    fileprivate mutating func leave(_ id: UInt64, _ now: UInt64) -> [QueryRegistry.Entry] {
        queue.leave(id, now: now).compactMap { id in
            entries[id]?.isRunning = true
            return entries[id]
        }
    }
}
