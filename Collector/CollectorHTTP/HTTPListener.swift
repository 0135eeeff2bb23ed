import Glibc
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// Why the collector cannot listen.
package struct ListenError: Error, Sendable, CustomStringConvertible {
    /// A sentence without a full stop: what failed, on what, what to do.
    package var description: String
}

/// The HTTP server: accepts connections, finds routes, and answers.
final class HTTPListener: Sendable {
    /// Connections at the same time; more wait in the backlog.
    static let maximumConnections = 4_096
    /// A connection without a request is closed after this.
    static let idleTimeout = TimeAmount.seconds(120)
    /// A body must have come after this, or its connection is closed.
    static let bodyTimeout = TimeAmount.seconds(300)

    private let server: Server<HTTP1Channel>
    private let run: Mutex<Task<Void, any Error>?>
    /// The port it listens on: another than asked for when that was 0.
    let port: Int

    /// Listens.
    ///
    /// - Throws: ``ListenError``.
    init(
        host: String, port: Int, router: Router, statistics: HTTPStatistics, bodies: BodyBound, serverName: String
    ) async throws {
        let dispatcher = Dispatcher(
            router: router, statistics: statistics, bodies: bodies, serverName: serverName)
        var logger = Logger(label: "lodge", factory: { _ in SwiftLogNoOpLogHandler() })
        logger.logLevel = .critical
        let (started, continuation) = AsyncStream<Int>.makeStream()
        let server = Server(
            childChannelSetup: HTTP1Channel(
                responder: { request, writer, channel in
                    try await dispatcher.respond(to: request, writer, channel)
                },
                configuration: .init(additionalChannelHandlers: [ClientWatch()], idleTimeout: Self.idleTimeout)),
            configuration: .init(
                address: .hostname(host, port: port), backlog: 512,
                availableConnectionsDelegate: MaximumAvailableConnections(Self.maximumConnections)),
            onServerRunning: { channel in
                continuation.yield(channel.localAddress?.port ?? port)
                continuation.finish()
            }, eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
        self.server = server
        let task = Task {
            defer { continuation.finish() }
            try await server.run()
        }
        var bound: Int?
        for await port in started { bound = port }
        guard let bound else {
            do {
                try await task.value
            } catch {
                throw Self.explain(error, host: host, port: port)
            }
            throw ListenError(description: "cannot listen on \(host):\(port)")
        }
        self.port = bound
        run = Mutex(task)
    }

    private static func explain(_ error: any Error, host: String, port: Int) -> ListenError {
        guard let failure = error as? IOError else {
            return ListenError(
                description: "cannot listen on \(host):\(port): \(error): choose another address with --listen")
        }
        let reason =
            switch failure.errnoCode {
            case EADDRINUSE: "the port is in use: stop the program that has it or choose another with --listen"
            case EACCES: "not permitted: choose a port above 1023 with --listen"
            case EADDRNOTAVAIL: "this machine has no such address: choose another with --listen"
            default: "\(failure): choose another address with --listen"
            }
        return ListenError(description: "cannot listen on \(host):\(port): \(reason)")
    }

    /// Stops accepting, lets requests end until `patience` has passed, then closes what is left.
    func stop(patience: Duration) async {
        guard
            let task = run.withLock({ run in
                defer { run = nil }
                return run
            })
        else { return }
        let server = self.server
        let graceful = Task { try await server.shutdownGracefully() }
        let alarm = Task {
            try await Task.sleep(for: patience)
            task.cancel()
        }
        _ = await task.result
        alarm.cancel()
        graceful.cancel()
    }
}
