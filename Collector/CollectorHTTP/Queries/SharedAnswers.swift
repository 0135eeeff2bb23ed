import LogModel
import QueryLanguage
import Synchronization

/// What two requests must have in common to get one answer.
struct AnswerKey: Hashable, Sendable {
    private var job: QueryRunner.Job
    /// The form of the rows, where there are several.
    private var form: String
    /// Where the page before ended.
    private var cursor: String?

    init(_ job: QueryRunner.Job, form: String = "", cursor: String? = nil) {
        self.job = job
        // What does not look at the present time has the same answer a moment later.
        if !job.query.looksAtPresentTime { self.job.now = Timestamp(nanoseconds: 0) }
        self.form = form
        self.cursor = cursor
    }
}

/// The answer that several requests wait for while it is computed.
final class SharedComputation: Sendable {
    /// The one that the task works for; nil outside of any.
    @TaskLocal static var current: SharedComputation?

    private let onSeal: @Sendable () -> Void

    init(onSeal: @escaping @Sendable () -> Void) {
        self.onSeal = onSeal
    }

    /// Lets nobody else join; to be called before the first look at the events.
    func seal() { onSeal() }
}

/// Computes equal answers once, for all who ask before the computation looks at the events: who comes later may have seen
/// an event acknowledged that the answer would lack, and gets a computation of their own. Under load queries wait for their
/// turn, so that most equal ones meet there.
///
/// The computation goes on until it is done or nobody waits any more; that the first is gone does not end it. When it is
/// refused, those who joined ask for themselves, for the limit may be that of the first one's user. Any other failure,
/// such as being ended by a person, is that of all.
final class SharedAnswers<Answer: Sendable>: Sendable {
    /// Requests that may join one computation; later ones compute for themselves.
    static var maxWaiting: Int { 256 }

    private struct Flight: Sendable {
        var number: UInt64
        var waiting: [UInt64: CheckedContinuation<Answer, any Error>] = [:]
        /// Who is about to wait.
        var expected: Set<UInt64> = []
        var task: Task<Void, Never>?
        var outcome: Result<Answer, any Error>?
    }

    private struct State: Sendable {
        /// Those that can be joined.
        var open: [AnswerKey: UInt64] = [:]
        var flights: [UInt64: Flight] = [:]
        var next: UInt64 = 0

        mutating func number() -> UInt64 {
            next += 1
            return next
        }

        /// Forgets a computation whose outcome all have that wait for it.
        mutating func removeIfDone(_ number: UInt64) {
            guard let flight = flights[number], flight.outcome != nil, flight.waiting.isEmpty, flight.expected.isEmpty
            else { return }
            flights[number] = nil
        }
    }

    private let state = Mutex(State())
    private let joinedCount = Atomic<Int>(0)

    /// Requests that got the answer of another.
    var joined: Int { joinedCount.load(ordering: .relaxed) }

    /// Requests that wait.
    var waiting: Int { state.withLock { $0.flights.values.reduce(0) { $0 + $1.waiting.count } } }

    /// The answer of a computation that can be joined, or else of a new one.
    ///
    /// - Parameters:
    ///   - key: what makes answers equal.
    ///   - compute: computes it; ``SharedComputation/current`` is set and must be sealed.
    /// - Returns: the answer.
    /// - Throws: what `compute` throws, and `CancellationError` when the request is cancelled or its client is gone.
    func answer(_ key: AnswerKey, _ compute: @escaping @Sendable () async throws -> Answer) async throws -> Answer {
        let (flight, waiter, isFirst) = board(key, compute)
        let forget = await Asker.current?.whenGone { [self] in leave(flight, waiter) }
        defer { forget?() }
        do {
            let answer = try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { wait(flight, waiter, $0) }
            } onCancel: {
                leave(flight, waiter)
            }
            if !isFirst { joinedCount.add(1, ordering: .relaxed) }
            return answer
        } catch let problem as Problem where !isFirst && problem.status == 429 {
            forget?()
            return try await compute()
        }
    }

    /// Joins a computation that has not looked yet, or starts one.
    private func board(
        _ key: AnswerKey, _ compute: @escaping @Sendable () async throws -> Answer
    ) -> (flight: UInt64, waiter: UInt64, isFirst: Bool) {
        state.withLock { state in
            let waiter = state.number()
            if let number = state.open[key], let flight = state.flights[number], flight.outcome == nil,
                flight.waiting.count + flight.expected.count < Self.maxWaiting
            {
                state.flights[number]?.expected.insert(waiter)
                return (number, waiter, false)
            }
            let number = state.number()
            state.flights[number] = Flight(number: number, expected: [waiter])
            state.open[key] = number
            let shared = SharedComputation { [self] in close(key, number) }
            // It is the task of all who wait, whoever was first.
            state.flights[number]?.task = Task {
                let outcome: Result<Answer, any Error>
                do {
                    outcome = .success(try await SharedComputation.$current.withValue(shared) { try await compute() })
                } catch {
                    outcome = .failure(error)
                }
                close(key, number)
                land(number, outcome)
            }
            return (number, waiter, true)
        }
    }

    private func close(_ key: AnswerKey, _ number: UInt64) {
        state.withLock { state in
            if state.open[key] == number { state.open[key] = nil }
        }
    }

    private func wait(_ number: UInt64, _ waiter: UInt64, _ continuation: CheckedContinuation<Answer, any Error>) {
        let known = state.withLock { state -> Result<Answer, any Error>? in
            // Who has left is not expected any more.
            guard state.flights[number]?.expected.remove(waiter) != nil else { return .failure(CancellationError()) }
            guard let outcome = state.flights[number]?.outcome else {
                state.flights[number]?.waiting[waiter] = continuation
                return nil
            }
            state.removeIfDone(number)
            return outcome
        }
        if let known { continuation.resume(with: known) }
    }

    /// One waits no more; the last has the computation end.
    private func leave(_ number: UInt64, _ waiter: UInt64) {
        let (continuation, task) = state.withLock {
            state -> (CheckedContinuation<Answer, any Error>?, Task<Void, Never>?) in
            guard var flight = state.flights[number] else { return (nil, nil) }
            let continuation = flight.waiting.removeValue(forKey: waiter)
            let wasExpected = flight.expected.remove(waiter) != nil
            guard continuation != nil || wasExpected else { return (nil, nil) }
            state.flights[number] = flight
            let isLast = flight.waiting.isEmpty && flight.expected.isEmpty
            // Nobody may join what is being ended.
            if isLast { state.open = state.open.filter { $0.value != number } }
            if isLast, flight.outcome != nil { state.flights[number] = nil }
            return (continuation, isLast ? flight.task : nil)
        }
        task?.cancel()
        continuation?.resume(throwing: CancellationError())
    }

    private func land(_ number: UInt64, _ outcome: Result<Answer, any Error>) {
        let waiting = state.withLock { state in
            let waiting = state.flights[number]?.waiting.values.map { $0 } ?? []
            state.flights[number]?.waiting = [:]
            state.flights[number]?.outcome = outcome
            state.removeIfDone(number)
            return waiting
        }
        for continuation in waiting { continuation.resume(with: outcome) }
    }
}
