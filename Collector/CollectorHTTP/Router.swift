import HTTPTypes
import HummingbirdCore
import QueryLanguage

/// What answers a request, and what it needs to know before its body is read.
struct Route: Sendable {
    /// The route as clients see it.
    var endpoint: Endpoint
    /// Bytes of a body at most; nil when the route takes none.
    var bodyLimit: Int?
    /// Makes the answer.
    var handler: @Sendable (Exchange) async throws -> Response
}

/// Finds the route of a path and a method. Paths are fixed texts, or such with a name behind them.
struct Router: Sendable {
    private typealias Methods = [Endpoint.Method: Route]

    private var routes: [String: Methods] = [:]
    /// Routes whose paths end with a name, by what stands before it, the slash included.
    private var namedRoutes: [String: Methods] = [:]

    /// Adds a route; a later one takes the place of an earlier.
    mutating func add(
        _ endpoint: Endpoint, bodyLimit: Int? = nil,
        _ handler: @escaping @Sendable (Exchange) async throws -> Response
    ) {
        let route = Route(endpoint: endpoint, bodyLimit: bodyLimit, handler: handler)
        if endpoint.nameOfLastPart == nil {
            routes[endpoint.path, default: [:]][endpoint.method] = route
        } else {
            namedRoutes[Self.parent(of: endpoint.path), default: [:]][endpoint.method] = route
        }
    }

    /// Adds a route by GET and by HEAD, whose answer has no body.
    mutating func addWithHead(_ endpoint: Endpoint, _ handler: @escaping @Sendable (Exchange) async throws -> Response)
    {
        for method in [Endpoint.Method.get, .head] { add(endpoint.by(method), handler) }
    }

    /// All routes, by path and method.
    var endpoints: [Endpoint] {
        [routes, namedRoutes].joined().flatMap { $0.value.values.map(\.endpoint) }.sorted {
            ($0.path, $0.method.rawValue) < ($1.path, $1.method.rawValue)
        }
    }

    private static func parent(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    }

    private func methods(_ path: String) -> Methods? {
        if let methods = routes[path] { return methods }
        return path.last == "/" ? nil : namedRoutes[Self.parent(of: path)]
    }

    /// The route, or the problem 404 or 405 with the methods there are.
    func route(_ method: HTTPRequest.Method, _ path: String) throws(Problem) -> Route {
        guard let methods = methods(path) else { throw .unknownRoute(path, nearest: nearest(to: path)) }
        if let route = Endpoint.Method(rawValue: method.rawValue).flatMap({ methods[$0] }) { return route }
        throw .methodNotAllowed(
            String(method.rawValue.prefix(20)), path, allow: methods.keys.map(\.rawValue).sorted())
    }

    /// A known path that differs from `path` by a slash at the end, the case of letters, a missing start, or a typing
    /// error.
    private func nearest(to path: String) -> String? {
        let folded = path.lowercased().split(separator: "/")
        guard let last = folded.last else { return nil }
        let known = routes.keys.sorted()
        return known.first { $0.split(separator: "/") == folded } ?? known.first {
            $0.split(separator: "/").last == last
        }
            ?? KnownNames.nearest(to: path, among: known)
    }
}
