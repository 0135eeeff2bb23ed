import HTTPTypes
import HummingbirdCore
import NIOCore

/// Takes a request to its route and the answer, or the problem, back to the client.
struct Dispatcher: Sendable {
    /// Bytes of a body that a route does not want and that are passed over.
    private static let unwantedBytes = 64 << 10
    /// Bytes of a body that was refused before it was read, and that are passed over to keep the connection.
    private static let passedOverBytes = 1 << 20
    /// How long the sender of a refused body has to read the answer before the connection is closed.
    private static let lingering = TimeAmount.seconds(3)

    private static let requestID = HTTPField.Name("X-Request-ID")

    private let router: Router
    private let statistics: HTTPStatistics
    private let serverName: String
    private let bodies: BodyBound
    private let date = HTTPDate()

    init(router: Router, statistics: HTTPStatistics, bodies: BodyBound, serverName: String) {
        self.router = router
        self.statistics = statistics
        self.serverName = serverName
        self.bodies = bodies
    }

    /// Answers one request. Throws when the connection cannot go on.
    @concurrent
    func respond(to request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel) async throws {
        let target = request.head.path ?? "/"
        let cut = target.utf8.firstIndex(of: UInt8(ascii: "?"))
        let path = cut.map { String(target[..<$0]) } ?? target
        let query = cut.map { FormParameters(target.utf8[target.utf8.index(after: $0)...]) } ?? FormParameters()
        let exchange = Exchange(
            path: path, query: query, request: request, channel: channel, hold: BodyHold(bodies, statistics))
        var response: Response
        do {
            let route = try router.route(request.method, path)
            try checkLength(of: exchange, route)
            try route.endpoint.check(query)
            if exchange.hasBody, request.headers[.expect]?.lowercased() == "100-continue" {
                try await writer.writeInformationalHead(HTTPResponse(status: .continue))
            }
            let asker = Asker(channel, path: path, requestID: Self.requestID.flatMap { request.headers[$0] })
            response = try await Asker.$current.withValue(asker) {
                try await route.handler(exchange)
            }
        } catch let problem as Problem {
            response = problem.response
        } catch is CancellationError {
            response = Problem.stopping.response
        } catch let error as ChannelError {
            throw error
        } catch {
            response =
                Problem(500, "internal", "The collector failed", "the request could not be answered: \(error)").response
        }
        response.headers[.server] = serverName
        response.headers[.date] = date.text
        // A long body that was refused is not read on for the sake of the connection, and one whose sender waits to be
        // told to go on may never come.
        let isUnread =
            exchange.hasBody && !exchange.progress.isDone
            && (exchange.contentLength ?? .max > Self.passedOverBytes || request.headers[.expect] != nil)
        if isUnread { response.headers[.connection] = "close" }
        statistics.answered(response.status.code)
        if request.method == .head {
            try await writer.writeResponse(response.head)
        } else {
            try await writer.write(response: response.head, body: response.body)
        }
        // The server throws the rest of the body away while the sender reads the answer: not for long.
        if isUnread { channel.eventLoop.scheduleTask(in: Self.lingering) { channel.close(promise: nil) } }
    }

    private func checkLength(of exchange: Exchange, _ route: Route) throws(Problem) {
        guard exchange.hasBody else { return }
        let limit = route.bodyLimit ?? Self.unwantedBytes
        if let length = exchange.contentLength, length > limit { throw .bodyTooLarge(limit: limit) }
        if route.bodyLimit == nil, exchange.contentLength != nil { exchange.progress.done() }
    }
}
