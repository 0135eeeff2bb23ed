import LogModel
import QueryEngine
import Synchronization
import SystemIO

/// One query from its arrival to its end. Shared between the thread that runs it, the connection, and who looks at it.
final class RunningQuery: Sendable {
    /// Why it is to end before its time.
    enum Ending: UInt8, Sendable {
        /// Nobody reads the answer any more.
        case clientGone = 1
        /// A person ended it.
        case killed
        /// The collector stops.
        case stopping
    }

    /// What it is expected to do.
    struct Estimate: Sendable {
        /// Rows that it may have to look at, by the times that it asks for.
        var rows: Int
        /// These rows, weighted by what is done with each.
        var cost: Int
    }

    /// Bytes of its text that are kept.
    private static let textBytes = 4_096

    let id: UInt64
    let user: String
    let path: String
    let requestID: String
    let text: String
    let shape: String
    let estimate: Estimate
    let timeout: Duration
    let arrived: Timestamp
    let arrivedNanos = SystemClock.monotonicNanos()
    let budget: QueryBudget
    let progress = QueryProgress()
    private let started = Atomic<UInt64>(0)
    private let endingCode = Atomic<UInt8>(0)

    init(
        id: UInt64, _ asker: Asker?, text: String, shape: String, estimate: Estimate, timeout: Duration, now: Timestamp,
        budget: QueryBudget
    ) {
        self.id = id
        user = asker?.user ?? "local"
        path = asker?.path ?? ""
        requestID = asker?.requestID ?? ""
        self.text = String(decoding: text.utf8.prefix(Self.textBytes), as: UTF8.self)
        self.shape = shape
        self.estimate = estimate
        self.timeout = timeout
        arrived = now
        self.budget = budget
    }

    /// How people name it.
    var name: String { "q\(id)" }

    /// The number of a name; nil when it is none.
    static func id(of name: some StringProtocol) -> UInt64? {
        name.first == "q" ? UInt64(name.dropFirst()) : nil
    }

    /// When it began to run, on the monotonic clock; nil while it waits.
    var startedNanos: UInt64? {
        let nanos = started.load(ordering: .relaxed)
        return nanos == 0 ? nil : nanos
    }

    func start() { started.store(SystemClock.monotonicNanos(), ordering: .relaxed) }

    /// Why it is to end; nil when it is not.
    var ending: Ending? { Ending(rawValue: endingCode.load(ordering: .relaxed)) }

    /// Has it end as soon as it looks. The first reason stays.
    func end(_ reason: Ending) {
        _ = endingCode.compareExchange(expected: 0, desired: reason.rawValue, ordering: .relaxed)
    }
}
