internal import ByteCoding
internal import LogModel

extension SegmentBlock {
    func rows(having name: String?, among rows: RowBitmap) throws -> RowBitmap? {
        guard let name else { return try rowsWithMessage(among: rows) }
        guard let column = description.columns.first(where: { $0.name == name })?.section else {
            if description.overflow?.names.contains(name) ?? false { return nil }
            return RowBitmap(rowCount: rowCount, filled: false)
        }
        return unsafe try decoding(column) { raw, context in
            var reader = unsafe ByteReader(raw)
            switch column.kind {
            case .dictionary:
                let present = unsafe try self.rows(&reader, of: column)
                let (_, entries) = unsafe try ValueDictionary.entries(&reader, &context)
                return entries.contains { $0.length == 0 } ? nil : present.present(among: rows)
            case .typed:
                return unsafe try self.rows(withTyped: column, among: rows, &reader, &context)
            default: return nil
            }
        }
    }

    private func rows(
        withTyped column: SectionReference, among rows: RowBitmap, _ reader: inout ByteReader,
        _ context: inout CodecContext
    ) throws -> RowBitmap? {
        let form = unsafe try form(&reader)
        if form == .byStream || form == .byLevel {
            let groups = form == .byStream ? try rowsByStream() : try rowsByLevel()
            let values = unsafe try FieldReader.derived(&reader, groups, &context)
            var found = rows
            found.keep(groups.groups, values.ranges.map { !$0.isAbsent && $0.length > 0 })
            return found
        }
        let present = unsafe try self.rows(&reader, of: column)
        switch form {
        case .numbers, .timestamps: return present.present(among: rows)
        case .hexadecimal:
            return unsafe try HexadecimalPattern(from: &reader).byteCount > 0 ? present.present(among: rows) : nil
        case .templates:
            let outline = unsafe try outline(column, try reader.bytes(reader.remaining), present.valueCount)
            return outline.mayHaveEmpty ? nil : present.present(among: rows)
        case .hexadecimalPieces: return present.present(among: rows)
        case .byStream, .byLevel: return nil
        }
    }

    private func rowsWithMessage(among rows: RowBitmap) throws -> RowBitmap? {
        let section = description.messages
        guard section.kind == .templates else { return nil }
        if let outline = knownTerms()?.outline ?? segment.known(section, .templates) as TemplateOutline? {
            return outline.mayHaveEmpty ? nil : rows
        }
        return unsafe try decoding(section) { raw, _ in
            unsafe try outline(section, raw, rowCount).mayHaveEmpty ? nil : rows
        }
    }
}

extension ColumnRows {
    /// The rows of a set that have a value.
    func present(among rows: RowBitmap) -> RowBitmap {
        guard let present else { return rows }
        var found = rows
        found.formIntersection(present)
        return found
    }
}

extension TemplateOutline {
    /// Whether some text may be empty: a variable never is.
    var mayHaveEmpty: Bool { directory.templates.contains { $0.text.length == 0 } }
}
