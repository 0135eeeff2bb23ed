import CYaml

/// Builds nodes from libyaml's events: one document, no aliases, bounded depth and number of nodes.
struct YAMLParser {
    static let depthLimit = 32
    static let nodeLimit = 100_000

    let file: String
    let environment: (String) -> String?
    private var parser = yaml_parser_t()
    private var nodes = 0

    private init(file: String, environment: @escaping (String) -> String?) {
        self.file = file
        self.environment = environment
    }

    /// The root of the document; an empty document is an empty mapping.
    static func parse(
        _ text: [UInt8], file: String, environment: @escaping (String) -> String?
    ) throws(SettingsError) -> SettingsNode {
        let outcome: Result<SettingsNode, SettingsError> = text.withUnsafeBufferPointer { buffer in
            Result { () throws(SettingsError) in
                var parser = YAMLParser(file: file, environment: environment)
                return try parser.document(buffer)
            }
        }
        return try outcome.get()
    }

    private mutating func document(_ text: UnsafeBufferPointer<UInt8>) throws(SettingsError) -> SettingsNode {
        guard yaml_parser_initialize(&parser) == 1 else {
            throw SettingsError(file: file, position: nil, message: "libyaml cannot be initialised (out of memory)")
        }
        defer { yaml_parser_delete(&parser) }
        // libyaml wants a non-nil start even for nothing.
        var nothing: UInt8 = 0
        return try withUnsafePointer(to: &nothing) { fallback throws(SettingsError) in
            yaml_parser_set_input_string(&parser, text.baseAddress ?? fallback, text.count)
            var root: SettingsNode?
            while true {
                let event = try next()
                switch event.kind {
                case .streamEnd:
                    let start = Position(line: 1, column: 1)
                    return root ?? SettingsNode(position: start, content: .mapping([]))
                case .scalar, .sequenceStart, .mappingStart:
                    if root != nil { throw error(event.position, "only one document is allowed in a file") }
                    root = try node(from: event, depth: 0)
                case .sequenceEnd, .mappingEnd, .other: break
                }
            }
        }
    }

    private mutating func node(from event: Event, depth: Int) throws(SettingsError) -> SettingsNode {
        nodes += 1
        if depth > YAMLParser.depthLimit {
            throw error(event.position, "nested more than \(YAMLParser.depthLimit) levels deep")
        }
        if nodes > YAMLParser.nodeLimit {
            throw error(event.position, "more than \(YAMLParser.nodeLimit) values in one file")
        }
        switch event.kind {
        case .scalar(let text, let quoted):
            let filled = try substitute(text, at: event.position)
            return SettingsNode(position: event.position, content: .scalar(filled, quoted: quoted))
        case .sequenceStart:
            var items: [SettingsNode] = []
            while true {
                let event = try next()
                if case .sequenceEnd = event.kind { break }
                items.append(try node(from: event, depth: depth + 1))
            }
            return SettingsNode(position: event.position, content: .sequence(items))
        case .mappingStart: return try mapping(from: event, depth: depth)
        case .sequenceEnd, .mappingEnd, .streamEnd, .other:
            throw error(event.position, "a value is missing here")
        }
    }

    private mutating func mapping(from start: Event, depth: Int) throws(SettingsError) -> SettingsNode {
        var entries: [SettingsNode.Entry] = []
        var places: [String: Position] = [:]
        while true {
            let event = try next()
            if case .mappingEnd = event.kind { break }
            guard case .scalar(let key, _) = event.kind else {
                throw error(event.position, "a key must be a plain word")
            }
            if let first = places[key] {
                throw error(event.position, "the key `\(key)` is given twice; the first is in line \(first.line)")
            }
            places[key] = event.position
            let value = try node(from: try next(), depth: depth + 1)
            entries.append(.init(key: key, position: event.position, value: value))
        }
        return SettingsNode(position: start.position, content: .mapping(entries))
    }

    private struct Event {
        enum Kind {
            case scalar(String, quoted: Bool)
            case sequenceStart, sequenceEnd, mappingStart, mappingEnd, streamEnd, other
        }
        var kind: Kind
        var position: Position
    }

