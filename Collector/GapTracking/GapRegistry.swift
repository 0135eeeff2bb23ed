import SavedState
import SystemIO
package import Workers

/// The ``GapBook`` of a running collector: shared by all threads, and kept in one small file. A crash may forget what was
/// noted in the last second.
package final class GapRegistry: Sendable {
    private static let saveInterval: UInt64 = 1_000_000_000
    /// Bytes of each text of a loss.
    private static let textBytes = 256

    private let clock: @Sendable () -> Int64
    private let saved: SavedState<GapBook>

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
        self.clock = clock
        saved = try SavedState(path, name: "gaps", interval: Self.saveInterval, report: report)
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
        return saved.change { book in
            let isNew = book.note(known, now: now)
            return (isNew, isChanged: isNew)
        }
    }

    /// What is known now.
    package var book: GapBook { saved.value }

    /// The gaps that may have events of these times, the oldest first.
    package func gaps(within times: ClosedRange<Int64>) -> [Gap] { saved.read { $0.gaps(within: times) } }

    /// Ends the thread, which writes the file a last time. Blocks until it has ended.
    package func stop() { saved.stop() }

    private static func bounded(_ text: String) -> String {
        text.utf8.count <= textBytes ? text : String(decoding: text.utf8.prefix(textBytes), as: UTF8.self)
    }
}
