internal import ByteCoding
internal import LogModel

/// A column of variables as the directory describes it. What the numbers mean depends on the kind.
///
/// A block has thousands of these, and the cache holds those of many blocks: numbers, all below 2^31, take four bytes.
struct TemplateColumn {
    var kind: VariableKind
    /// `text`: whether each value is one word of ASCII.
    var isWords = false
    private var storedFirst: Int32 = 0
    private var storedSecond: Int32 = 0
    private var storedThird: Int32 = 0
    private var storedRows: Int32
    var integers = PackedIntegers()

    init(kind: VariableKind, rows: Int) {
        self.kind = kind
        storedRows = Int32(truncatingIfNeeded: rows)
    }

    /// `constant`: where the value is in the directory. `dictionary`: its entries in ``TemplateDirectory/entries``.
    /// `decimal`: number of digits, or 0. `hexadecimal`: flags and bytes a value. `parts`: its pieces among the entries.
    /// `text`: bytes of lengths, and of values.
    var first: Int {
        get { Int(storedFirst) }
        set { storedFirst = Int32(truncatingIfNeeded: newValue) }
    }
    var second: Int {
        get { Int(storedSecond) }
        set { storedSecond = Int32(truncatingIfNeeded: newValue) }
    }
    /// `parts`: the first of its columns of digits. `hexadecimal`: place in the wide area. `text`: place of the values.
    var third: Int {
        get { Int(storedThird) }
        set { storedThird = Int32(truncatingIfNeeded: newValue) }
    }
    /// Rows that have the column.
    var rows: Int { Int(storedRows) }
}

/// A template as the directory has it.
struct TemplateEntry {
    /// Where its text is in the directory.
    let text: ByteRange
    private let storedVariables: Int32
    private var storedRows: Int32 = 0
    private var storedPosition: Int32 = 0
    /// Whether its variables have columns, the numbers of which begin at ``firstPosition`` of the positions; else its
    /// variables are in the shared column, beginning at that number.
    let hasColumns: Bool

    init(text: ByteRange, variables: Int, hasColumns: Bool) {
        self.text = text
        storedVariables = Int32(truncatingIfNeeded: variables)
        self.hasColumns = hasColumns
    }

    /// Rows that have it.
    var rows: Int {
        get { Int(storedRows) }
        set { storedRows = Int32(truncatingIfNeeded: newValue) }
    }
    var firstPosition: Int {
        get { Int(storedPosition) }
        set { storedPosition = Int32(truncatingIfNeeded: newValue) }
    }

    /// Placeholders in its text.
    var variableCount: Int { Int(storedVariables) }
}

/// The directory of a section of messages: templates, and where their variables are.
struct TemplateDirectory {
    var templates: [TemplateEntry] = []
    /// Number of the column of each position.
    var positions: [Int32] = []
    var columns: [TemplateColumn] = []
    /// Entries of dictionaries and pieces of parts.
    var entries: [ByteRange] = []
    /// Number of the column of rare templates' variables, if there are any; of the first, if they are in pieces.
    var shared: Int?
    /// Two to this power are the values of a piece; where there is one column, it has all.
    private(set) var pieceBits = 62
    /// Bytes of each area that the columns take.
    private(set) var used = [Int](repeating: 0, count: 4)

    /// Reads the templates.
    init(templates reader: inout ByteReader, rowCount: Int) throws(ByteCodingError) {
        let count = unsafe try reader.count(limit: rowCount)
        var lengths: [Int] = []
        lengths.reserveCapacity(count)
        templates.reserveCapacity(count)
        for _ in 0..<count { lengths.append(unsafe try reader.count(limit: StoreLimits.sectionBytes)) }
        for word in lengths {
            let start = unsafe reader.offset
            let text = unsafe try reader.bytes(word >> 1)
            var variables = 0
            for index in 0..<text.count where unsafe text[index] == TokenClass.placeholder { variables += 1 }
            templates.append(
                TemplateEntry(
                    text: ByteRange(offset: start, length: text.count), variables: variables,
                    hasColumns: word & 1 == 1))
        }
    }

