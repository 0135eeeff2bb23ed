internal import ByteCoding

/// Writes the column of a field in the form that takes the fewest bytes. Memory is kept from block to block.
struct FieldEncoder: ~Copyable {
    /// Up to as many distinct values, a dictionary takes a byte a row at most, and nothing else is tried.
    private static let smallDictionary = 256

    private var scanner = NumberScanner()
    var integers = ScaledIntegerEncoder()
    private var times = ReusableBuffer<Int64>(capacity: 64)
    private var digits = ByteWriter()
    private var scratch = ByteWriter(capacity: 1 << 16)
    /// The words of templates go nowhere: the filter has those of the values.
    private var noWords = WordCollector(isCollecting: false)

    /// What became of a column.
    struct Outcome {
        var kind: SectionKind
        /// Whether words other than numbers may be of any number, so that a filter is worth it.
        var hasFreeWords = false
    }

    /// What is known of a block while the columns of its fields are written.
    struct Surroundings {
        let rowCount: Int
        let streams: RowGroups
        let levels: RowGroups
        let presences: PresencePlan
    }

    /// Appends a column's section.
    ///
    /// - Parameters:
    ///   - column: the values.
    ///   - number: of the column among those of the presences.
    ///   - block: what its rows have besides.
    ///   - templates: splits text.
    ///   - writer: where the section goes.
    ///   - context: compresses.
    /// - Returns: what it became.
    /// - Throws: ``StoreFormatError`` when zstd fails: out of memory.
    mutating func encode(
        _ column: inout ColumnBuilder, number: Int, _ block: Surroundings, _ templates: inout TemplateEncoder,
        into writer: inout ByteWriter, _ context: inout CodecContext
    ) throws(StoreFormatError) -> Outcome {
        let start = writer.count
        let dictionary = ValueDictionary(column)
        if let dictionary {
            if try derive(column, dictionary, block, into: &writer, &context) { return Outcome(kind: .typed) }
            if dictionary.entries.count <= Self.smallDictionary {
                block.presences.encode(number, column.rows, of: block.rowCount, into: &writer)
                try dictionary.encode(column, into: &writer, scratch: &scratch, &context)
                return Outcome(kind: .dictionary)
            }
        }
        let form = try type(column, number, block, into: &writer, &context)
        let typed = form.map { Outcome(kind: .typed, hasFreeWords: $0 == .hexadecimal || $0 == .hexadecimalPieces) }
        if let dictionary {
            let end = writer.count
            block.presences.encode(number, column.rows, of: block.rowCount, into: &writer)
            try dictionary.encode(column, into: &writer, scratch: &scratch, &context)
            if writer.keepShorter(from: start, or: end) { return Outcome(kind: .dictionary) }
        }
        if let typed { return typed }
        writer.append(FieldForm.templates.rawValue)
        block.presences.encode(number, column.rows, of: block.rowCount, into: &writer)
        let outcome = try templates.encode(&column, into: &writer, &noWords, &context)
        if let outcome, outcome.isSure { return Outcome(kind: .typed, hasFreeWords: true) }
        if outcome == nil { writer.truncate(to: start) }
        let end = writer.count
        block.presences.encode(number, column.rows, of: block.rowCount, into: &writer)
        try ValueColumns.encodeText(column, into: &writer, scratch: &scratch, &context)
        return Outcome(kind: writer.keepShorter(from: start, or: end) ? .text : .typed, hasFreeWords: true)
    }

    /// Writes values that follow from the stream or the level of their row; false when they do not.
    private mutating func derive(
        _ column: borrowing ColumnBuilder, _ dictionary: ValueDictionary, _ block: Surroundings,
        into writer: inout ByteWriter, _ context: inout CodecContext
    ) throws(StoreFormatError) -> Bool {
        let form: FieldForm
        let table: [UInt32]
        if let values = block.levels.values(dictionary.indexes, of: column.rows) {
            (form, table) = (.byLevel, values)
        } else if let values = block.streams.values(dictionary.indexes, of: column.rows) {
            (form, table) = (.byStream, values)
        } else {
            return false
        }
        writer.append(form.rawValue)
        try dictionary.encodeEntries(column, into: &writer, scratch: &scratch, &context)
        try NumberColumns.encode(
            packed: table, limit: dictionary.entries.count + 1, into: &writer, scratch: &scratch, &context)
        return true
    }

    /// Writes values as what they stand for; nil, and nothing was written, when they have no type in common.
    private mutating func type(
        _ column: borrowing ColumnBuilder, _ number: Int, _ block: Surroundings, into writer: inout ByteWriter,
        _ context: inout CodecContext
    ) throws(StoreFormatError) -> FieldForm? {
        let start = writer.count
        func begin(_ form: FieldForm, _ writer: inout ByteWriter) {
            writer.append(form.rawValue)
            block.presences.encode(number, column.rows, of: block.rowCount, into: &writer)
        }
        if let form = scanner.form(of: column) {
            begin(.numbers, &writer)
            form.encode(into: &writer)
            if try integers.encode(scanner.numbers, into: &writer, &context) { return .numbers }
        } else if let form = TimestampForm.find(column, times: &times) {
            begin(.timestamps, &writer)
            form.encode(into: &writer)
            if try integers.encode(times, into: &writer, &context) { return .timestamps }
        } else {
            digits.removeAll()
            guard let pattern = HexadecimalPattern.find(column, digits: &digits) else { return nil }
            if HexadecimalPieces.areMany(column.rows.count) {
                begin(.hexadecimalPieces, &writer)
                try HexadecimalPieces.encode(pattern, digits, into: &writer, &context)
                return .hexadecimalPieces
            }
            begin(.hexadecimal, &writer)
            pattern.encode(into: &writer)
            unsafe try digits.withBytes { (bytes) throws(StoreFormatError) in
                unsafe try context.compress(bytes, into: &writer)
            }
            return .hexadecimal
        }
        writer.truncate(to: start)
        return nil
    }
}

extension ByteWriter {
    /// Of two forms of the same, one from `start` and the other behind it from `middle`, keeps the one of fewer bytes.
    ///
    /// - Parameters:
    ///   - start: where the first begins; it may be empty, and then is none.
    ///   - middle: where the second begins.
    /// - Returns: whether the second was kept.
    mutating func keepShorter(from start: Int, or middle: Int) -> Bool {
        if middle > start, count - middle >= middle - start {
            truncate(to: middle)
            return false
        }
        if middle > start {
            let second = unsafe withBytes { unsafe Array($0[middle...]) }
            truncate(to: start)
            append(contentsOf: second)
        }
        return true
    }
}
