extension OpenAPI {
    /// One method of a path.
    struct Operation {
        /// In small letters.
        var method: String
        var summary: String
        /// Keys of ``parameters``.
        var parameters: [String] = []
        /// Keys of ``parameters`` that come as a form.
        var form: [String] = []
        /// Lines of YAML under `requestBody`.
        var body: String?
        var status = 200
        /// The media type of the answer; nil for an answer without a body.
        var type: String? = "application/json"
        /// The name of a schema, for JSON.
        var schema: String?
        /// The name of the schema of a line, where the answer can be streamed.
        var lines: String?
        /// Other statuses than 200s that are its own; 400, 405 and 503 go without saying.
        var refusals: [Int] = []
    }

    /// The lines of a path.
    static func path(_ path: String, _ operations: Operation...) -> String {
        "  \(path):\n" + operations.map { text(of: $0) }.joined()
    }

    private static func text(of operation: Operation) -> String {
        var lines = ["    \(operation.method):", "      summary: \(quoted(operation.summary))"]
        if !operation.parameters.isEmpty {
            lines.append("      parameters:")
            lines += operation.parameters.map { "        - $ref: '#/components/parameters/\($0)'" }
        }
        if !operation.form.isEmpty {
            lines += [
                "      requestBody:", "        content:", "          application/x-www-form-urlencoded:",
                "            schema:", "              type: object", "              properties:",
            ]
            for key in operation.form {
                guard let parameter = parameters.first(where: { $0.key == key }) else { continue }
                lines.append("                \(parameter.name): \(parameter.schema)")
            }
        }
        if let body = operation.body {
            lines.append("      requestBody:")
            lines += body.split(separator: "\n").map { "        \($0)" }
        }
        lines += ["      responses:", "        '\(operation.status)':", "          description: done"]
        if let type = operation.type {
            lines += ["          content:", "            \(type):"]
            lines.append(
                "              schema: "
                    + (operation.schema.map { "{$ref: '#/components/schemas/\($0)'}" } ?? "{type: string}"))
        }
        if let schema = operation.lines {
            lines += [
                "            \(StreamRecord.type):",
                "              schema: {$ref: '#/components/schemas/\(schema)'}",
            ]
        }
        for status in operation.refusals {
            lines += ["        '\(status)':", "          $ref: '#/components/responses/Problem'"]
        }
        lines += ["        default:", "          $ref: '#/components/responses/Problem'"]
        return lines.joined(separator: "\n") + "\n"
    }

    static func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }

    /// A body of JSON of a schema.
    static func json(_ schema: String) -> String {
        """
        required: true
        content:
          application/json:
            schema: {$ref: '#/components/schemas/\(schema)'}
        """
    }

    static let components =
        """
        components:
          responses:
            Problem:
              description: what went wrong, as RFC 9457 has it
              content:
                application/problem+json:
                  schema: {$ref: '#/components/schemas/Problem'}
          parameters:

        """
        + parameters.map { parameter in
            """
                \(parameter.key):
                  name: \(parameter.name)
                  in: \(parameter.isInPath ? "path\n      required: true" : "query")
                  description: \(quoted(parameter.description))
                  schema: \(parameter.schema)

            """
        }.joined()
}
