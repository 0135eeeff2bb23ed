internal import ByteCoding
internal import LogModel

extension SegmentBlock {
    /// The values of a section of any kind that holds some.
    ///
    /// - Parameters:
    ///   - reference: the section.
    ///   - candidates: whose values are wanted.
    ///   - picks: whether the result has the values of candidates alone, one behind the other, instead of all rows.
    /// - Returns: the values.
    /// - Throws: ``StoreFormatError`` or ``ByteCodingError`` when the section is damaged; what reading throws.
    func values(_ reference: SectionReference, _ candidates: RowBitmap, picks: Bool = false) throws -> ColumnData {
        if picks, let few = try values(reference, few: candidates) { return few }
        return unsafe try decoding(reference) { raw, context in
            var reader = unsafe ByteReader(raw)
            func whole(_ column: ColumnData) -> ColumnData { picks ? column.picking(candidates) : column }
            switch reference.kind {
            case .dictionary:
                let rows = unsafe try rows(&reader, of: reference)
                if picks {
                    return unsafe try ValueColumns.dictionary(&reader, rows, picking: candidates, &context)
                }
                return unsafe try ValueColumns.dictionary(&reader, rows, &context)
            case .text, .overflow:
                let rows = unsafe try rows(&reader, of: reference)
                return whole(unsafe try ValueColumns.text(&reader, rows, candidates, &context))
            case .templates:
                return unsafe try TemplateRenderer.messages(
                    try outline(reference, raw, rowCount), raw, candidates, picks: picks, &context)
            case .typed:
                switch unsafe try form(&reader) {
                case .byStream:
                    return whole(unsafe try FieldReader.derived(&reader, try rowsByStream(), &context))
                case .byLevel:
                    return whole(unsafe try FieldReader.derived(&reader, try rowsByLevel(), &context))
                case .templates:
                    let rows = unsafe try rows(&reader, of: reference)
                    let section = unsafe try reader.bytes(reader.remaining)
                    let column = unsafe try TemplateRenderer.messages(
                        try outline(reference, section, rows.valueCount), section, rows.ranks(of: candidates),
                        picks: true, &context)
                    return try FieldReader.placed(column, rows, candidates, picks: picks)
                case .hexadecimalPieces:
                    let rows = unsafe try rows(&reader, of: reference)
                    let pieces = unsafe try HexadecimalPieces(from: &reader, count: rows.valueCount)
                    return unsafe try pieces.texts(SectionParts(whole: raw), rows, candidates, picks: picks, &context)
                case let form:
                    let rows = unsafe try rows(&reader, of: reference)
                    return unsafe try FieldReader.texts(form, &reader, rows, candidates, picks: picks, &context)
                }
            default: throw StoreFormatError("values in a section of the kind \(reference.kind)")
            }
        }
    }

    /// The values of few rows, by parts of a section, one behind the other; nil when it has to be read whole.
    private func values(_ reference: SectionReference, few rows: RowBitmap) throws -> ColumnData? {
        guard memo != nil, rows.count <= Self.fewRows, let pages = pages(of: reference) else { return nil }
        switch reference.kind {
        case .templates:
            guard reference.offset == description.messages.offset,
                let outline = knownTerms()?.outline ?? segment.known(reference, .templates) as TemplateOutline?
            else { return nil }
            return unsafe try TemplateRenderer.messages(few: rows, outline) { ranges, body in
                unsafe try decoding(ranges, of: reference, pages, body)
            }
        case .typed:
            let head = 0..<PageChecksums.pageBytes
            let found: (HexadecimalPieces, ColumnRows)?? = unsafe try decoding([head], of: reference, pages) {
                parts, _ in
                var reader = unsafe ByteReader(try parts[head])
                guard unsafe try form(&reader) == .hexadecimalPieces else { return nil }
                // What begins with a long presence is read whole.
                guard let present = unsafe try? self.rows(&reader, of: reference),
                    let pieces = unsafe try? HexadecimalPieces(from: &reader, count: present.valueCount)
                else { return nil }
                return (pieces, present)
            }
            guard case .some(.some((let pieces, let present))) = found else { return nil }
            return unsafe try decoding(pieces.ranges(of: rows, present), of: reference, pages) { parts, context in
                unsafe try pieces.texts(parts, present, rows, picks: true, &context)
            }
        default: return nil
        }
    }