    /// Reads the columns. The rows of each template have been counted.
    mutating func readColumns(_ reader: inout ByteReader) throws(ByteCodingError) {
        var sharedValues = 0
        for index in templates.indices {
            let count = templates[index].variableCount
            if !templates[index].hasColumns {
                templates[index].firstPosition = sharedValues
                // 65,536 rows of at most as many variables as the directory has bytes: far below overflow.
                sharedValues += count * templates[index].rows
                continue
            }
            let first = positions.count
            templates[index].firstPosition = first
            for position in 0..<count {
                let kind = unsafe try Self.kind(&reader)
                if kind == .copy {
                    let earlier = unsafe try reader.count(limit: Int.max)
                    guard earlier < position else {
                        throw unsafe .invalid(offset: reader.offset, what: "column is a copy of none")
                    }
                    positions.append(positions[first + earlier])
                } else {
                    let column = unsafe try self.column(kind, &reader, rows: templates[index].rows, isPart: false)
                    positions.append(Int32(truncatingIfNeeded: columns.count))
                    columns.append(column)
                }
            }
        }
        guard sharedValues > 0 else { return }
        guard sharedValues <= TemplateBlock.mostValues else {
            throw unsafe .invalid(offset: reader.offset, what: "too many rare variables")
        }
        shared = columns.count
        switch unsafe try Self.kind(&reader) {
        case .text:
            columns.append(unsafe try column(.text, &reader, rows: sharedValues, isPart: false))
        case .pieces:
            let isWords = unsafe try reader.byte() == 1
            pieceBits = unsafe Int(try reader.byte())
            guard pieceBits <= 24 else { throw unsafe .invalid(offset: reader.offset, what: "pieces too long") }
            // Each piece takes some bytes of the directory, so there are no more of them than that has.
            for first in stride(from: 0, to: sharedValues, by: 1 << pieceBits) {
                let rows = min(1 << pieceBits, sharedValues - first)
                columns.append(unsafe try text(&reader, rows: rows, isWords: isWords))
            }
        default: throw unsafe .invalid(offset: reader.offset, what: "rare variables are no text")
        }
    }

    /// The columns with the variables of a rare template.
    func pieces(of template: TemplateEntry, ranks: Range<Int>) -> Range<Int> {
        guard let shared, template.variableCount > 0, !ranks.isEmpty else { return 0..<0 }
        let first = template.firstPosition + ranks.lowerBound * template.variableCount
        let last = template.firstPosition + ranks.upperBound * template.variableCount - 1
        return (shared + first >> pieceBits)..<(shared + last >> pieceBits + 1)
    }

    /// Gives back the room for more that arrays which grew have.
    mutating func trim() {
        positions = positions.trimmed()
        columns = columns.trimmed()
        entries = entries.trimmed()
    }

    /// Bytes of memory.
    var memoryBytes: Int {
        templates.capacity * MemoryLayout<TemplateEntry>.stride
            + columns.capacity * MemoryLayout<TemplateColumn>.stride
            + entries.capacity * 8 + positions.capacity * 4
    }

    /// Lends everything that reads values, without the cost of arrays.
    func withBuffers<R>(
        _ columns: [TemplateColumn], _ texts: UnsafeRawBufferPointer, _ content: UnsafeRawBufferPointer,
        _ sums: [UInt64], _ textStarts: [UInt32], _ body: (VariableReader) throws(StoreFormatError) -> R
    ) throws(StoreFormatError) -> R {
        unsafe try templates.span.withUnsafeBufferPointer { (templates) throws(StoreFormatError) -> R in
            unsafe try positions.span.withUnsafeBufferPointer { (positions) throws(StoreFormatError) -> R in
                unsafe try columns.span.withUnsafeBufferPointer { (columns) throws(StoreFormatError) -> R in
                    unsafe try entries.span.withUnsafeBufferPointer { (entries) throws(StoreFormatError) -> R in
                        unsafe try sums.span.withUnsafeBufferPointer { (sums) throws(StoreFormatError) -> R in
                            unsafe try textStarts.span.withUnsafeBufferPointer {
                                (textStarts) throws(StoreFormatError) -> R in
                                unsafe try body(
                                    VariableReader(
                                        texts: texts, content: content, templates: templates,
                                        positions: positions, columns: columns, entries: entries, sums: sums,
                                        textStarts: textStarts, shared: shared ?? 0, pieceBits: pieceBits))
                            }
                        }
                    }
                }
            }
        }
    }

