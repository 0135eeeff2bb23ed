internal import ByteCoding
internal import LineFormats
internal import LogModel
internal import QueryLanguage

extension ResultBlock {
    /// The block with its fields as one text.
    func packing(_ pipe: PackPipe) -> ResultBlock {
        let chosen = fields.filter { field in pipe.fields.isEmpty || pipe.fields.contains { $0.matches(field.name) } }
        return writing(pipe.result) { row in
            var writer = ByteWriter(capacity: 256)
            switch pipe.form {
            case .json: RowObject.write(chosen, row, to: &writer)
            case .logfmt: RowObject.writeLogfmt(chosen, row, to: &writer)
            }
            return writer.array()
        }
    }

    /// The block with the words of a field.
    func unpackingWords(_ pipe: UnpackWordsPipe) -> ResultBlock {
        let column = column(pipe.source)
        return writing(pipe.result) { row in
            var words: [[UInt8]] = []
            var seen: Set<[UInt8]> = []
            (column?.value(at: row) ?? []).withUnsafeBytes { bytes in
                WordRule.forEachWord(in: bytes) { word in
                    if !pipe.dropsDuplicates || seen.insert(Array(word)).inserted { words.append(Array(word)) }
                }
            }
            var writer = ByteWriter(capacity: 64)
            JSONArrays.write(words, to: &writer)
            return writer.array()
        }
    }
}

/// A row as text. Fields without a value are left out.
enum RowObject {
    /// As an object in JSON.
    static func write(_ fields: [ResultBlock.Field], _ row: Int, to writer: inout ByteWriter) {
        writer.append(0x7B)
        var isFirst = true
        for field in fields {
            guard let value = field.column.value(at: row), !value.isEmpty else { continue }
            if !isFirst { writer.append(0x2C) }
            isFirst = false
            writer.append(jsonString: field.name)
            writer.append(0x3A)
            value.withUnsafeBytes { writer.append(jsonString: $0) }
        }
        writer.append(0x7D)
    }

    /// As `name=value other="a value"`.
    static func writeLogfmt(_ fields: [ResultBlock.Field], _ row: Int, to writer: inout ByteWriter) {
        var isFirst = true
        for field in fields {
            guard let value = field.column.value(at: row), !value.isEmpty else { continue }
            if !isFirst { writer.append(0x20) }
            isFirst = false
            writer.append(utf8: field.name)
            writer.append(0x3D)
            let needsQuotes = value.contains {
                $0 <= 0x20 || $0 == 0x22 || $0 == 0x3D || $0 == 0x5C || $0 == 0x60 || $0 == 0x7F
            }
            value.withUnsafeBytes { bytes in
                if needsQuotes { writer.append(jsonString: bytes) } else { writer.append(contentsOf: bytes) }
            }
        }
    }
}
