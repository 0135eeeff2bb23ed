internal import LineFormats
internal import QueryLanguage
internal import StoreFormat

/// `unpack_json` and the like: fields out of a text. Which fields there are, the text decides, so that rows go through
/// in pieces: a column takes memory for each row of a piece.
final class UnpackStage: RowStage {
    private static let pieceRows = 512
    private let pipe: UnpackPipe
    private let next: any RowStage
    private let condition: PipeCondition
    private let options: ExecutionOptions

    init(_ pipe: UnpackPipe, _ next: any RowStage, _ options: ExecutionOptions) {
        self.pipe = pipe
        self.next = next
        self.options = options
        condition = PipeCondition(pipe.condition, options)
    }

    func process(_ block: ResultBlock) throws(ExecutionError) -> Bool {
        var rest = block.rows[...]
        while !rest.isEmpty {
            var piece = block
            piece.rows = Array(rest.prefix(Self.pieceRows))
            rest = rest.dropFirst(Self.pieceRows)
            if try !next.process(try unpacked(piece.compacted())) { return false }
        }
        return true
    }

    func finish() throws(ExecutionError) { try next.finish() }

    private func unpacked(_ block: ResultBlock) throws(ExecutionError) -> ResultBlock {
        let chosen = condition.rows(of: block)
        let column = block.column(pipe.source)
        var names: [String] = []
        var values: [String: [Int: [UInt8]]] = [:]
        var bytes = 0
        let claim = MemoryClaim(options.budget)
        for row in block.rows where chosen?.contains(row) ?? true {
            for (name, value) in wanted(read(column?.value(at: row) ?? [])) {
                let name = pipe.prefix + name
                if values[name] == nil {
                    names.append(name)
                    bytes += name.utf8.count
                }
                values[name, default: [:]][row] = value
                bytes += value.count + 64
            }
            try claim.set(
                bytes + names.count * (block.rows.count * 8 + 64),
                "\(names.count) fields that `\(pipe.form.rawValue)` makes",
                "name the fields that are wanted with `fields (...)`")
        }
        var result = block
        for name in names { result = result.writing(name, pipe.rule) { row in values[name]?[row] } }
        return result
    }

    /// The fields that the pipe asks for; those it names and that are not there are empty.
    private func wanted(_ found: [(name: String, value: [UInt8])]?) -> [(name: String, value: [UInt8])] {
        guard let found else { return [] }
        if pipe.fields.isEmpty { return found }
        var result = found.filter { field in pipe.fields.contains { $0.matches(field.name) } }
        for pattern in pipe.fields where !pattern.isPrefix && !found.contains(where: { $0.name == pattern.name }) {
            result.append((pattern.name, []))
        }
        return result
    }

    /// The fields of a text; nil when it is not of the form at all.
    private func read(_ text: [UInt8]) -> [(name: String, value: [UInt8])]? {
        switch pipe.form {
        case .logfmt: return Logfmt.fields(of: text)
        case .syslog: return Syslog(now: options.now, offset: pipe.offset).fields(of: text)
        case .json:
            guard text.first == 0x7B else { return nil }
            guard case .object(let members)? = try? JSONValue(parsing: text) else { return [] }
            var fields: [(name: String, value: [UInt8])] = []
            flatten(members, prefix: "", into: &fields)
            return fields
        }
    }

    /// Objects inside become names with dots; `null` is no value. The parser bounds how deep they nest.
    private func flatten(
        _ members: [JSONValue.Member], prefix: String, into fields: inout [(name: String, value: [UInt8])]
    ) {
        for member in members {
            let name = prefix + member.key
            switch member.value {
            case .null: continue
            case .object(let inner): flatten(inner, prefix: name + ".", into: &fields)
            default: fields.append((name.isEmpty ? "_msg" : name, JSONArrays.text(member.value)))
            }
        }
    }
}

/// `name=value other="a value" flag`
enum Logfmt {
    static func fields(of text: [UInt8]) -> [(name: String, value: [UInt8])] {
        var fields: [(name: String, value: [UInt8])] = []
        func add(_ name: ArraySlice<UInt8>, _ value: [UInt8]) {
            let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
            let start = name.firstIndex { !isSpace($0) } ?? name.endIndex
            let end = name[start...].lastIndex { !isSpace($0) }.map { $0 + 1 } ?? start
            let trimmed = String(decoding: name[start..<end], as: UTF8.self)
            if !trimmed.isEmpty || !value.isEmpty { fields.append((trimmed, value)) }
        }
        var rest = text[...]
        while let end = rest.firstIndex(where: { $0 == 0x3D || $0 == 0x20 }) {
            let name = rest[..<end]
            let isValue = rest[end] == 0x3D
            rest = rest[(end + 1)...]
            guard isValue, !rest.isEmpty else {
                add(name, [])
                if isValue { return fields }
                continue
            }
            if let (value, length) = QuotedText.read(rest) {
                add(name, value)
                rest = rest.dropFirst(length)
                guard rest.first == 0x20 else { return fields }
                rest = rest.dropFirst()
            } else {
                let space = rest.firstIndex(of: 0x20) ?? rest.endIndex
                add(name, Array(rest[..<space]))
                rest = rest[space...].dropFirst()
                if space == text.endIndex { return fields }
            }
        }
        add(rest, [])
        return fields
    }
}
