import LineFormats
import Synchronization
import SystemIO
package import Workers

/// The ``GapBook`` of a running collector: shared by all threads, and kept in one small file that is written as a whole, at
/// most once a second when there is something new, and at the end. A crash may thus forget what was noted in the last second.
package final class GapRegistry: Sendable {
    private struct State: Sendable {
        var book: GapBook
        /// Counts changes; the file has all up to `saved`.
        var changes: UInt64 = 0
        var saved: UInt64 = 0
        var isStopping = false
    }

    private static let saveInterval: UInt64 = 1_000_000_000
    /// After a failure of the disk, and at most while there is nothing to do.
    private static let retryInterval: UInt64 = 30_000_000_000
    /// Bytes of the file that are read back: more than all gaps that are kept apart take.
    private static let maximumFileBytes = 64 << 20
    /// Bytes of each text of a loss.
    private static let textBytes = 256

    private let path: String
    private let clock: @Sendable () -> Int64
    private let report: @Sendable (String) -> Void
    private let state: Monitor<State>
    private let thread = Mutex<DedicatedThread?>(nil)

    /// Reads the file back, and starts the thread that writes it. A file that is damaged or cannot be read is set aside and
    /// reported.
    ///
    /// - Parameters:
    ///   - path: of the file.
    ///   - clock: nanoseconds of the wall clock.
    ///   - report: hears of what people should know.
    /// - Throws: `WorkerError` when there is no thread.
    package init(
        _ path: String, clock: @escaping @Sendable () -> Int64 = { SystemClock.wallNanos() },
        report: @escaping @Sendable (String) -> Void
    ) throws(WorkerError) {
        self.path = path
        self.clock = clock
        self.report = report
        state = Monitor(State(book: Self.load(path, report)))
        let started = try DedicatedThread(name: "gaps") { [weak self] in
            while let self, self.waitAndSave() {}
        }
        thread.withLock { $0 = started }
    }

    /// Notes a loss. Quick; does not wait for the disk.
    ///
    /// - Returns: false when it was known already.
    @discardableResult
    package func note(_ loss: Gap.Loss) -> Bool {
        var loss = loss
        loss.agent = Self.bounded(loss.agent)
        loss.source = Self.bounded(loss.source)
        loss.reason = Self.bounded(loss.reason)
        let (known, now) = (loss, clock())
        let isNew = state.withLock { state in
            let isNew = state.book.note(known, now: now)
            if isNew { state.changes += 1 }
            return isNew
        }
        state.broadcast()
        return isNew
    }

    /// What is known now.
    package var book: GapBook { state.withLock { $0.book } }

    /// The gaps that may have events of these times, the oldest first.
    package func gaps(within times: ClosedRange<Int64>) -> [Gap] { book.gaps(within: times) }

    /// Ends the thread, which writes the file a last time. Blocks until it has ended.
    package func stop() {
        state.withLock { $0.isStopping = true }
        state.broadcast()
        thread.withLock { thread in
            thread?.join()
            thread = nil
        }
    }

    // MARK: The file

    /// - Returns: false when it is time to end.
    private func waitAndSave() -> Bool {
        // Not for ever: a registry that nobody has stopped goes when its owner has.
        let deadline = SystemClock.monotonicNanos() + Self.retryInterval
        let work = state.wait(until: deadline) { state -> State? in
            state.isStopping || state.changes > state.saved ? state : nil
        }
        guard let work else { return true }
        var interval = Self.saveInterval
        if work.changes > work.saved {
            do throws(IOError) {
                try FileSystem.writeAtomically(path, work.book.document.bytes)
                state.withLock { $0.saved = work.changes }
            } catch {
                report("the gaps cannot be written, it is tried again: \(error)")
                interval = Self.retryInterval
            }
        }
        if work.isStopping { return false }
        // What comes soon after is written together.
        _ = state.wait(until: SystemClock.monotonicNanos() + interval) { $0.isStopping ? true : nil }
        return true
    }

    private static func load(_ path: String, _ report: (String) -> Void) -> GapBook {
        guard FileSystem.exists(path) else { return GapBook() }
        let reason: String
        do {
            let bytes = try FileSystem.contents(path, limit: maximumFileBytes)
            return try GapBook(try JSONValue(parsing: bytes))
        } catch {
            reason = "\(error)"
        }
        // Where it cannot be renamed, the next one takes its place.
        try? FileSystem.rename(path, to: path + ".damaged")
        report("\(path) is damaged (\(reason)) and set aside: which events were lost before is forgotten")
        return GapBook()
    }

    private static func bounded(_ text: String) -> String {
        text.utf8.count <= textBytes ? text : String(decoding: text.utf8.prefix(textBytes), as: UTF8.self)
    }
}
