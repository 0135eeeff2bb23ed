package import LogModel

extension ByteRange {
    /// Stands for "this row has no such field".
    package static let absent = ByteRange(offset: 0, length: 0xFFFF_FFFF)

    /// Whether the row has no such field.
    package var isAbsent: Bool { length == 0xFFFF_FFFF }
}

/// The values of one field in one block, decoded.
///
/// Without ``indexes``, row `r` has the value `ranges[r]`. With them it has `ranges[indexes[r]]`, and a test of the value
/// need run only once for each entry of ``ranges``. Entries may be equal: where values follow from the stream or the level
/// of a row, columns share the indexes of those.
package struct ColumnData: Sendable {
    /// The bytes that ``ranges`` point into.
    package let arena: [UInt8]
    /// Values, one a row, or the entries of a dictionary; ``ByteRange/absent`` stands for no value.
    package let ranges: [ByteRange]
    /// Entry of each row in ``ranges``, or nil.
    package let indexes: [UInt16]?

    /// Makes a column with one value a row.
    package init(arena: [UInt8], ranges: [ByteRange]) {
        self.arena = arena
        self.ranges = ranges
        indexes = nil
    }

    /// Makes a column over a dictionary.
    package init(arena: [UInt8], dictionary: [ByteRange], indexes: [UInt16]) {
        self.arena = arena
        ranges = dictionary
        self.indexes = indexes
    }

    /// Rows of the column.
    package var rowCount: Int { indexes?.count ?? ranges.count }

    /// Where the value of a row is.
    package func range(at row: Int) -> ByteRange {
        if let indexes { return ranges[Int(indexes[row])] }
        return ranges[row]
    }

    /// A copy of the value of a row; nil when it has none.
    package func value(at row: Int) -> [UInt8]? {
        let range = range(at: row)
        return range.isAbsent ? nil : Array(arena[Int(range.offset)..<range.end])
    }

    /// The values of some rows alone, one behind the other.
    package func picking(_ rows: RowBitmap) -> ColumnData {
        if let indexes { return ColumnData(arena: arena, dictionary: ranges, indexes: rows.rows.map { indexes[$0] }) }
        return ColumnData(arena: arena, ranges: rows.rows.map { ranges[$0] })
    }

    /// Bytes of memory that it takes.
    package var memoryBytes: Int { arena.count + ranges.count * 8 + (indexes?.count ?? 0) * 2 }
}

/// What a query reads: up to 65,536 events whose columns are fetched one by one. A block of the head or of a segment.
package protocol BlockSource: Sendable {
    /// Events in the block.
    var rowCount: Int { get }
    /// The earliest and the latest time, nanoseconds.
    var timeBounds: ClosedRange<Int64> { get }
    /// The lowest and the highest ``RowID``.
    var idBounds: ClosedRange<UInt64> { get }
    /// What tells the block's content apart from that of all others; nil for one in memory, which may yet grow.
    var identity: BlockIdentity? { get }
    /// The streams that ``streamIndexes()`` point into; may hold streams that no row of this block has.
    /// Where they are many, they are read each time: to be asked once for a block.
    var streams: [StreamIdentity] { get throws }
    /// Bytes of memory that ``streams`` take while they are held; 0 when they are in memory anyway.
    var streamBytes: Int { get }
    /// Names of the fields that at least one row has, `_msg` not among them.
    var fieldNames: [String] { get }
    /// Whether some row has a field of that name of its own, not as a label. Quick.
    func hasField(_ name: String) -> Bool
    /// How many ``fieldNames`` there are.
    var fieldNameCount: Int { get }
    /// Names of fields, among them all that some of the rows have: to be asked where a block has many names.
    func fieldNames(of rows: RowBitmap) throws -> [String]
    /// Names of the labels of ``streams``.
    var labelNames: Set<String> { get throws }
    /// Names of labels, among them all that the streams of some rows have.
    func labelNames(of rows: RowBitmap) throws -> Set<String>
    /// The values of a label.
    func labels(_ name: String) throws -> LabelValues
    /// The texts of ``streams``; nil where making those of all is not worth it.
    func streamTexts() throws -> LabelValues?
    /// The values of a label of some rows alone, one behind the other; nil when none of the rows has it.
    func labels(_ name: String, picking rows: RowBitmap) throws -> ColumnData?
    /// Bytes the block takes, on disk or in memory: what reading all of it costs.
    var byteCount: Int { get }
    /// Bytes of the columns of these names, labels being none: what reading these costs at most; nil for all of them.
    func byteCount(of names: [String]?) -> Int
    /// How the block keeps `_time`, `_msg` or a field of its own; nil when no row has it. For explanations, not quick.
    func storage(of name: String) throws -> ColumnStorage?
    /// What has been read since the block was opened.
    var reading: BlockReading { get }

    /// The block for as long as one query works on it: what its columns have in common is read once.
    func opened() -> any BlockSource
    /// Whether some message may pass a test. False is certain, true is not. Quick.
    func mayHave(_ search: MessageSearch) -> Bool
    /// Whether some row may have, in a field of its own, a value with the words. False is certain, true is not. Quick.
    func mayHave(_ words: RequiredWords, in field: String) -> Bool

    /// Times of the rows, nanoseconds.
    func times() throws -> [Int64]
    /// Times of some rows alone, one behind the other.
    func times(picking rows: RowBitmap) throws -> [Int64]
    /// Ids of the rows, ascending.
    func ids() throws -> [UInt64]
    /// Raw values of `Level` of the rows.
    func levels() throws -> [UInt8]
    /// The stream of each row.
    func streamIndexes() throws -> [UInt32]
    /// The rows by stream; nil when the streams are too many to be numbered by 16 bits.
    func streamGroups() throws -> RowGroups?
    /// The messages. Only rows among `candidates` are sure to be filled in.
    func messages(_ candidates: RowBitmap) throws -> ColumnData
    /// The templates of the messages, which are the same for a message in every block. Only rows among `candidates` are
    /// sure to be filled in.
    func messageTemplates(_ candidates: RowBitmap) throws -> ColumnData
    /// The templates of the messages, where storage keeps messages so; nil where finding them costs as much as reading the
    /// messages.
    func storedTemplates() throws -> ColumnData?
    /// The rows among `rows` whose messages pass a test, or may; nil when only reading the messages tells.
    func messageCandidates(_ search: MessageSearch, among rows: RowBitmap) throws -> MessageCandidates?
    /// The values of a field (labels of streams are not fields); nil when no row has it. Only rows among `candidates`
    /// are sure to be filled in.
    func column(_ name: String, _ candidates: RowBitmap) throws -> ColumnData?
    /// The messages of some rows alone, one behind the other: for few rows of many.
    func messages(picking rows: RowBitmap) throws -> ColumnData
    /// The values of a field of some rows alone, one behind the other; nil when no row of the block has it.
    func column(_ name: String, picking rows: RowBitmap) throws -> ColumnData?
    /// Those of some rows that have a value which is not empty, of a field or, for nil, of the messages; nil when only
    /// reading the values tells.
    func rows(having name: String?, among rows: RowBitmap) throws -> RowBitmap?
    /// The values of a field as numbers, if the block keeps them so; nil when their text has to be read.
    func numbers(_ name: String) throws -> NumberColumn?
}

