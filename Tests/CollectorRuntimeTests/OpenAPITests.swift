import CollectorHTTP
import CollectorRuntime
import LineFormats
import Testing

/// `/openapi.yaml` says what is served: no route, parameter, member or answer more or less.
@Suite(.timeLimit(.minutes(15)))
struct OpenAPITests {
    private static let form = "application/x-www-form-urlencoded"

    private func with(_ body: (TestServer, OpenAPITree) async throws -> Void) async throws {
        let server = try await TestServer()
        let answer = try await server.send("GET", "/openapi.yaml")
        #expect(answer.status == 200)
        #expect(answer.headers["content-type"] == "application/yaml")
        try await body(server, try OpenAPITree(answer.body))
        await server.end()
    }

    private func operation(_ endpoint: Endpoint, _ tree: OpenAPITree) throws -> JSONValue {
        let method = endpoint.method.rawValue.lowercased()
        return try #require(tree.root["paths"]?[endpoint.path]?[method], "\(method) \(endpoint.path) is not described")
    }

    /// Names and schemas of what the query string, or the form, may have.
    private func parameters(_ operation: JSONValue, _ tree: OpenAPITree) throws -> [JSONValue.Member] {
        let inQuery = try (operation["parameters"]?.array ?? []).map { try tree.resolved($0) }.filter {
            $0["in"]?.string == "query"
        }.map { JSONValue.Member(try #require($0["name"]?.string), try #require($0["schema"])) }
        return inQuery + (operation["requestBody"]?["content"]?[Self.form]?["schema"]?["properties"]?.members ?? [])
    }

    /// The names that stand in braces in the path.
    private func namesInPath(_ operation: JSONValue, _ tree: OpenAPITree) throws -> [String] {
        try (operation["parameters"]?.array ?? []).map { try tree.resolved($0) }.filter {
            $0["in"]?.string == "path" && $0["required"]?.bool == true
        }.compactMap { $0["name"]?.string }
    }

    /// Names and schemas of the members that a body of JSON has, when that is an object.
    private func members(_ operation: JSONValue, _ tree: OpenAPITree) throws -> [JSONValue.Member] {
        guard let schema = operation["requestBody"]?["content"]?["application/json"]?["schema"] else { return [] }
        return try tree.resolved(schema)["properties"]?.members ?? []
    }

    @Test func eachRouteIsDescribedAndEachDescribedRouteIsServed() async throws {
        try await with { server, tree in
            // HEAD is GET without a body, and not described by itself.
            let served = server.collector.endpoints.filter { $0.method != .head }
            let heads = server.collector.endpoints.filter { $0.method == .head }.map(\.path)
            #expect(heads.allSatisfy { path in served.contains { $0.path == path && $0.method == .get } })
            #expect(served.count > 30)
            let described = (tree.root["paths"]?.members ?? []).flatMap { path in
                (path.value.members ?? []).map { "\($0.key.uppercased()) \(path.key)" }
            }
            #expect(Set(described) == Set(served.map { "\($0.method.rawValue) \($0.path)" }))
            for endpoint in served {
                let operation = try operation(endpoint, tree)
                let place = "\(endpoint.method) \(endpoint.path)"
                #expect(try parameters(operation, tree).map(\.key).sorted() == endpoint.parameters.sorted(), "\(place)")
                #expect(try members(operation, tree).map(\.key).sorted() == endpoint.members.sorted(), "\(place)")
                #expect(try namesInPath(operation, tree) == (endpoint.nameOfLastPart.map { [$0] } ?? []), "\(place)")
                #expect(operation["summary"]?.string?.isEmpty == false)
                for response in operation["responses"]?.members ?? [] { _ = try tree.resolved(response.value) }
            }
            for schema in tree.root["components"]?["schemas"]?.members ?? [] { _ = try tree.resolved(schema.value) }
        }
    }

    /// What a route reads it refuses when it is nonsense, by its name; what it does not read it refuses always.
    @Test func whatIsDescribedIsRead() async throws {
        try await with { server, tree in
            var checked = 0
            for endpoint in server.collector.endpoints where !endpoint.passesOthersOver && endpoint.path != "/v1/tail" {
                let operation = try operation(described(endpoint), tree)
                let unknown = try await ask(server, endpoint, [("nosuch", "1")])
                #expect(unknown.json?["field"]?.string == "nosuch", "\(endpoint): \(unknown)")
                for parameter in try parameters(operation, tree) {
                    let schema = parameter.value["items"] ?? parameter.value
                    let isText = schema["type"]?.string == "string" && schema["format"] == nil && schema["enum"] == nil
                    if isText { continue }
                    var pairs = [(parameter.key, "](")]
                    if parameter.key != "query", endpoint.parameters.contains("query") {
                        pairs.append(("query", "*|count()"))
                    }
                    if endpoint.parameters.contains("field") { pairs.append(("field", "a")) }
                    let answer = try await ask(server, endpoint, pairs)
                    #expect(answer.status == 400, "\(endpoint) \(parameter.key): \(answer)")
                    #expect(answer.json?["field"]?.string == parameter.key, "\(endpoint): \(answer)")
                    checked += 1
                }
                for member in try members(operation, tree) where endpoint.path.hasPrefix("/v1/") {
                    let takesAnyObject =
                        member.value["type"]?.string == "object" && member.value["properties"] == nil
                    let nonsense = takesAnyObject ? "1" : #"{"?":{}}"#
                    let answer = try await server.json(endpoint.path, #"{"\#(member.key)":\#(nonsense)}"#)
                    #expect(answer.status == 400, "\(endpoint) \(member.key): \(answer)")
                    #expect(answer.json?["field"]?.string?.hasPrefix(member.key) == true, "\(endpoint): \(answer)")
                    checked += 1
                }
            }
            #expect(checked > 100)
        }
    }

    private func described(_ endpoint: Endpoint) -> Endpoint {
        var copy = endpoint
        if copy.method == .head { copy.method = .get }
        return copy
    }

    private func ask(
        _ server: TestServer, _ endpoint: Endpoint, _ pairs: [(String, String)]
    ) async throws -> TestAnswer {
        let text = pairs.map { "\($0)=\(SelectCasesTests.escaped($1))" }.joined(separator: "&")
        guard endpoint.method == .post, endpoint.path.hasPrefix("/select/") else {
            let method = endpoint.method == .head ? "GET" : endpoint.method.rawValue
            return try await server.send(method, "\(endpoint.path)?\(text)")
        }
        return try await server.send("POST", endpoint.path, ["Content-Type: \(Self.form)"], Array(text.utf8))
    }

    @Test func answersHaveTheShapesThatAreDescribed() async throws {
        try await with { server, tree in
            let (events, _) = try SelectCasesTests.load()
            _ = try await server.send("POST", "/insert/jsonline?_stream_fields=service,host", [], Array(events.utf8))
            let json = ["Content-Type: application/json"]
            let bodies = [
                "/v1/ingest": [#"{"source":{"service":"a"},"logs":[{"msg":"m"},7]}"#],
                "/insert/jsonline": ["{}"],
                "/v1/heartbeat": [
                    #"""
                    {"agent":"web-1","epoch":1,"oldest_unacknowledged":"2025-01-01T00:00:00Z","drops":[{"number":1,
                    "events":2,"level":"INFO","reason":"rejected","from":"2025-01-01T00:00:00Z",
                    "to":"2025-01-01T00:00:01Z"}]}
                    """#
                ],
                "/v1/search": [#"{"limit":2}"#, #"{"timeout":"1ns"}"#],
                "/v1/aggregate": [
                    #"{"group_by":["service"],"interval":"1h","metric":["count","max(took)"],"empty_buckets":true}"#
                ],
                "/api/v1/logs": [#"{"message":"a","source":"b"}"#], "/api/v1/logs/batch": [#"[{"message":"a"},7]"#],
            ]
            // What takes the name of something that runs is for ``CollectorQueriesTests``.
            for endpoint in server.collector.endpoints
            where endpoint.method != .head && endpoint.path != "/v1/tail" && endpoint.nameOfLastPart == nil {
                let operation = try operation(endpoint, tree)
                let (status, response) = try #require(
                    operation["responses"]?.members?.first { $0.key.hasPrefix("2") }.map { ($0.key, $0.value) })
                var targets = [(endpoint.path, [String](), "")]
                if endpoint.path.hasPrefix("/select/") {
                    let form = "query=*%7Ccount()&field=service"
                        .split(separator: "&").filter { endpoint.parameters.contains(String($0.prefix { $0 != "=" })) }
                        .joined(separator: "&")
                    targets =
                        endpoint.method == .get
                        ? [("\(endpoint.path)?\(form)", [], "")]
                        : [(endpoint.path, ["Content-Type: \(Self.form)"], form)]
                } else if endpoint.method == .post {
                    targets = (bodies[endpoint.path] ?? [""]).map { (endpoint.path, $0.isEmpty ? [] : json, $0) }
                }
                for (target, headers, body) in targets {
                    let answer = try await server.send(endpoint.method.rawValue, target, headers, Array(body.utf8))
                    #expect("\(answer.status)" == status, "\(endpoint) \(body): \(answer)")
                    guard let (type, content) = response["content"]?.members?.first.map({ ($0.key, $0.value) }) else {
                        #expect(answer.body.isEmpty, "\(endpoint)")
                        continue
                    }
                    #expect(answer.headers["content-type"]?.hasPrefix(type) == true, "\(endpoint): \(answer)")
                    guard type == "application/json" else { continue }
                    let value = try #require(answer.json, "\(endpoint): \(answer)")
                    #expect(try tree.mismatches(value, content["schema"]) == [], "\(endpoint) \(body)")
                }
            }
            let problem = try await server.send("GET", "/select/logsql/query")
            #expect(
                try tree.mismatches(
                    try #require(problem.json),
                    tree.resolved(["$ref": "#/components/responses/Problem"])["content"]?["application/problem+json"]?[
                        "schema"])
                    == [])
        }
    }
}
