import CollectorAPI
import ConsoleClient
import ScreenModel
import SystemIO

/// A line on the terminal that says how far a query is, while nothing else is to be seen: from the second second on, and
/// gone before anything is printed.
final class QueryProgress {
    /// Queries that are answered sooner say nothing.
    private static let patience: UInt64 = 1_000_000_000
    /// How often the collector is asked.
    private static let interval: UInt64 = 500_000_000
    /// How long it may take to say.
    private static let wait = Duration.seconds(2)

    /// Names the query to the collector.
    let requestID: String
    private let client: CollectorClient
    private let errors: ByteSink
    private var next: UInt64
    private var isShown = false
    private var isOver = false

    /// - Parameters:
    ///   - address: the collector.
    ///   - errors: the terminal.
    /// - Throws: ``RequestFailure/unreachable(_:)`` when libcurl cannot be set up.
    init(_ address: CollectorAddress, _ errors: ByteSink) throws(RequestFailure) {
        client = try CollectorClient(address, timeout: Self.wait, version: consoleVersion)
        requestID = "lodge-" + String(UInt64.random(in: 0 ... .max), radix: 16)
        self.errors = errors
        next = SystemClock.monotonicNanos() + Self.patience
    }

    /// Asks how far the query is, when it is time. A collector that does not say is asked again.
    func tick() {
        let now = SystemClock.monotonicNanos()
        guard !isOver, now >= next else { return }
        if let query = try? client.queries().list.queries.first(where: { $0.requestID == requestID }) {
            errors.write("\r\u{1B}[K" + Self.text(query))
            errors.flush()
            isShown = true
        }
        next = SystemClock.monotonicNanos() + Self.interval
    }

    /// Takes the line away for good.
    func end() {
        isOver = true
        guard isShown else { return }
        isShown = false
        errors.write("\r\u{1B}[K")
        errors.flush()
    }

    /// What is said of a query.
    static func text(_ query: QueryState) -> String {
        guard query.running != nil else { return "lodge: waiting for other queries" }
        let share = query.blocks > 0 ? min(query.blocksDone, query.blocks) * 100 / query.blocks : 0
        return "lodge: \(share) % of \(NumberText.grouped(query.blocks)) blocks, "
            + "\(NumberText.short(query.rows)) rows read"
    }
}