extension BlockSource {
    /// As in memory: whatever is looked at, nothing is read.
    package var reading: BlockReading { BlockReading() }

    /// As if all had to be read.
    package func byteCount(of names: [String]?) -> Int { byteCount }

    /// Groups the rows.
    package func streamGroups() throws -> RowGroups? {
        try streams.count <= RowGroups.most ? RowGroups(try streamIndexes()) : nil
    }

    /// It is in memory.
    package var identity: BlockIdentity? { nil }

    /// They are in memory anyway.
    package var streamBytes: Int { 0 }

    /// Looks among the names.
    package func hasField(_ name: String) -> Bool { fieldNames.contains(name) }

    /// Counts them.
    package var fieldNameCount: Int { fieldNames.count }

    /// All of the block.
    package func fieldNames(of rows: RowBitmap) throws -> [String] { fieldNames }

    /// Reads as for many.
    package func times(picking rows: RowBitmap) throws -> [Int64] {
        let times = try times()
        return rows.rows.map { times[$0] }
    }

    /// They are made for the rows that are wanted.
    package func streamTexts() throws -> LabelValues? { nil }

    /// Those of all streams.
    package func labelNames(of rows: RowBitmap) throws -> Set<String> { try labelNames }

    /// Looks up the streams of the rows.
    package func labels(_ name: String, picking rows: RowBitmap) throws -> ColumnData? {
        let known = try labels(name)
        return known.isEmpty ? nil : try values(known, picking: rows)
    }

    /// What follows from the streams of some rows alone, one behind the other.
    package func values(_ known: LabelValues, picking rows: RowBitmap) throws -> ColumnData {
        if let groups = try streamGroups() {
            let entries = groups.numbers.map { known.entries[Int(known.entryOfStream[Int($0)])] }
            return ColumnData(arena: known.arena, ranges: rows.rows.map { entries[Int(groups.groups[$0])] })
        }
        let indexes = try streamIndexes()
        return ColumnData(
            arena: known.arena, ranges: rows.rows.map { known.entries[Int(known.entryOfStream[Int(indexes[$0])])] })
    }

    /// In memory there are only messages.
    package func storedTemplates() throws -> ColumnData? { nil }

    /// Finds them.
    package func messageTemplates(_ candidates: RowBitmap) throws -> ColumnData {
        try storedTemplates() ?? messages(candidates).messageTemplates(candidates)
    }

    /// Reads as for many.
    package func messages(picking rows: RowBitmap) throws -> ColumnData { try messages(rows).picking(rows) }

    /// Reads as for many.
    package func column(_ name: String, picking rows: RowBitmap) throws -> ColumnData? {
        try column(name, rows)?.picking(rows)
    }

    /// Only the values tell.
    package func rows(having name: String?, among rows: RowBitmap) throws -> RowBitmap? { nil }

    /// Values are kept as text.
    package func numbers(_ name: String) throws -> NumberColumn? { nil }
}
