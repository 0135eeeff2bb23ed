import ByteCoding
import LineFormats
import QueryLanguage

/// What pipes do to which fields a row has and how they are called.
enum PlainColumns {
    static func keeping(_ row: PlainRow, _ isKept: (String) -> Bool) -> PlainRow {
        PlainRow(row.fields.filter { isKept($0.key) }, origin: row.origin)
    }

    static func mapped(_ row: PlainRow, _ mappings: [FieldMapping], keepsSource: Bool) -> PlainRow {
        var result = row
        for mapping in mappings where mapping.source != mapping.target {
            guard mapping.source.isPrefix else {
                let value = result[mapping.source.name]
                if !keepsSource { result[mapping.source.name] = [] }
                result[mapping.target.name] = value
                continue
            }
            let moved = result.fields.filter { mapping.source.matches($0.key) }
            if !keepsSource { for name in moved.keys { result[name] = [] } }
            for (name, value) in moved {
                let target = mapping.target.name + name.dropFirst(mapping.source.name.count)
                result[target.isEmpty ? "_msg" : target] = value
            }
        }
        return result
    }

    static func packed(_ row: PlainRow, _ pipe: PackPipe) throws -> PlainRow {
        let chosen = row.fields.filter { field in
            pipe.fields.isEmpty || pipe.fields.contains { $0.matches(field.key) }
        }
        var result = row
        switch pipe.form {
        case .json: result[pipe.result] = object(chosen)
        case .logfmt:
            if chosen.count > 1 { throw Undefined("the order of fields") }
            result[pipe.result] = chosen.flatMap { name, value in
                let isPlain = value.allSatisfy { $0 > 0x20 && $0 != 0x7F && !"\"=\\`".utf8.contains($0) }
                return name.bytes + "=".utf8 + (isPlain ? value : quoted(value))
            }
        }
        return result
    }

    /// Fields as an object in JSON, by name.
    static func object(_ fields: [String: [UInt8]]) -> [UInt8] {
        let members = fields.sorted { $0.key < $1.key }.map { quoted($0.key.bytes) + ":".utf8 + quoted($0.value) }
        return "{".bytes + Array(members.joined(separator: ",".utf8)) + "}".utf8
    }

    /// Values as an array in JSON.
    static func array(_ values: [[UInt8]]) -> [UInt8] {
        "[".bytes + Array(values.map { quoted($0) }.joined(separator: ",".utf8)) + "]".utf8
    }

    static func quoted(_ value: [UInt8]) -> [UInt8] {
        var writer = ByteWriter()
        value.withUnsafeBytes { writer.append(jsonString: $0) }
        return writer.array()
    }
}
