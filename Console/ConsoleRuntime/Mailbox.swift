package import CollectorAPI
package import ConsoleModel
import Glibc
import Workers

/// What the network threads have for the screen's thread: bounded, and with a descriptor to wait on.
///
/// Lines of the tail gather in one batch. When 4 MiB wait, the thread that reads the network waits too, so that the
/// collector notices a slow console and leaves lines out where it can count them. Other events are few: one for each
/// request made and each health check; of more than 256 the oldest leaves.
package final class Mailbox: Sendable {
    static let maxPendingBytes = 4 << 20
    static let maxEvents = 256

    private struct State: Sendable {
        var events: [ConsoleEvent] = []
        var tail = TailBatch()
        var tailNumber = 0
        var isSignalled = false
        var isClosed = false
    }

    private let monitor = Monitor(State())
    /// Becomes readable when there is something.
    package let descriptor: Int32

    private let bell: Int32

    /// Makes a mailbox; nil when no descriptor is left.
    package init?() {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        descriptor = ends[0]
        bell = ends[1]
    }

    deinit {
        Glibc.close(descriptor)
        Glibc.close(bell)
    }

    /// Leaves an event.
    package func post(_ event: ConsoleEvent) {
        monitor.withLock { state in
            if state.events.count >= Self.maxEvents { state.events.removeFirst() }
            // What the tail has so far came before this event.
            if case .tailConnection = event, !state.tail.entries.isEmpty {
                state.events.append(.tail(state.tailNumber, state.tail))
                state.tail = TailBatch()
            }
            state.events.append(event)
            signal(&state)
        }
    }

    /// Leaves lines of the tail with this number; waits while too many wait already. False once closed.
    package func post(tail number: Int, _ batch: TailBatch) -> Bool {
        monitor.wait { state in
            if state.isClosed { return false }
            if state.tailNumber != number {
                state.tail = TailBatch()
                state.tailNumber = number
            }
            guard state.tail.bytes.isEmpty || state.tail.bytes.count + batch.bytes.count <= Self.maxPendingBytes else {
                return nil
            }
            state.tail.append(batch)
            signal(&state)
            return true
        } ?? false
    }

    private func signal(_ state: inout State) {
        guard !state.isSignalled else { return }
        state.isSignalled = true
        var byte: UInt8 = 1
        _ = write(bell, &byte, 1)
    }

    /// Takes everything there is.
    package func take() -> [ConsoleEvent] {
        let events = monitor.withLock { state -> [ConsoleEvent] in
            var byte: UInt8 = 0
            if state.isSignalled { _ = read(descriptor, &byte, 1) }
            state.isSignalled = false
            var events = state.events
            state.events = []
            if !state.tail.entries.isEmpty {
                events.append(.tail(state.tailNumber, state.tail))
                state.tail = TailBatch()
            }
            return events
        }
        monitor.broadcast()
        return events
    }

    /// Lets waiting threads go; nothing is taken any more.
    package func close() {
        monitor.withLock { $0.isClosed = true }
        monitor.broadcast()
    }
}
