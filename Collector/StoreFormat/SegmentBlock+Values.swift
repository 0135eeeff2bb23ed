internal import ByteCoding
internal import LogModel

extension SegmentBlock {
    /// The values of a section of any kind that holds some.
    func values(_ reference: SectionReference, _ candidates: RowBitmap) throws -> ColumnData {
        let content = try segment.section(reference)
        return unsafe try content.withUnsafeBytes { raw in
            var context = CodecContext()
            var reader = unsafe ByteReader(raw)
            switch reference.kind {
            case .dictionary: return unsafe try ValueColumns.dictionary(&reader, try rows(&reader), &context)
            case .text, .overflow:
                return unsafe try ValueColumns.text(&reader, try rows(&reader), candidates, &context)
            case .templates:
                return unsafe try TemplateRenderer.messages(try outline(), raw, candidates, &context)
            case .typed:
                switch unsafe try form(&reader) {
                case .byStream:
                    return unsafe try FieldReader.derived(&reader, try streamGroups(), &context)
                case .byLevel:
                    return unsafe try FieldReader.derived(&reader, try levelGroups(), &context)
                case let form:
                    return unsafe try FieldReader.texts(form, &reader, try rows(&reader), candidates, &context)
                }
            default: throw StoreFormatError("values in a section of the kind \(reference.kind)")
            }
        }
    }

    func numbers(_ name: String) throws -> NumberColumn? {
        guard let reference = description.columns.first(where: { $0.name == name })?.section,
            reference.kind == .typed
        else { return nil }
        let content = try segment.section(reference)
        return unsafe try content.withUnsafeBytes { raw in
            var context = CodecContext()
            var reader = unsafe ByteReader(raw)
            guard unsafe try form(&reader) == .numbers else { return nil }
            return unsafe try FieldReader.numbers(&reader, try rows(&reader), &context)
        }
    }

    private func form(_ reader: inout ByteReader) throws -> FieldForm {
        guard let form = FieldForm(rawValue: unsafe try reader.byte()) else {
            throw StoreFormatError("column of an unknown form")
        }
        return form
    }

    /// Reads a presence.
    private func rows(_ reader: inout ByteReader) throws -> ColumnRows {
        guard let kind = Presence(rawValue: unsafe try reader.byte()) else {
            throw StoreFormatError("unknown presence")
        }
        switch kind {
        case .streams:
            let groups = try streamGroups()
            var has = [Bool](repeating: false, count: groups.counts.count)
            for group in unsafe try Presence.bits(&reader, count: has.count) { has[Int(group)] = true }
            let rows = (0..<UInt32(rowCount)).filter { has[Int(groups.groups[Int($0)])] }
            return ColumnRows(rowCount: rowCount, rows: rows)
        case .shared:
            let number = unsafe try reader.count(limit: Int.max)
            guard description.presences.indices.contains(number) else {
                throw StoreFormatError("presence that the block does not have")
            }
            let content = try segment.section(description.presences[number])
            return unsafe try content.withUnsafeBytes { raw in
                var reader = unsafe ByteReader(raw)
                guard let kind = Presence(rawValue: unsafe try reader.byte()) else {
                    throw StoreFormatError("unknown presence")
                }
                let rows = unsafe try Presence.decode(kind, &reader, rowCount: rowCount)
                return ColumnRows(rowCount: rowCount, rows: rows)
            }
        case .all, .bitmap, .list:
            let rows = unsafe try Presence.decode(kind, &reader, rowCount: rowCount)
            return ColumnRows(rowCount: rowCount, rows: rows)
        }
    }
}
