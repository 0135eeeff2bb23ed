internal import ByteCoding
internal import LogModel

/// Decodes sections of the kind ``SectionKind/typed``, behind the byte that says the form, and the presence.
enum FieldReader {
    /// Reads values that follow from a group of their row.
    ///
    /// - Parameters:
    ///   - reader: stands behind the form.
    ///   - groups: the rows by stream or by level.
    ///   - context: decompresses.
    /// - Returns: the values.
    /// - Throws: ``StoreFormatError`` or ``ByteCodingError`` when the bytes are damaged.
    static func derived(
        _ reader: inout ByteReader, _ groups: RowGroups, _ context: inout CodecContext
    ) throws -> ColumnData {
        let (arena, values) = unsafe try ValueDictionary.entries(&reader, &context)
        let table = unsafe try NumberColumns.packed(
            &reader, count: groups.counts.count, limit: values.count + 1, &context)
        return ColumnData(
            arena: arena, dictionary: [.absent] + values, indexes: groups.groups.map { table[Int($0)] })
    }

    /// Reads the texts of candidates.
    ///
    /// - Parameters:
    ///   - form: none that follows from a group.
    ///   - reader: stands behind the presence.
    ///   - rows: the presence.
    ///   - candidates: whose values are wanted.
    ///   - context: decompresses.
    /// - Returns: the values.
    /// - Throws: ``StoreFormatError`` or ``ByteCodingError`` when the bytes are damaged.
    static func texts(
        _ form: FieldForm, _ reader: inout ByteReader, _ rows: ColumnRows, _ candidates: RowBitmap,
        _ context: inout CodecContext
    ) throws -> ColumnData {
        var texts = TextGatherer(rowCount: rows.rowCount)
        switch form {
        case .numbers:
            let spelling = unsafe try NumberForm(from: &reader)
            let values = unsafe try ScaledIntegers.decode(&reader, count: rows.valueCount, &context)
            try rows.forEach(of: candidates) { (rank, row) throws(StoreFormatError) in
                spelling.write(values[rank], to: &texts.output)
                try texts.end(row)
            }
        case .timestamps:
            let spelling = unsafe try TimestampForm(from: &reader)
            let values = unsafe try ScaledIntegers.decode(&reader, count: rows.valueCount, &context)
            try rows.forEach(of: candidates) { (rank, row) throws(StoreFormatError) in
                spelling.write(values[rank], to: &texts.output)
                try texts.end(row)
            }
        case .hexadecimal:
            let pattern = unsafe try HexadecimalPattern(from: &reader)
            var digits = ByteWriter(capacity: 1 << 12)
            let size = pattern.byteCount
            unsafe try context.decompress(&reader, limit: size * rows.valueCount, into: &digits)
            guard digits.count == size * rows.valueCount else { throw StoreFormatError("digits are cut off") }
            unsafe try digits.withBytes { (bytes) throws(StoreFormatError) in
                try rows.forEach(of: candidates) { (rank, row) throws(StoreFormatError) in
                    let own = rank * size..<(rank + 1) * size
                    unsafe pattern.write(UnsafeRawBufferPointer(rebasing: bytes[own]), to: &texts.output)
                    try texts.end(row)
                }
            }
        case .templates:
            let section = unsafe try reader.bytes(reader.remaining)
            let outline = unsafe try TemplateOutline(
                section, rowCount: rows.valueCount, &context)
            let column = unsafe try TemplateRenderer.messages(
                outline, section, rows.ranks(of: candidates), &context)
            return ColumnData(arena: column.arena, ranges: try rows.spread(column.ranges, absent: .absent))
        case .byStream, .byLevel: throw StoreFormatError("values of a form that has no presence")
        }
        return texts.finish()
    }

    /// Reads numbers as such.
    ///
    /// - Parameters:
    ///   - reader: stands behind the presence.
    ///   - rows: the presence.
    ///   - context: decompresses.
    /// - Returns: all numbers.
    /// - Throws: ``StoreFormatError`` or ``ByteCodingError`` when the bytes are damaged.
    static func numbers(
        _ reader: inout ByteReader, _ rows: ColumnRows, _ context: inout CodecContext
    ) throws -> NumberColumn {
        let form = unsafe try NumberForm(from: &reader)
        let values = unsafe try ScaledIntegers.decode(&reader, count: rows.valueCount, &context)
        let all = RowBitmap(rowCount: rows.rowCount, filled: true)
        return NumberColumn(form: form, values: try rows.spread(values, absent: 0), rows: rows.present ?? all)
    }
}

/// Puts the texts of some rows one behind the other.
private struct TextGatherer: ~Copyable {
    var output = ByteWriter(capacity: 1 << 12)
    private var ranges: [ByteRange]
    private var start = 0

    init(rowCount: Int) {
        ranges = [ByteRange](repeating: .absent, count: rowCount)
    }

    /// Ends the text of a row.
    mutating func end(_ row: Int) throws(StoreFormatError) {
        guard output.count <= StoreLimits.sectionBytes else {
            throw StoreFormatError("values are longer than \(StoreLimits.sectionBytes) bytes")
        }
        ranges[row] = ByteRange(offset: start, length: output.count - start)
        start = output.count
    }

    func finish() -> ColumnData {
        ColumnData(arena: output.array(), ranges: ranges)
    }
}
