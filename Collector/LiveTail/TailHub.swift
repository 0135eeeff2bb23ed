package import ByteCoding
package import LogModel
import SystemIO
package import Workers

/// Shows committed events to those who follow the log. It looks at batches on a thread of its own, in the order of
/// their commit; the thread that commits only hands them over.
///
/// Nobody waits for a client: events that find its buffer full, or come faster than its rate, are left out and counted,
/// and the client is told the count.
package final class TailHub: Sendable {
    /// Appends one event, with its id, the way clients get it.
    package typealias Render = @Sendable (EventBatch, Int, UInt64, inout ByteWriter) -> Void

    private struct State: Sendable {
        var batches: [(batch: EventBatch, position: UInt64)] = []
        var bytes = 0
        var leftOut = 0
        var lastPosition: UInt64 = 0
        var clients: [UInt64: TailClient] = [:]
        var nextNumber: UInt64 = 1
        var sentBefore = 0
        var droppedBefore = 0
        var stopping = false
    }

    private struct Work {
        var batches: [(batch: EventBatch, position: UInt64)]
        var leftOut: Int
        var clients: [TailClient]
    }

    /// The bounds.
    package let options: TailOptions
    private let monitor = Monitor(State())
    private let thread: DedicatedThread

    /// Starts the hub.
    ///
    /// - Throws: `WorkerError` when there is no thread to be had.
    package init(options: TailOptions = TailOptions(), render: @escaping Render) throws(WorkerError) {
        self.options = options
        let monitor = self.monitor
        thread = try DedicatedThread(name: "live-tail") { Self.run(monitor, options, render) }
    }

    private static func run(_ monitor: Monitor<State>, _ options: TailOptions, _ render: Render) {
        let tick = min(1_000_000_000, max(1_000_000, options.heartbeatNanos / 4))
        while true {
            let work = monitor.wait(until: SystemClock.monotonicNanos() + tick) { state -> Work? in
                if state.stopping { return Work(batches: [], leftOut: 0, clients: []) }
                if state.batches.isEmpty && state.leftOut == 0 { return nil }
                defer {
                    state.batches = []
                    state.bytes = 0
                    state.leftOut = 0
                }
                return Work(batches: state.batches, leftOut: state.leftOut, clients: Array(state.clients.values))
            }
            let now = SystemClock.monotonicNanos()
            if let work {
                if work.batches.isEmpty && work.leftOut == 0 { return }
                for client in work.clients {
                    for (batch, position) in work.batches {
                        client.offer(batch, position: position, now: now, render: render)
                    }
                    if work.leftOut > 0 { client.leaveOut(work.leftOut, now: now) }
                }
            }
            for client in monitor.withLock({ Array($0.clients.values) }) {
                client.beat(now: now, interval: options.heartbeatNanos)
            }
        }
    }

    /// Says up to where events were committed before the hub was there.
    package func begin(after position: UInt64) {
        monitor.withLock { $0.lastPosition = max($0.lastPosition, position) }
    }

    /// Hands over a committed batch; positions grow from call to call. Quick, and never blocks.
    package func publish(_ batch: EventBatch, position: UInt64) {
        let wake = monitor.withLock { state in
            state.lastPosition = position
            if state.clients.isEmpty || state.stopping { return false }
            if state.bytes + batch.memoryBytes > options.inputBytes {
                state.leftOut += batch.count
            } else {
                state.bytes += batch.memoryBytes
                state.batches.append((batch, position))
            }
            return true
        }
        if wake { monitor.signal() }
    }

    /// Adds a client. It gets the events of all batches published from now on, and ``TailClient/joinedAfter`` tells
    /// which was the last one before.
    ///
    /// - Parameters:
    ///   - maximumRate: events a second; more are left out.
    ///   - filter: which rows of a batch the client wants.
    /// - Returns: the client; take it out with ``unsubscribe(_:)``.
    /// - Throws: ``TailError``.
    package func subscribe(maximumRate: Int, filter: @escaping TailFilter) throws(TailError) -> TailClient {
        let now = SystemClock.monotonicNanos()
        return try monitor.withLock { (state) throws(TailError) in
            if state.stopping { throw .stopped }
            guard state.clients.count < options.maximumClients else {
                throw .tooManyClients(limit: options.maximumClients)
            }
            let client = TailClient(
                number: state.nextNumber, joinedAfter: state.lastPosition, filter: filter, maximumRate: maximumRate,
                byteLimit: options.clientBytes, now: now)
            state.nextNumber += 1
            state.clients[client.number] = client
            return client
        }
    }

    /// Takes a client out; without effect when it is out already.
    package func unsubscribe(_ client: TailClient) {
        client.end()
        let counts = client.counts
        monitor.withLock { state in
            guard state.clients.removeValue(forKey: client.number) != nil else { return }
            state.sentBefore += counts.sent
            state.droppedBefore += counts.dropped
        }
    }

    /// Clients at present, and events sent and left out since the start.
    package var statistics: (clients: Int, sent: Int, dropped: Int) {
        let (clients, sent, dropped) = monitor.withLock { (Array($0.clients.values), $0.sentBefore, $0.droppedBefore) }
        return clients.reduce((clients.count, sent, dropped)) { sum, client in
            let counts = client.counts
            return (sum.0, sum.1 + counts.sent, sum.2 + counts.dropped)
        }
    }

    /// Ends all clients and the thread. The second call does nothing.
    package func stop() {
        let clients = monitor.withLock { state in
            state.stopping = true
            return Array(state.clients.values)
        }
        monitor.broadcast()
        for client in clients { client.end() }
        thread.join()
    }
}
