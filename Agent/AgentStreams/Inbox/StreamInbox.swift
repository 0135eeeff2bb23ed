import Workers

/// What a stream has brought and the reading thread has not taken yet, bounded: a source that brings more than there is
/// room for waits. Each stream has its own, so that none takes the room of another.
package final class StreamInbox: Sendable {
    private struct State: Sendable {
        var runs: [StreamRun] = []
        /// The first of `runs` that was not taken.
        var head = 0
        var cost = 0
        var losses: [StreamLoss] = []
        var isClosed = false
        var hasEnded = false

        mutating func lose(_ loss: StreamLoss) {
            guard losses.count >= StreamInbox.lossLimit,
                let index = losses.lastIndex(where: { $0.reason == loss.reason })
            else {
                losses.append(loss)
                return
            }
            losses[index].events &+= loss.events
            losses[index].bytes &+= loss.bytes
            if let times = loss.times, let known = losses[index].times {
                losses[index].times =
                    min(known.lowerBound, times.lowerBound)...max(known.upperBound, times.upperBound)
            } else {
                losses[index].times = nil
            }
        }
    }

    /// Losses that are kept by themselves; further ones of a kind are added up.
    private static let lossLimit = 64

    private let monitor = Monitor(State())
    private let limitBytes: Int
    private let wake: @Sendable () -> Void

    /// Makes an empty inbox.
    ///
    /// - Parameters:
    ///   - limitBytes: memory of the runs in it; one run may be larger when it is alone.
    ///   - wake: wakes the thread that takes them.
    package init(limitBytes: Int, wake: @escaping @Sendable () -> Void) {
        self.limitBytes = limitBytes
        self.wake = wake
    }

    private enum Put { case refused, added, addedFirst }

    /// Puts a run in. Blocks until there is room.
    ///
    /// - Returns: false when the inbox was closed; the run is not in it, and counts as lost unless the stream can go on
    ///   before it.
    package func put(_ run: StreamRun) -> Bool {
        let result = monitor.wait { state -> Put? in
            if state.isClosed {
                if run.cursor == nil { state.lose(run.loss()) }
                return .refused
            }
            guard state.cost == 0 || state.cost + run.cost <= limitBytes else { return nil }
            state.runs.append(run)
            state.cost += run.cost
            return state.head == state.runs.count - 1 ? .addedFirst : .added
        }
        if result == .addedFirst { wake() }
        return result != .refused
    }

    /// Tells of events that are gone.
    package func lost(_ loss: StreamLoss) {
        monitor.withLock { $0.lose(loss) }
        wake()
    }

    /// Tells that nothing more will come.
    package func end() {
        monitor.withLock { $0.hasEnded = true }
        wake()
    }

    /// The next run; nil when there is none at present.
    package func take() -> StreamRun? {
        let run = monitor.withLock { state -> StreamRun? in
            guard state.head < state.runs.count else { return nil }
            let run = state.runs[state.head]
            state.runs[state.head] = StreamRun([], .lines(isLast: false), arrival: run.arrival)
            state.head += 1
            state.cost -= run.cost
            if state.head * 2 >= state.runs.count {
                state.runs.removeFirst(state.head)
                state.head = 0
            }
            return run
        }
        if run != nil { monitor.signal() }
        return run
    }

    /// The losses since this was called last.
    package func takeLosses() -> [StreamLoss] {
        monitor.withLock { state in
            defer { state.losses.removeAll() }
            return state.losses
        }
    }

    /// Whether nothing is in it.
    package var isEmpty: Bool { monitor.withLock { $0.head == $0.runs.count } }

    /// Whether nothing is in it and nothing more will come.
    package var isFinished: Bool { monitor.withLock { $0.hasEnded && $0.head == $0.runs.count } }

    /// Lets nothing more in: whoever waits for room is told so.
    package func close() {
        monitor.withLock { $0.isClosed = true }
        monitor.broadcast()
    }
}