    private static func kind(_ reader: inout ByteReader) throws(ByteCodingError) -> VariableKind {
        guard let kind = VariableKind(rawValue: unsafe try reader.byte()) else {
            throw unsafe .invalid(offset: reader.offset, what: "unknown kind of column")
        }
        return kind
    }

    /// Reads one column; those of digits within it are appended first.
    private mutating func column(
        _ kind: VariableKind, _ reader: inout ByteReader, rows: Int, isPart: Bool
    ) throws(ByteCodingError) -> TemplateColumn {
        var column = TemplateColumn(kind: kind, rows: rows)
        switch kind {
        case .constant:
            let value = unsafe try entry(&reader)
            column.first = Int(value.offset)
            column.second = Int(value.length)
        case .dictionary:
            column.first = entries.count
            column.second = unsafe try reader.count(limit: reader.remaining)
            for _ in 0..<column.second { entries.append(unsafe try entry(&reader)) }
            column.integers = unsafe try PackedIntegers(from: &reader, rows: rows, used: &used)
        case .decimal:
            column.first = unsafe Int(try reader.byte())
            guard column.first <= VariableColumns.mostDigits else {
                throw unsafe .invalid(offset: reader.offset, what: "too many digits")
            }
            column.integers = unsafe try PackedIntegers(from: &reader, rows: rows, used: &used)
        case .digits: column.integers = unsafe try PackedIntegers(from: &reader, rows: rows, used: &used)
        case .hexadecimal where !isPart:
            column.first = unsafe Int(try reader.byte())
            column.second = unsafe Int(try reader.byte())
            column.third = unsafe try take(.wide, column.second, rows, &reader)
        case .parts where !isPart:
            let runs = unsafe try reader.count(limit: VariableColumns.mostParts)
            column.first = entries.count
            column.second = runs
            for _ in 0...runs { entries.append(unsafe try entry(&reader)) }
            var parts: [TemplateColumn] = []
            for _ in 0..<runs {
                let kind = unsafe try Self.kind(&reader)
                parts.append(unsafe try self.column(kind, &reader, rows: rows, isPart: true))
            }
            column.third = columns.count
            columns.append(contentsOf: parts)
        case .text where !isPart:
            let isWords = unsafe try reader.byte() == 1
            return unsafe try text(&reader, rows: rows, isWords: isWords)
        case .copy, .hexadecimal, .parts, .text, .pieces:
            throw unsafe .invalid(offset: reader.offset, what: "a kind of column that cannot be here")
        }
        return column
    }

    private mutating func text(
        _ reader: inout ByteReader, rows: Int, isWords: Bool
    ) throws(ByteCodingError) -> TemplateColumn {
        var column = TemplateColumn(kind: .text, rows: rows)
        column.isWords = isWords
        column.first = unsafe try reader.count(limit: StoreLimits.sectionBytes)
        column.second = unsafe try reader.count(limit: StoreLimits.sectionBytes)
        column.integers.bytes = unsafe try take(.bytes, column.first, 1, &reader)
        column.third = unsafe try take(.text, column.second, 1, &reader)
        return column
    }

    private func entry(_ reader: inout ByteReader) throws(ByteCodingError) -> ByteRange {
        let bytes = unsafe try reader.lengthPrefixed()
        return ByteRange(offset: unsafe reader.offset - bytes.count, length: bytes.count)
    }

    /// The next place of an area, and moves on.
    private mutating func take(
        _ area: ColumnAreas.Kind, _ size: Int, _ count: Int, _ reader: inout ByteReader
    ) throws(ByteCodingError) -> Int {
        unsafe try PackedIntegers.take(area, size, count, of: &used, &reader)
    }
}

extension Array where Element: BitwiseCopyable {
    /// The same elements in no more memory than they need.
    fileprivate func trimmed() -> [Element] {
        unsafe [Element](unsafeUninitializedCapacity: count) { buffer, filled in
            unsafe _ = buffer.initialize(from: self)
            filled = count
        }
    }
}
