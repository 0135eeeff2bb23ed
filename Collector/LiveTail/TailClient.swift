import ByteCoding
package import LogModel
import Synchronization

/// Which rows of a batch a client wants, in ascending order.
package typealias TailFilter = @Sendable (EventBatch) -> [Int]

/// What a client gets next.
package enum TailPiece: Sendable, Equatable {
    /// Rendered events in the order of their commit, and how many were left out since the piece before.
    case events([UInt8], dropped: Int)
    /// Nothing has happened for a while.
    case heartbeat
}

/// One client of the tail: a bounded buffer that the hub's thread fills and one task empties.
package final class TailClient: Sendable {
    private struct State: ~Copyable {
        var ready = ByteWriter(capacity: 4096)
        var dropped = 0
        var totalSent = 0
        var totalDropped = 0
        var bucket: TokenBucket
        var lastPieceNanos: UInt64
        var reader: CheckedContinuation<TailPiece?, Never>?
        var ended = false
    }

    let number: UInt64
    /// Events of positions up to this one were committed before the client came.
    package let joinedAfter: UInt64
    private let filter: TailFilter
    private let byteLimit: Int
    private let state: Mutex<State>

    init(
        number: UInt64, joinedAfter: UInt64, filter: @escaping TailFilter, maximumRate: Int, byteLimit: Int, now: UInt64
    ) {
        self.number = number
        self.joinedAfter = joinedAfter
        self.filter = filter
        self.byteLimit = byteLimit
        state = Mutex(State(bucket: TokenBucket(perSecond: maximumRate, now: now), lastPieceNanos: now))
    }

    /// What waits for the client; suspends while there is nothing. Nil when the tail has ended.
    ///
    /// One task reads at a time. Cancelling it ends the client.
    package func next() async -> TailPiece? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let piece = state.withLock { state -> TailPiece?? in
                    if let piece = Self.take(&state) { return .some(piece) }
                    if state.ended { return .some(nil) }
                    state.reader = continuation
                    return nil
                }
                if let piece { continuation.resume(returning: piece) }
            }
        } onCancel: {
            end()
        }
    }

    private static func take(_ state: inout State) -> TailPiece? {
        guard state.ready.count > 0 || state.dropped > 0 else { return nil }
        let piece = TailPiece.events(state.ready.array(), dropped: state.dropped)
        state.ready.removeAll()
        state.dropped = 0
        return piece
    }

    /// Events sent and left out so far.
    package var counts: (sent: Int, dropped: Int) { state.withLock { ($0.totalSent, $0.totalDropped) } }

    /// Ends the client: what waits is still handed out.
    package func end() {
        let reader = state.withLock { state in
            state.ended = true
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume(returning: nil)
    }

    var hasEnded: Bool { state.withLock { $0.ended } }

    /// Looks at a batch and buffers what the client wants of it.
    func offer(_ batch: EventBatch, position: UInt64, now: UInt64, render: TailHub.Render) {
        guard position > joinedAfter else { return }
        let rows = filter(batch)
        if rows.isEmpty { return }
        deliver(now: now) { state in
            for row in rows {
                guard state.ready.count < byteLimit, state.bucket.take(now: now) else {
                    state.dropped += 1
                    state.totalDropped += 1
                    continue
                }
                render(batch, row, position << 20 | UInt64(row), &state.ready)
                state.totalSent += 1
            }
        }
    }

    /// Notes events that nobody looked at.
    func leaveOut(_ count: Int, now: UInt64) {
        deliver(now: now) { state in
            state.dropped += count
            state.totalDropped += count
        }
    }

    /// Wakes the client with a heartbeat when nothing has gone to it for `interval`.
    func beat(now: UInt64, interval: UInt64) {
        let reader = state.withLock { state -> CheckedContinuation<TailPiece?, Never>? in
            guard state.reader != nil, now >= state.lastPieceNanos + interval else { return nil }
            state.lastPieceNanos = now
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume(returning: .heartbeat)
    }

    private func deliver(now: UInt64, _ change: (inout State) -> Void) {
        let woken = state.withLock { state -> (CheckedContinuation<TailPiece?, Never>, TailPiece)? in
            if state.ended { return nil }
            change(&state)
            guard let reader = state.reader, let piece = Self.take(&state) else { return nil }
            state.reader = nil
            state.lastPieceNanos = now
            return (reader, piece)
        }
        if let woken { woken.0.resume(returning: woken.1) }
    }
}
