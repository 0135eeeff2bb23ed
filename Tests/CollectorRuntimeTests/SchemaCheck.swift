import LineFormats
import Testing

@testable import Settings

/// openapi.yaml as a tree, and values held against the schemas in it.
struct OpenAPITree {
    let root: JSONValue

    init(_ text: [UInt8]) throws {
        root = Self.tree(try YAMLParser.parse(text, file: "openapi.yaml") { _ in nil })
    }

    private static func tree(_ node: SettingsNode) -> JSONValue {
        switch node.content {
        case .mapping(let entries): .object(entries.map { .init($0.key, tree($0.value)) })
        case .sequence(let items): .array(items.map { tree($0) })
        case .scalar(let text, quoted: false) where ["true", "false"].contains(text): .bool(text == "true")
        case .scalar(let text, quoted: false) where Int(text) != nil: .number(text)
        case .scalar(let text, _): .string(text)
        }
    }

    /// The value itself, or what its `$ref` stands for.
    func resolved(_ value: JSONValue?) throws -> JSONValue {
        let value = try #require(value)
        guard let reference = value["$ref"]?.string else { return value }
        var found = root
        for part in reference.split(separator: "/").dropFirst() {
            found = try #require(found[String(part)], "\(reference) leads nowhere")
        }
        return try resolved(found)
    }

    /// What of a value a schema does not say, each as a sentence. Objects have the members that the schema names and no
    /// others, unless it allows them.
    func mismatches(_ value: JSONValue, _ schema: JSONValue?, at place: String = "$") throws -> [String] {
        let schema = try resolved(schema)
        if value == .null { return schema["nullable"]?.bool == true ? [] : ["\(place) is null"] }
        if let allowed = schema["enum"]?.array, !allowed.contains(value) { return ["\(place) is \(value)"] }
        switch (schema["type"]?.string, value) {
        case (nil, _): return []
        case ("string", .string), ("number", .number), ("boolean", .bool): return []
        case ("integer", .number(let text)): return Int(text) == nil ? ["\(place) is \(text)"] : []
        case ("array", .array(let elements)):
            guard let items = schema["items"] else { return [] }
            return try elements.enumerated().flatMap { try mismatches($1, items, at: "\(place)[\($0)]") }
        case ("object", .object(let members)):
            let known = schema["properties"]?.members ?? []
            let missing = (schema["required"]?.array ?? []).compactMap(\.string).filter { value[$0] == nil }
            var found = missing.map { "\(place) has no `\($0)`" }
            for member in members {
                if let property = known.first(where: { $0.key == member.key })?.value {
                    found += try mismatches(member.value, property, at: "\(place).\(member.key)")
                } else if schema["additionalProperties"]?.bool != true {
                    found.append("\(place).\(member.key) is not in the schema")
                }
            }
            return found
        case (let type?, _): return ["\(place) is no \(type)"]
        }
    }
}
