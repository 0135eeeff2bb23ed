import HTTPTypes
import HummingbirdCore
import QueryLanguage

/// What answers a request, and what it needs to know before its body is read.
struct Route: Sendable {
    /// Bytes of a body at most; nil when the route takes none.
    var bodyLimit: Int?
    /// Makes the answer.
    var handler: @Sendable (Exchange) async throws -> Response
}

/// Finds the route of a path and a method. All paths are fixed texts.
struct Router: Sendable {
    private var routes: [String: [HTTPRequest.Method: Route]] = [:]

    /// Adds a route; a later one takes the place of an earlier.
    mutating func add(
        _ method: HTTPRequest.Method, _ path: String, bodyLimit: Int? = nil,
        _ handler: @escaping @Sendable (Exchange) async throws -> Response
    ) {
        routes[path, default: [:]][method] = Route(bodyLimit: bodyLimit, handler: handler)
    }

    /// The route, or the problem 404 or 405 with the methods there are.
    func route(_ method: HTTPRequest.Method, _ path: String) throws(Problem) -> Route {
        guard let methods = routes[path] else { throw .unknownRoute(path, nearest: nearest(to: path)) }
        if let route = methods[method] { return route }
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
