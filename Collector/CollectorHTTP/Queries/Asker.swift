import NIOCore

/// Who asks: known while a request is handled, so that every route's queries are counted for their user and end with
/// their client.
struct Asker: Sendable {
    /// Who is being served; nil outside of requests.
    @TaskLocal static var current: Asker?

    /// Whose limits count. There are no keys yet: the address that the connection comes from. No header says it, for
    /// anybody can write a header.
    let user: String
    /// The route, for people.
    let path: String
    /// How the client names its request, so that it finds it among others; empty when it does not.
    let requestID: String
    private let channel: any Channel

    /// Bytes of a client's name of its request that are kept.
    private static let requestIDBytes = 64

    init(_ channel: any Channel, path: String, requestID: String? = nil) {
        self.requestID = String(decoding: (requestID ?? "").utf8.prefix(Self.requestIDBytes), as: UTF8.self)
        user = channel.remoteAddress?.ipAddress ?? "local"
        self.path = path
        self.channel = channel
    }

    /// Has `action` called once when the client is gone, at once if it is gone already.
    ///
    /// - Returns: takes the action back.
    func whenGone(_ action: @escaping @Sendable () -> Void) async -> @Sendable () -> Void {
        // A pipeline without the handler has been taken down.
        guard let watch = try? await channel.pipeline.handler(type: ClientWatch.self).get() else {
            action()
            return {}
        }
        return watch.add(action)
    }
}