    func storedTemplates() throws -> ColumnData? {
        let section = description.messages
        guard section.kind == .templates else { return nil }
        if memo != nil, let outline = knownTerms()?.outline ?? segment.known(section, .templates) as TemplateOutline? {
            return outline.templates
        }
        return unsafe try decoding(section) { raw, _ in unsafe try outline(section, raw, rowCount).templates }
    }

    /// The outline of templates, which the cache keeps for queries.
    func outline(
        _ reference: SectionReference, _ section: UnsafeRawBufferPointer, _ rowCount: Int
    ) throws -> TemplateOutline {
        if reference.offset == description.messages.offset, let terms = knownTerms() { return terms.outline }
        func read() throws -> TemplateOutline {
            var context = CodecContext()
            let outline = unsafe try TemplateOutline(section, rowCount: rowCount, &context)
            let bytes = context.decompressedBytes
            memo?.note { $0.decompressedBytes += bytes }
            return outline
        }
        return memo == nil ? try read() : try cached(reference, .templates, cost: \.memoryBytes, read)
    }

    func numbers(_ name: String) throws -> NumberColumn? {
        guard let reference = description.columns.first(where: { $0.name == name })?.section,
            reference.kind == .typed
        else { return nil }
        return unsafe try decoding(reference) { raw, context in
            var reader = unsafe ByteReader(raw)
            guard unsafe try form(&reader) == .numbers else { return nil }
            return unsafe try FieldReader.numbers(&reader, try rows(&reader, of: reference), &context)
        }
    }

    func form(_ reader: inout ByteReader) throws -> FieldForm {
        guard let form = FieldForm(rawValue: unsafe try reader.byte()) else {
            throw StoreFormatError("column of an unknown form")
        }
        return form
    }

    /// Reads the presence of the column in a section.
    func rows(_ reader: inout ByteReader, of column: SectionReference) throws -> ColumnRows {
        guard let kind = Presence(rawValue: unsafe try reader.byte()) else {
            throw StoreFormatError("unknown presence")
        }
        switch kind {
        case .streams:
            let groups = try rowsByStream()
            let has = unsafe try Presence.bitmap(&reader, count: groups.numbers.count)
            return try presence(column) {
                var rows = RowBitmap(rowCount: rowCount, filled: true)
                rows.keep(groups.groups, groups.numbers.indices.map { has.contains($0) })
                return ColumnRows(rowCount: rowCount, rows)
            }
        case .shared:
            let number = unsafe try reader.count(limit: Int.max)
            guard description.presences.indices.contains(number) else {
                throw StoreFormatError("presence that the block does not have")
            }
            return try presence(description.presences[number]) {
                return unsafe try decoding(description.presences[number]) { raw, _ in
                    var reader = unsafe ByteReader(raw)
                    guard let kind = Presence(rawValue: unsafe try reader.byte()) else {
                        throw StoreFormatError("unknown presence")
                    }
                    return unsafe ColumnRows(
                        rowCount: rowCount, try Presence.decode(kind, &reader, rowCount: rowCount))
                }
            }
        case .all, .bitmap, .list:
            return unsafe ColumnRows(rowCount: rowCount, try Presence.decode(kind, &reader, rowCount: rowCount))
        }
    }

    /// A presence that takes some work; for queries the cache keeps it.
    private func presence(_ section: SectionReference, _ make: () throws -> ColumnRows) throws -> ColumnRows {
        memo == nil ? try make() : try cached(section, .presence, cost: \.memoryBytes, make)
    }
}
