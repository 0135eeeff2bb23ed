internal import Synchronization
internal import SystemIO
internal import Workers

/// Work in the background was given up because the store is closing.
package struct WorkStopped: Error {}

/// Makes work in the background rest: to keep to its share of the machine, and while ingest is pressed.
final class Pacer: Sendable {
    private struct Work {
        var throttle: Throttle
        var since: UInt64
    }

    private let state: Monitor<StoreState>
    private let waitingHeads: Int
    private let waitsForIngest: Bool
    private let work: Mutex<Work>

    /// How long work waits for a pressed ingest before it does another block: it must not starve, for it is what keeps the
    /// number of segments small.
    private static let patienceNanos: UInt64 = 10_000_000_000

    /// - Parameters:
    ///   - throttle: how much of the machine may be used.
    ///   - state: says when ingest is pressed, and when the store is closing.
    ///   - waitingHeads: as many may wait to be written before ingest is pressed.
    ///   - waitsForIngest: whether work rests while ingest is pressed; not when it is what ingest waits for.
    init(_ throttle: Throttle, _ state: Monitor<StoreState>, waitingHeads: Int, waitsForIngest: Bool = true) {
        self.state = state
        self.waitingHeads = waitingHeads
        self.waitsForIngest = waitsForIngest
        work = Mutex(Work(throttle: throttle, since: SystemClock.monotonicNanos()))
    }

    /// Notes a piece of work and rests as long as it asks for.
    ///
    /// - Parameter bytes: read and written.
    /// - Throws: ``WorkStopped`` when the store is closing.
    func step(_ bytes: Int) throws(WorkStopped) {
        let end = SystemClock.monotonicNanos()
        let rest = work.withLock { $0.throttle.rest(afterNanos: end - $0.since, bytes: bytes) }
        let heads = waitingHeads
        if rest > 0 { state.wait(until: end + rest) { $0.isStopping ? () : nil } }
        if waitsForIngest {
            state.wait(until: SystemClock.monotonicNanos() + Self.patienceNanos) { state in
                state.isStopping || state.load(waitingHeads: heads) == .normal ? () : nil
            }
        }
        let now = SystemClock.monotonicNanos()
        let isStopping = state.withLock { state in
            state.counters.throttledNanos += now - end
            return state.isStopping
        }
        work.withLock { $0.since = now }
        if isStopping { throw WorkStopped() }
    }
}
