import QueryLanguage

/// A route as its clients see it: what the router takes requests by, and what openapi.yaml is checked against.
package struct Endpoint: Hashable, Sendable {
    /// A method of HTTP.
    package enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case delete = "DELETE"
    }

    /// The method.
    package var method: Method
    /// The path: a fixed text, or one whose last part is a name in braces that stands for any, `/v1/queries/{id}`.
    package var path: String
    /// The names of its parameters, in the query string or in a form.
    package var parameters: [String]
    /// The members of its body, a JSON object, or none.
    package var members: [String]
    /// Whether parameters of other names are passed over. Else they are refused: a misspelt name must not look like a
    /// filter that holds.
    package var passesOthersOver: Bool

    /// Describes a route.
    init(
        _ method: Method, _ path: String, parameters: [String] = [], members: [String] = [],
        passesOthersOver: Bool = false
    ) {
        self.method = method
        self.path = path
        self.parameters = parameters
        self.members = members
        self.passesOthersOver = passesOthersOver
    }

    /// What stands in braces in the path: `id` of `/v1/queries/{id}`.
    package var nameOfLastPart: String? {
        guard path.last == "}", let open = path.lastIndex(of: "{") else { return nil }
        return String(path[path.index(after: open)...].dropLast())
    }

    /// The same route by another method.
    func by(_ method: Method) -> Endpoint {
        var copy = self
        copy.method = method
        return copy
    }

    /// - Throws: ``Problem`` naming a parameter that there is not.
    func check(_ given: FormParameters) throws(Problem) {
        if passesOthersOver { return }
        for name in given.names where !parameters.contains(name) {
            throw unknown("parameter", name, among: parameters)
        }
    }

    /// - Throws: ``Problem`` naming a member of the body that there is not.
    func check(members given: [String]) throws(Problem) {
        for name in given where !members.contains(name) { throw unknown("member", name, among: members) }
    }

    private func unknown(_ what: String, _ name: String, among names: [String]) -> Problem {
        let nearest = KnownNames.nearest(to: name, among: names)
        let known = names.isEmpty ? "none" : names.joined(separator: ", ")
        return .badValue(
            String(name.prefix(60)),
            "\(path) has no \(what) `\(name.prefix(60))`"
                + (nearest.map { ": did you mean `\($0)`?" } ?? ", there are: \(known)"),
            nearest: nearest)
    }
}
