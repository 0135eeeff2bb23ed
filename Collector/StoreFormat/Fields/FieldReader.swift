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
        let table: [UInt32] = unsafe try NumberColumns.packed(
            &reader, count: groups.numbers.count, limit: values.count + 1, &context)
        return ColumnData(
            arena: arena, dictionary: table.map { $0 == 0 ? .absent : values[Int($0) - 1] }, indexes: groups.groups)
    }

    /// Reads the texts of candidates.
    ///
    /// - Parameters:
    ///   - form: none that follows from a group, nor templates.
    ///   - reader: stands behind the presence.
    ///   - rows: the presence.
    ///   - candidates: whose values are wanted.
    ///   - picks: whether the result has the values of candidates alone.
    ///   - context: decompresses.
    /// - Returns: the values.
    /// - Throws: ``StoreFormatError`` or ``ByteCodingError`` when the bytes are damaged.
    static func texts(
        _ form: FieldForm, _ reader: inout ByteReader, _ rows: ColumnRows, _ candidates: RowBitmap, picks: Bool,
        _ context: inout CodecContext
    ) throws -> ColumnData {
        var texts = TextGatherer(count: picks ? candidates.count : rows.rowCount)
        switch form {
        case .numbers:
            let spelling = unsafe try NumberForm(from: &reader)
            let values = unsafe try ScaledIntegers(&reader, count: rows.valueCount, few: picks, &context)
            try rows.forEach(of: candidates) { (rank, row, place) throws(StoreFormatError) in
                spelling.write(values[rank], to: &texts.output)
                try texts.end(picks ? place : row)
            }
        case .timestamps:
            let spelling = unsafe try TimestampForm(from: &reader)
            let values = unsafe try ScaledIntegers(&reader, count: rows.valueCount, few: picks, &context)
            try rows.forEach(of: candidates) { (rank, row, place) throws(StoreFormatError) in
                spelling.write(values[rank], to: &texts.output)
                try texts.end(picks ? place : row)
            }
        case .hexadecimal:
            let pattern = unsafe try HexadecimalPattern(from: &reader)
            var digits = ByteWriter(capacity: 1 << 12)
            let size = pattern.byteCount
            unsafe try context.decompress(&reader, limit: size * rows.valueCount, into: &digits)
            guard digits.count == size * rows.valueCount else { throw StoreFormatError("digits are cut off") }
            unsafe try digits.withBytes { (bytes) throws(StoreFormatError) in
                try rows.forEach(of: candidates) { (rank, row, place) throws(StoreFormatError) in
                    let own = rank * size..<(rank + 1) * size
                    unsafe pattern.write(UnsafeRawBufferPointer(rebasing: bytes[own]), to: &texts.output)
                    try texts.end(picks ? place : row)
                }
            }
        case .byStream, .byLevel, .templates, .hexadecimalPieces:
            throw StoreFormatError("values of a form that has no texts")
        }
        return texts.finish()
    }

    /// Puts values of candidates, one behind the other, where they belong.
    static func placed(
        _ column: ColumnData, _ rows: ColumnRows, _ candidates: RowBitmap, picks: Bool
    ) throws(StoreFormatError) -> ColumnData {
        var ranges = [ByteRange](repeating: .absent, count: picks ? candidates.count : rows.rowCount)
        var next = 0
        try rows.forEach(of: candidates) { (_, row, place) throws(StoreFormatError) in
            ranges[picks ? place : row] = column.ranges[next]
            next += 1
        }
        return ColumnData(arena: column.arena, ranges: ranges)
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
struct TextGatherer: ~Copyable {
    var output = ByteWriter(capacity: 1 << 12)
    private var ranges: [ByteRange]
    private var start = 0

    init(count: Int) {
        ranges = [ByteRange](repeating: .absent, count: count)
    }

    /// Ends the text at a place of the result.
    mutating func end(_ place: Int) throws(StoreFormatError) {
        guard output.count <= StoreLimits.sectionBytes else {
            throw StoreFormatError("values are longer than \(StoreLimits.sectionBytes) bytes")
        }
        ranges[place] = ByteRange(offset: start, length: output.count - start)
        start = output.count
    }

    func finish() -> ColumnData {
        ColumnData(arena: output.array(), ranges: ranges)
    }
}
