/// OS threads that run blocking jobs from one bounded queue, in the order of submission.
///
/// When the queue is full, a job is refused at once (and counted): the caller decides whether to shed or to try later.
package final class WorkerPool: Sendable {
    private struct State: Sendable {
        var jobs: [@Sendable () -> Void] = []
        /// Index of the next job in `jobs`; the array is compacted when the front half is used up.
        var head = 0
        var stopping = false
        var refused = 0

        var waiting: Int { jobs.count - head }

        mutating func take() -> (@Sendable () -> Void)? {
            guard head < jobs.count else { return nil }
            let job = jobs[head]
            jobs[head] = {}
            head += 1
            if head * 2 >= jobs.count {
                jobs.removeFirst(head)
                head = 0
            }
            return job
        }
    }

    private enum Step { case run(@Sendable () -> Void), end }

    /// The name of the pool and the first part of its threads' names.
    package let name: String
    /// How many jobs may wait.
    package let queueLimit: Int
    private let monitor = Monitor(State())
    private let threads: [DedicatedThread]

    /// Starts the threads.
    ///
    /// - Parameters:
    ///   - name: for messages and thread names.
    ///   - threads: how many run at the same time, at least 1.
    ///   - queueLimit: how many jobs may wait besides those running, at least 1.
    ///   - niceness: how nice the threads are to others of the process, 0 to 19.
    /// - Throws: ``WorkerError/noThread(name:code:)``; threads already started end again.
    package init(name: String, threads: Int, queueLimit: Int, niceness: Int = 0) throws(WorkerError) {
        precondition(threads > 0 && queueLimit > 0, "a pool needs a thread and a place to wait")
        self.name = name
        self.queueLimit = queueLimit
        var started: [DedicatedThread] = []
        let monitor = self.monitor
        do throws(WorkerError) {
            for number in 0..<threads {
                started.append(
                    try DedicatedThread(name: "\(name)-\(number)", niceness: niceness) { Self.work(monitor) })
            }
        } catch {
            monitor.withLock { $0.stopping = true }
            monitor.broadcast()
            throw error
        }
        self.threads = started
    }

    deinit {
        // The threads hold the monitor, not the pool: without a stop() they finish the queue and end by themselves.
        monitor.withLock { $0.stopping = true }
        monitor.broadcast()
    }

    private static func work(_ monitor: Monitor<State>) {
        while true {
            let step = monitor.wait { state -> Step? in
                if let job = state.take() { return .run(job) }
                return state.stopping ? .end : nil
            }
            guard case .run(let job) = step else { return }
            job()
        }
    }

    /// Jobs waiting for a thread.
    package var waiting: Int { monitor.withLock { $0.waiting } }

    /// Jobs refused so far because the queue was full.
    package var refused: Int { monitor.withLock { $0.refused } }

    /// Hands over a job.
    ///
    /// - Throws: ``WorkerError/full(name:limit:)`` or ``WorkerError/stopped(name:)``; the job will not run.
    package func submit(_ job: @escaping @Sendable () -> Void) throws(WorkerError) {
        try monitor.withLock { (state) throws(WorkerError) in
            if state.stopping { throw .stopped(name: name) }
            if state.waiting >= queueLimit {
                state.refused += 1
                throw .full(name: name, limit: queueLimit)
            }
            state.jobs.append(job)
        }
        monitor.signal()
    }

    /// Runs blocking work on a thread of the pool while the calling task is suspended.
    ///
    /// The work is not interrupted when the task is cancelled.
    /// - Throws: ``WorkerError`` when the pool refuses, or what `body` throws.
    package func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            do throws(WorkerError) {
                try submit { continuation.resume(with: Result(catching: body)) }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    /// Refuses new jobs, finishes those accepted, and blocks until all threads have ended.
    ///
    /// Never call it from a job of the pool.
    package func stop() {
        monitor.withLock { $0.stopping = true }
        monitor.broadcast()
        for thread in threads { thread.join() }
    }
}
