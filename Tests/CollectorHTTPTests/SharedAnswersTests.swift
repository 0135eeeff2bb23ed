import LogModel
import QueryLanguage
import Synchronization
import TestSupport
import Testing

@testable import CollectorHTTP

@Suite struct SharedAnswersTests {
    private func key(_ text: String, now: Int64 = 5, limit: Int? = nil, form: String = "") throws -> AnswerKey {
        var job = QueryRunner.Job(
            query: try Query(parsing: text), timeout: .seconds(5), now: Timestamp(nanoseconds: now))
        job.limit = limit
        return AnswerKey(job, form: form)
    }

    /// A computation that goes on when it is told to.
    private final class Work: Sendable {
        private struct State: Sendable {
            var begun = 0
            var cancelled = 0
            var isOpen = false
            var waiting: [CheckedContinuation<Void, Never>] = []
            var seals: [SharedComputation] = []
        }
        private let state = Mutex(State())
        var begun: Int { state.withLock { $0.begun } }
        var cancelled: Int { state.withLock { $0.cancelled } }

        func run(_ result: Int) async throws -> Int {
            await withCheckedContinuation { continuation in
                let isOpen = state.withLock { state in
                    state.begun += 1
                    if let shared = SharedComputation.current { state.seals.append(shared) }
                    if !state.isOpen { state.waiting.append(continuation) }
                    return state.isOpen
                }
                if isOpen { continuation.resume() }
            }
            if Task.isCancelled { state.withLock { $0.cancelled += 1 } }
            try Task.checkCancellation()
            return result
        }

        func seal() { for shared in state.withLock({ $0.seals }) { shared.seal() } }

        func open() {
            let waiting = state.withLock { state in
                state.isOpen = true
                defer { state.waiting = [] }
                return state.waiting
            }
            for continuation in waiting { continuation.resume() }
        }
    }

    private func awaited(_ what: String, _ isSo: () -> Bool) async throws {
        // Other tests may hold all threads for long.
        try await eventually(what, within: .seconds(600)) { () async throws -> Bool in isSo() }
    }

    @Test func equalAnswersAreComputedOnce() async throws {
        let (shared, work, key) = (SharedAnswers<Int>(), Work(), try key("error | count() n"))
        let first = Task { try await shared.answer(key) { try await work.run(1) } }
        try await awaited("the first has begun") { work.begun == 1 }
        let others = (0..<20).map { _ in Task { try await shared.answer(key) { try await work.run(2) } } }
        try await awaited("all wait") { shared.waiting == 21 }
        work.open()
        #expect(try await first.value == 1)
        for other in others { #expect(try await other.value == 1) }
        #expect(work.begun == 1 && shared.joined == 20 && shared.waiting == 0)
        // What is done is nobody's answer any more.
        #expect(try await shared.answer(key) { try await work.run(3) } == 3)
    }

    @Test func whoComesAfterTheFirstLookComputesAnew() async throws {
        let (shared, work, key) = (SharedAnswers<Int>(), Work(), try key("error | count() n"))
        let first = Task { try await shared.answer(key) { try await work.run(1) } }
        try await awaited("the first has begun") { work.begun == 1 }
        work.seal()
        let second = Task { try await shared.answer(key) { try await work.run(2) } }
        try await awaited("both have begun") { work.begun == 2 }
        work.open()
        #expect(try await first.value == 1)
        #expect(try await second.value == 2)
        #expect(shared.joined == 0)
    }

    @Test func thatTheFirstIsGoneHarmsNobody() async throws {
        let (shared, work, key) = (SharedAnswers<Int>(), Work(), try key("error | count() n"))
        let first = Task { try await shared.answer(key) { try await work.run(1) } }
        try await awaited("the first has begun") { work.begun == 1 }
        let second = Task { try await shared.answer(key) { try await work.run(2) } }
        try await awaited("both wait") { shared.waiting == 2 }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        #expect(shared.waiting == 1)
        work.open()
        #expect(try await second.value == 1)
        #expect(work.cancelled == 0)
    }

    @Test func theComputationEndsWithTheLast() async throws {
        let (shared, work, key) = (SharedAnswers<Int>(), Work(), try key("error | count() n"))
        let tasks = (0..<3).map { _ in Task { try await shared.answer(key) { try await work.run(1) } } }
        try await awaited("all wait") { shared.waiting == 3 && work.begun == 1 }
        for task in tasks { task.cancel() }
        for task in tasks { await #expect(throws: CancellationError.self) { try await task.value } }
        // Nobody joins what is being ended.
        let next = Task { try await shared.answer(key) { try await work.run(2) } }
        try await awaited("the next has begun") { work.begun == 2 }
        work.open()
        #expect(try await next.value == 2)
        try await awaited("the first was cancelled") { work.cancelled == 1 }
    }

    @Test func aRefusalIsThatOfTheFirstAlone() async throws {
        let (shared, work, key) = (SharedAnswers<Int>(), Work(), try key("error | count() n"))
        func refused(_ status: Int) -> @Sendable () async throws -> Int {
            {
                _ = try await work.run(1)
                throw Problem(status, "no", "No", "no")
            }
        }
        let first = Task { try await shared.answer(key, refused(429)) }
        try await awaited("the first has begun") { work.begun == 1 }
        let second = Task { try await shared.answer(key) { try await work.run(2) } }
        try await awaited("both wait") { shared.waiting == 2 }
        work.open()
        await #expect(throws: Problem.self) { try await first.value }
        #expect(try await second.value == 2)
        #expect(shared.joined == 0)
    }

    @Test func thereIsAnEndToHowManyJoin() async throws {
        let (shared, work, key) = (SharedAnswers<Int>(), Work(), try key("error | count() n"))
        let count = SharedAnswers<Int>.maxWaiting
        let tasks = (0..<(count + 1)).map { _ in Task { try await shared.answer(key) { try await work.run(1) } } }
        try await awaited("one has to begin anew") { work.begun == 2 && shared.waiting == count + 1 }
        work.open()
        for task in tasks { #expect(try await task.value == 1) }
        #expect(shared.joined == count - 1)
    }

    @Test func whatMayDifferIsNotEqual() throws {
        #expect(try key("error | count() n", now: 1) == key("error | count() n", now: 2))
        #expect(try key("_time:2025-06-15 error", now: 1) == key("_time:2025-06-15 error", now: 2))
        #expect(try key("error", limit: 5) != key("error", limit: 6))
        #expect(try key("error", form: "a") != key("error", form: "b"))
        for text in [
            "_time:5m error", "error !_time:5m", "error | stats count() if (_time:5m) n", "error | filter _time:5m",
            "error | math now() as n", "user:in(_time:5m | fields user)", "error | stream_context before 5",
        ] {
            #expect(try key(text, now: 1) != key(text, now: 2), "\(text)")
            #expect(try key(text, now: 1) == key(text, now: 1), "\(text)")
        }
    }
}