    private mutating func next() throws(SettingsError) -> Event {
        var raw = yaml_event_t()
        guard yaml_parser_parse(&parser, &raw) == 1 else { throw syntaxError() }
        defer { yaml_event_delete(&raw) }
        let position = Position(line: Int(raw.start_mark.line) + 1, column: Int(raw.start_mark.column) + 1)
        switch raw.type {
        case YAML_SCALAR_EVENT:
            let scalar = raw.data.scalar
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            let quoted = scalar.style != YAML_PLAIN_SCALAR_STYLE
            return Event(kind: .scalar(String(decoding: bytes, as: UTF8.self), quoted: quoted), position: position)
        case YAML_ALIAS_EVENT:
            throw error(position, "anchors and aliases (`&x`, `*x`) are not supported: write the value out")
        case YAML_SEQUENCE_START_EVENT: return Event(kind: .sequenceStart, position: position)
        case YAML_SEQUENCE_END_EVENT: return Event(kind: .sequenceEnd, position: position)
        case YAML_MAPPING_START_EVENT: return Event(kind: .mappingStart, position: position)
        case YAML_MAPPING_END_EVENT: return Event(kind: .mappingEnd, position: position)
        case YAML_STREAM_END_EVENT, YAML_NO_EVENT: return Event(kind: .streamEnd, position: position)
        default: return Event(kind: .other, position: position)
        }
    }

    private func syntaxError() -> SettingsError {
        let problem = parser.problem.map { String(cString: $0) } ?? "not YAML"
        let context = parser.context.map { " \(String(cString: $0))" } ?? ""
        if parser.error == YAML_READER_ERROR {
            return error(nil, "\(problem) at byte \(parser.problem_offset): the file must be UTF-8")
        }
        let mark = parser.problem_mark
        return error(
            Position(line: Int(mark.line) + 1, column: Int(mark.column) + 1), "not valid YAML\(context): \(problem)")
    }

    private func error(_ position: Position?, _ message: String) -> SettingsError {
        SettingsError(file: file, position: position, message: message)
    }

    /// Puts the environment's values in for `${NAME}` and `${NAME:-default}`; `$${` stands for `${` itself.
    ///
    /// What is put in stays one scalar: it cannot add keys or lists.
    private func substitute(_ text: String, at position: Position) throws(SettingsError) -> String {
        guard text.contains("${") else { return text }
        var result = ""
        var rest = Substring(text)
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[dollar...]
            if rest.hasPrefix("$${") {
                result += "${"
                rest = rest.dropFirst(3)
            } else if rest.hasPrefix("${") {
                guard let close = rest.firstIndex(of: "}") else {
                    throw error(position, "`${` without its `}`; write `$${` for a literal `${`")
                }
                let inner = rest[rest.index(rest.startIndex, offsetBy: 2)..<close]
                result += try value(of: inner, at: position)
                rest = rest[rest.index(after: close)...]
            } else {
                result += "$"
                rest = rest.dropFirst()
            }
        }
        return result + rest
    }

    private func value(of reference: Substring, at position: Position) throws(SettingsError) -> String {
        var name = reference
        var fallback: Substring?
        if let colon = reference.firstIndex(of: ":"), reference[colon...].hasPrefix(":-") {
            name = reference[..<colon]
            fallback = reference[colon...].dropFirst(2)
        }
        let legal = name.utf8.allSatisfy { byte in
            byte == UInt8(ascii: "_") || (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                || (0x61...0x7A).contains(byte)
        }
        guard legal, let first = name.utf8.first, !(0x30...0x39).contains(first) else {
            throw error(position, "`${\(reference)}` names no environment variable")
        }
        // As in a shell, `:-` also stands in for a variable that is set but empty.
        if let found = environment(String(name)), !(found.isEmpty && fallback != nil) { return found }
        if let fallback { return String(fallback) }
        throw error(
            position, "the environment variable `\(name)` is not set; set it, or write `${\(name):-default}`")
    }
}
