import Synchronization
import SystemIO
import Testing
import Workers

@Suite("Workers: threads, monitor and pool", .timeLimit(.minutes(15)))
struct WorkersTests {
    @Test("A monitor wakes those who wait for a change")
    func monitor() throws {
        let monitor = Monitor(0)
        let thread = try DedicatedThread(name: "waiter") {
            _ = monitor.wait { $0 == 1 ? true : nil }
            monitor.withLock { $0 = 2 }
            monitor.broadcast()
        }
        monitor.withLock { $0 = 1 }
        monitor.broadcast()
        #expect(monitor.wait { $0 == 2 ? "done" : nil } == "done")
        thread.join()
        thread.join()
    }

    @Test("Waiting ends at its deadline with nil")
    func deadline() {
        let monitor = Monitor(0)
        let result = monitor.wait(until: SystemClock.monotonicNanos() + 1_000_000) { $0 == 1 ? true : nil }
        #expect(result == nil)
    }

    @Test("A pool runs all jobs it accepted before it stops, and refuses those after")
    func drain() throws {
        let pool = try WorkerPool(name: "test", threads: 2, queueLimit: 1_000)
        let counter = CounterBox()
        for number in 1...500 { try pool.submit { counter.add(number) } }
        pool.stop()
        #expect(counter.value == 500 * 501 / 2)
        #expect(throws: WorkerError.stopped(name: "test")) { try pool.submit {} }
    }

    @Test("A full queue refuses and counts")
    func full() throws {
        let pool = try WorkerPool(name: "small", threads: 1, queueLimit: 2)
        let gate = Monitor(0)
        try pool.submit {
            gate.withLock { $0 = 1 }
            gate.broadcast()
            _ = gate.wait { $0 == 2 ? true : nil }
        }
        _ = gate.wait { $0 == 1 ? true : nil }
        try pool.submit {}
        try pool.submit {}
        #expect(pool.waiting == 2)
        #expect(throws: WorkerError.full(name: "small", limit: 2)) { try pool.submit {} }
        #expect(pool.refused == 1)
        gate.withLock { $0 = 2 }
        gate.broadcast()
        pool.stop()
        #expect(pool.waiting == 0)
    }

    @Test("Jobs of one thread run in the order of submission")
    func order() throws {
        let pool = try WorkerPool(name: "order", threads: 1, queueLimit: 1_000)
        let seen = Monitor<[Int]>([])
        for number in 0..<300 { try pool.submit { seen.withLock { $0.append(number) } } }
        pool.stop()
        #expect(seen.withLock { $0 } == Array(0..<300))
    }

    @Test("Blocking work is awaited and its error comes through")
    func awaiting() async throws {
        struct Failure: Error, Equatable {}
        let pool = try WorkerPool(name: "async", threads: 2, queueLimit: 100)
        let results = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<50 { group.addTask { try await pool.run { number * 2 } } }
            return try await group.reduce(into: 0) { $0 += $1 }
        }
        #expect(results == 50 * 49)
        await #expect(throws: Failure()) { try await pool.run { throw Failure() } }
        pool.stop()
        await #expect(throws: WorkerError.stopped(name: "async")) { try await pool.run { 1 } }
    }
}

private final class CounterBox: Sendable {
    private let sum = Mutex(0)
    var value: Int { sum.withLock { $0 } }
    func add(_ number: Int) { sum.withLock { $0 += number } }
}
