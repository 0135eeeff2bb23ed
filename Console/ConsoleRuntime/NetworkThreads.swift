import CollectorAPI
import ConsoleClient
import ConsoleModel
import CurlTransport
import LogModel
import SystemIO
import Workers

/// The threads that talk to the collector: one follows the tail, one runs searches, one measures the link. None of them
/// touches the screen; what they learn goes into the mailbox.
final class NetworkThreads: Sendable {
    /// How often the link is measured while it works.
    static let healthInterval: UInt64 = 5_000_000_000
    /// Requests that wait at most; a search and its counts are two, pages follow one by one.
    static let maxRequests = 8

    private enum Request: Sendable {
        case search(Int, SearchRequest)
        case count(Int, LevelCountRequest)
    }

    private struct State: Sendable {
        var tail: (number: Int, query: String)?
        /// Goes up to end the waits of tail and link.
        var nudge = 0
        var requests: [Request] = []
        var isStopping = false
    }

    private let monitor = Monitor(State())
    private let mailbox: Mailbox
    private let tailCancellation: TransferCancellation
    private let requestCancellation: TransferCancellation
    private let linkCancellation: TransferCancellation

    /// Starts the threads.
    ///
    /// - Throws: ``RequestFailure`` when libcurl cannot be set up, ``WorkerError`` when no thread can be made.
    init(_ address: CollectorAddress, timeout: Duration, mailbox: Mailbox) throws {
        self.mailbox = mailbox
        // Each client goes to the one thread that uses it.
        let tail = try CollectorClient(address, timeout: timeout, version: consoleVersion)
        let request = try CollectorClient(address, timeout: timeout, version: consoleVersion)
        let link = try CollectorClient(address, timeout: min(timeout, .seconds(5)), version: consoleVersion)
        tailCancellation = tail.cancellation
        requestCancellation = request.cancellation
        linkCancellation = link.cancellation
        _ = try DedicatedThread(name: "lodge-tail") { [self] in runTail(tail) }
        _ = try DedicatedThread(name: "lodge-search") { [self] in runRequests(request) }
        _ = try DedicatedThread(name: "lodge-link") { [self] in runLink(link) }
    }

    /// Follows another query from now on.
    func startTail(_ number: Int, query: String) {
        // In this order: cancelled after it is known, the new tail itself could be what is given up.
        tailCancellation.cancel()
        monitor.withLock {
            $0.tail = (number, query)
            $0.nudge += 1
        }
        monitor.broadcast()
    }

    /// Queues a search page.
    func search(_ number: Int, _ request: SearchRequest) { enqueue(.search(number, request)) }

    /// Queues counts.
    func count(_ number: Int, _ request: LevelCountRequest) { enqueue(.count(number, request)) }

    private func enqueue(_ request: Request) {
        monitor.withLock { state in
            if state.requests.count >= Self.maxRequests { state.requests.removeFirst() }
            state.requests.append(request)
        }
        monitor.broadcast()
    }

    /// Gives up what runs and what waits for the search.
    func cancelRequests() {
        monitor.withLock { $0.requests.removeAll() }
        requestCancellation.cancel()
    }

    /// Ends the waits for the next attempt.
    func retryNow() {
        monitor.withLock { $0.nudge += 1 }
        monitor.broadcast()
    }

    /// Ends the threads as soon as their calls return.
    func stop() {
        monitor.withLock { $0.isStopping = true }
        monitor.broadcast()
        for cancellation in [tailCancellation, requestCancellation, linkCancellation] { cancellation.cancel() }
    }

    /// Waits until the moment, a nudge or the end; false at the end.
    private func wait(until deadline: UInt64, from nudge: Int) -> Bool {
        let isStopping = monitor.wait(until: deadline) { state -> Bool? in
            state.isStopping || state.nudge != nudge ? state.isStopping : nil
        }
        return !(isStopping ?? false)
    }

    private func runTail(_ client: CollectorClient) {
        var random = SystemRandomNumberGenerator()
        var current = 0
        var follower = TailFollower(query: "")
        while true {
            let next = monitor.wait { state -> (number: Int, query: String, nudge: Int)?? in
                if state.isStopping { return .some(nil) }
                return state.tail.map { .some(($0.number, $0.query, state.nudge)) }
            }
            guard let next = next ?? nil else { return }
            client.cancellation.reset()
            if next.number != current {
                current = next.number
                follower = TailFollower(query: next.query)
            }
            let number = current
            mailbox.post(.tailConnection(number, .connecting))
            let failure = follower.follow(
                client,
                shouldContinue: { [monitor] in
                    monitor.withLock { !$0.isStopping && $0.tail?.number == number }
                },
                onOpen: { [mailbox] in mailbox.post(.tailConnection(number, .live)) },
                onBatch: { [mailbox] in mailbox.post(tail: number, $0) })
            if monitor.withLock({ $0.tail?.number != number || $0.isStopping }) { continue }
            switch follower.retry(after: failure, random: random.next()) {
            case .never:
                if case .problem(let problem) = failure { mailbox.post(.tailConnection(number, .refused(problem))) }
                let goesOn = wait(until: UInt64.max / 2, from: next.nudge)
                if !goesOn { return }
            case .after(let nanoseconds):
                let retryAt = SystemClock.monotonicNanos() + UInt64(nanoseconds)
                mailbox.post(.tailConnection(number, .waiting(retryAt: Int64(clamping: retryAt))))
                if !wait(until: retryAt, from: next.nudge) { return }
            }
        }
    }

    private func runRequests(_ client: CollectorClient) {
        while true {
            let next = monitor.wait { state -> Request?? in
                if state.isStopping { return .some(nil) }
                return state.requests.isEmpty ? nil : .some(state.requests.removeFirst())
            }
            guard let request = next ?? nil else { return }
            client.cancellation.reset()
            let start = SystemClock.monotonicNanos()
            switch request {
            case .search(let number, let search):
                let result = Result { () throws(RequestFailure) in try client.search(search) }
                let took = Int64(clamping: SystemClock.monotonicNanos() - start)
                mailbox.post(.searched(number, result, nanoseconds: took))
            case .count(let number, let count):
                mailbox.post(.counted(number, Result { () throws(RequestFailure) in try client.count(count) }))
            }
        }
    }

    private func runLink(_ client: CollectorClient) {
        var random = SystemRandomNumberGenerator()
        var backoff = Backoff()
        while true {
            let nudge = monitor.withLock { $0.nudge }
            let deadline: UInt64
            do {
                let answer = try client.health()
                backoff.succeeded()
                mailbox.post(.linkUp(roundTrip: answer.roundTrip.wholeNanoseconds))
                deadline = SystemClock.monotonicNanos() + Self.healthInterval
            } catch {
                deadline = SystemClock.monotonicNanos() + UInt64(backoff.failed(random: random.next()))
                mailbox.post(.linkLost(reason: error.summary, retryAt: Int64(clamping: deadline)))
            }
            if !wait(until: deadline, from: nudge) { return }
        }
    }
}
