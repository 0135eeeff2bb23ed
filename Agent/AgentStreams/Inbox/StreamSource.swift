package import Diagnostics
import Workers

/// Something that brings events by itself, on a thread of its own.
package protocol StreamSource: Sendable {
    /// What it brings; at least one.
    var streams: [StreamDescription] { get }

    /// Brings events until it is told to stop or there are no more.
    ///
    /// - Parameters:
    ///   - inboxes: one for each of ``streams``, in their order.
    ///   - stop: tells when to end; then what has come and can be had without waiting is still brought.
    ///   - log: the agent's log.
    func run(into inboxes: [StreamInbox], until stop: StopSignal, log: DiagnosticLog)
}

/// A source and its thread.
package final class RunningSource: Sendable {
    /// What it brings.
    package let streams: [StreamDescription]
    /// Where it puts that.
    package let inboxes: [StreamInbox]
    private let stop: StopSignal
    private let thread: DedicatedThread

    /// Starts a source.
    ///
    /// - Parameters:
    ///   - source: what to run.
    ///   - inboxBytes: the room for each of its streams.
    ///   - log: the agent's log.
    ///   - wake: wakes the thread that takes what it brings.
    /// - Throws: `WorkerError` when there is no thread for it.
    package init(
        _ source: any StreamSource, inboxBytes: Int, log: DiagnosticLog, wake: @escaping @Sendable () -> Void
    ) throws {
        let stop = StopSignal()
        let inboxes = source.streams.map { _ in StreamInbox(limitBytes: inboxBytes, wake: wake) }
        streams = source.streams
        self.stop = stop
        self.inboxes = inboxes
        thread = try DedicatedThread(name: streams.first?.path ?? "stream") {
            source.run(into: inboxes, until: stop, log: log)
            for inbox in inboxes { inbox.end() }
        }
    }

    /// Tells the source to end, and does not wait for it.
    package func raiseStop() { stop.raise() }

    /// Waits for the end of the thread. What it has brought since is not let in.
    package func join() {
        stop.raise()
        for inbox in inboxes { inbox.close() }
        thread.join()
    }
}
