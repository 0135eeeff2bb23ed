import NIOCore
import Synchronization

/// Notices that a client is gone while its answer is still being made. A client that closes its half of the connection
/// counts as gone: it has been told so nowhere, but no client in use waits for an answer after that.
final class ClientWatch: ChannelInboundHandler, RemovableChannelHandler, Sendable {
    typealias InboundIn = Any

    private struct State: Sendable {
        var isGone = false
        var actions: [Int: @Sendable () -> Void] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent { gone() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        gone()
        context.fireChannelInactive()
    }

    /// Has `action` called once when the client is gone, at once if it is gone already; what is returned takes it back.
    func add(_ action: @escaping @Sendable () -> Void) -> @Sendable () -> Void {
        let number = state.withLock { state -> Int? in
            if state.isGone { return nil }
            state.next += 1
            state.actions[state.next] = action
            return state.next
        }
        guard let number else {
            action()
            return {}
        }
        return { [self] in state.withLock { $0.actions[number] = nil } }
    }

    private func gone() {
        let actions = state.withLock { state in
            state.isGone = true
            defer { state.actions = [:] }
            return state.actions
        }
        for action in actions.values { action() }
    }
}
