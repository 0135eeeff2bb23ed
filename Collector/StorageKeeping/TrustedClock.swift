internal import StoragePolicy
internal import Synchronization
internal import SystemIO

/// The guard of the clock, with its memory in a file, so that a leap is noticed across restarts.
final class TrustedClock: Sendable {
    private struct State {
        var clock: ClockGuard
        var doubt: ClockGuard.Doubt?
        var written: Int64?
    }

    /// How often the file is written when nothing is wrong.
    private static let writeNanos: Int64 = 600 * 1_000_000_000

    private let path: String
    private let state: Mutex<State>

    /// - Parameters:
    ///   - directory: the data directory.
    ///   - newest: the newest arrival that is known, for when there is no file yet.
    init(directory: String, newest: Int64?) {
        path = "\(directory)/trusted-clock"
        let bytes = try? FileSystem.contents(path, limit: 64)
        let written = bytes.flatMap { Int64(String(decoding: $0, as: UTF8.self).filter { !$0.isWhitespace }) }
        state = Mutex(State(clock: ClockGuard(trusted: written ?? newest), written: written))
    }

    /// Why the clock is not trusted; nil when it is.
    var doubt: ClockGuard.Doubt? { state.withLock { $0.doubt } }

    /// Looks at the clock.
    ///
    /// - Returns: why it cannot be trusted, or nil; and whether that is new.
    func look(wall: Int64, monotonic: UInt64) -> (doubt: ClockGuard.Doubt?, isNew: Bool) {
        let (doubt, isNew, due) = state.withLock { state in
            let before = state.doubt
            state.doubt = state.clock.observe(wall: wall, monotonic: monotonic)
            let isDue = state.written.map { (wall &- $0).magnitude >= UInt64(Self.writeNanos) } ?? true
            return (state.doubt, (before == nil) != (state.doubt == nil), isDue && state.doubt == nil)
        }
        if due { write(wall) }
        return (doubt, isNew)
    }

    /// Takes the clock as right: a person says so.
    func trust(wall: Int64, monotonic: UInt64) {
        state.withLock { state in
            state.clock.trust(wall: wall, monotonic: monotonic)
            state.doubt = nil
        }
        write(wall)
    }

    /// A disk that does not take it, full or broken, leaves the older time, and a longer pause to be doubted.
    private func write(_ wall: Int64) {
        guard (try? FileSystem.writeAtomically(path, Array("\(wall)\n".utf8))) != nil else { return }
        state.withLock { $0.written = wall }
    }
}
