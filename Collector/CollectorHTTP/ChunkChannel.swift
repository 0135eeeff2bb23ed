import NIOCore
import SystemIO
import Workers

/// Carries an answer from the thread that makes it to the task that sends it, and never holds more than a little: a
/// slow reader makes the thread wait.
final class ChunkChannel: Sendable {
    /// Bytes that may wait for the reader; one piece more may be on its way.
    static let waitingBytes = 1 << 20
    /// How long the thread waits for a reader that takes nothing before it gives up, nanoseconds.
    private let patience: UInt64

    private enum End: Sendable {
        case finished
        case failed(any Error)
        case cancelled
    }

    private struct State: Sendable {
        var pieces: [ByteBuffer] = []
        var bytes = 0
        var end: End?
        var reader: CheckedContinuation<ByteBuffer?, any Error>?
    }

    private let monitor = Monitor(State())

    /// Makes one that nothing waits in.
    init(patience: UInt64 = 30_000_000_000) { self.patience = patience }

    /// Hands over a piece; blocks while too much waits.
    ///
    /// - Returns: false when nobody reads any more, and the work should end.
    func send(_ piece: ByteBuffer) -> Bool {
        if piece.readableBytes == 0 { return !isCancelled }
        let deadline = SystemClock.monotonicNanos() + patience
        let outcome = monitor.wait(until: deadline) {
            state -> (sent: Bool, reader: CheckedContinuation<ByteBuffer?, any Error>?)? in
            if state.end != nil { return (false, nil) }
            if let reader = state.reader {
                state.reader = nil
                return (true, reader)
            }
            guard state.bytes < Self.waitingBytes else { return nil }
            state.bytes += piece.readableBytes
            state.pieces.append(piece)
            return (true, nil)
        }
        guard let outcome else {
            cancel()
            return false
        }
        outcome.reader?.resume(returning: piece)
        return outcome.sent
    }

    /// Hands over a piece if nothing else waits for the reader; never blocks.
    func offer(_ piece: ByteBuffer) {
        let reader = monitor.withLock { state -> CheckedContinuation<ByteBuffer?, any Error>? in
            guard state.end == nil, state.bytes == 0 else { return nil }
            if let reader = state.reader {
                state.reader = nil
                return reader
            }
            state.bytes += piece.readableBytes
            state.pieces.append(piece)
            return nil
        }
        reader?.resume(returning: piece)
    }

    /// Ends the answer, or breaks it off with an error.
    func finish(_ error: (any Error)? = nil) {
        let reader = monitor.withLock { state -> CheckedContinuation<ByteBuffer?, any Error>? in
            if state.end == nil { state.end = error.map { .failed($0) } ?? .finished }
            defer { state.reader = nil }
            return state.reader
        }
        if let error { reader?.resume(throwing: error) } else { reader?.resume(returning: nil) }
    }

    /// Nobody reads any more: the thread's next piece is refused.
    func cancel() {
        let reader = monitor.withLock { state -> CheckedContinuation<ByteBuffer?, any Error>? in
            state.end = .cancelled
            state.pieces = []
            state.bytes = 0
            defer { state.reader = nil }
            return state.reader
        }
        monitor.broadcast()
        reader?.resume(throwing: CancellationError())
    }

    /// Whether nobody reads any more.
    var isCancelled: Bool {
        monitor.withLock {
            if case .cancelled = $0.end { return true }
            return false
        }
    }

    /// All that waits, as one piece; suspends while there is nothing. Nil at the end.
    ///
    /// One task reads at a time.
    func next() async throws -> ByteBuffer? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let ready = monitor.withLock { state -> Result<ByteBuffer?, any Error>? in
                    if !state.pieces.isEmpty {
                        var all = state.pieces[0]
                        for piece in state.pieces.dropFirst() { all.writeImmutableBuffer(piece) }
                        state.pieces = []
                        state.bytes = 0
                        return .success(all)
                    }
                    switch state.end {
                    case .finished: return .success(nil)
                    case .failed(let error): return .failure(error)
                    case .cancelled: return .failure(CancellationError())
                    case nil:
                        state.reader = continuation
                        return nil
                    }
                }
                if let ready {
                    monitor.broadcast()
                    continuation.resume(with: ready)
                }
            }
        } onCancel: {
            cancel()
        }
    }
}
