import CurlTransport
import LogModel
import SystemIO
package import Workers

/// Looks at things again and again on a few threads, and tells how they are.
package final class CheckRunner: Sendable {
    private struct State: Sendable {
        var schedule: CheckSchedule
        var states: [CheckState]
        var isStopping = false
        /// Threads that have not ended.
        var running: Int
    }

    /// Takes a look within a time; the last argument is asked again and again whether to leave it.
    typealias Look = @Sendable (Check.Probe, Duration, HTTPClient?, () -> Bool) -> Reading

    /// Looks that run at the same time: one that waits for its timeout must not keep all others.
    package static let threads = 4
    /// How long a stop waits for looks that cannot be cut short: of a file system or a resolver that does not answer.
    static let patience: UInt64 = 2_000_000_000

    private let checks: [Check]
    private let state: Monitor<State>
    private let userAgent: String
    private let tell: @Sendable (HealthEvent) -> Void
    private let workers: [DedicatedThread]

    /// Starts looking.
    ///
    /// - Parameters:
    ///   - checks: what to look at; at least one.
    ///   - userAgent: what it says of itself over HTTP.
    ///   - tell: takes each result, on one of the runner's threads.
    /// - Throws: `WorkerError` when there are no threads.
    package convenience init(
        _ checks: [Check], userAgent: String, tell: @escaping @Sendable (HealthEvent) -> Void
    ) throws(WorkerError) {
        try self.init(checks, userAgent: userAgent, look: CheckRunner.look, tell: tell)
    }

    init(
        _ checks: [Check], userAgent: String, look: @escaping Look, tell: @escaping @Sendable (HealthEvent) -> Void
    ) throws(WorkerError) {
        let state = Monitor(
            State(
                schedule: CheckSchedule(checks, now: SystemClock.monotonicNanos()),
                states: checks.map { _ in CheckState() }, running: 0))
        self.checks = checks
        self.state = state
        self.userAgent = userAgent
        self.tell = tell
        var workers: [DedicatedThread] = []
        for _ in 0..<min(Self.threads, checks.count) {
            let worker = try DedicatedThread(name: "checks") {
                Looker(checks: checks, state: state, userAgent: userAgent, look: look, tell: tell).run()
            }
            state.withLock { $0.running += 1 }
            workers.append(worker)
        }
        self.workers = workers
    }

    /// How each check stands, in their order.
    package var states: [CheckState] { state.withLock { $0.states } }

    /// Ends all looks, those that wait for an answer included. Blocks until the threads have ended, but for those that
    /// hang in the system: after ``patience`` they are left to themselves, and tell nothing any more.
    package func stop() {
        state.withLock { $0.isStopping = true }
        state.broadcast()
        let deadline = SystemClock.monotonicNanos() &+ Self.patience
        let haveEnded: Bool? = state.wait(until: deadline) { $0.running == 0 ? true : nil }
        if haveEnded == true { for worker in workers { worker.join() } }
    }

    private static func look(
        _ probe: Check.Probe, _ timeout: Duration, _ client: HTTPClient?, _ shouldStop: () -> Bool
    ) -> Reading {
        let nanos = UInt64(clamping: timeout.wholeNanoseconds)
        switch probe {
        case .http(let expectation):
            guard let client else { return Reading(.unknown, "libcurl cannot be initialised") }
            return NetworkProbes.http(expectation, timeout: timeout, client, shouldStop: shouldStop)
        case .tcp(let host, let port):
            return NetworkProbes.tcp(host, port, timeout: nanos, shouldStop: shouldStop)
        case .unit(let name): return ChildProcess.unit(name, timeout: nanos, shouldStop: shouldStop)
        case .process(let name, let minimum): return HostProbes.process(name, atLeast: minimum)
        case .disk(let path, let bounds): return HostProbes.disk(path, bounds)
        case .command(let arguments):
            return ChildProcess(arguments: arguments).plugin(timeout: nanos, shouldStop: shouldStop)
        }
    }

    /// What one thread does.
    private struct Looker {
        let checks: [Check]
        let state: Monitor<State>
        let userAgent: String
        let look: Look
        let tell: @Sendable (HealthEvent) -> Void

        func run() {
            defer {
                state.withLock { $0.running -= 1 }
                state.broadcast()
            }
            // Its connections are kept from one look to the next.
            let client = try? HTTPClient(userAgent: userAgent)
            let isStopping = { state.withLock { $0.isStopping } }
            while let index = next() {
                let start = SystemClock.monotonicNanos()
                var reading = look(checks[index].probe, checks[index].timeout, client, isStopping)
                let end = SystemClock.monotonicNanos()
                reading.latency = end &- start
                let event = state.withLock { state -> HealthEvent? in
                    _ = state.schedule.ended(index, now: end)
                    // What a stop has cut short says nothing of the service.
                    if state.isStopping { return nil }
                    let now = SystemClock.wallNanos()
                    let counted = state.states[index].take(reading, of: checks[index], now: now)
                    return HealthEvent(
                        check: checks[index], reading: counted, state: state.states[index],
                        dependencies: dependencies(of: index, state.states), time: now)
                }
                if let event { tell(event) }
                state.signal()
            }
        }

        private func next() -> Int? {
            while true {
                var due: UInt64?
                let now = SystemClock.monotonicNanos()
                let taken = state.withLock { state -> Int?? in
                    if state.isStopping { return .some(nil) }
                    if let index = state.schedule.take(now: now) { return .some(index) }
                    due = state.schedule.nextDue
                    return .none
                }
                if let taken { return taken }
                // Another thread may end a look, or be asked to stop.
                _ = state.wait(until: min(due ?? .max, now &+ 1_000_000_000)) { $0.isStopping ? true : nil }
            }
        }

        private func dependencies(of index: Int, _ states: [CheckState]) -> [HealthEvent.Dependency] {
            checks[index].dependencies.map { service in
                let known = checks.indices.filter { checks[$0].service == service }.map { states[$0].status }
                // A service is as well as the worst of its checks.
                let order: [HealthStatus] = [.unhealthy, .warning, .unknown, .healthy]
                return .init(service, order.first { known.contains($0) } ?? .unknown)
            }
        }
    }
}
