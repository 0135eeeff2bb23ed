internal import ByteCoding
internal import LogModel
internal import StoreFormat

/// The columns of one block by the names that queries use: labels of streams and fields look alike, and `_time`,
/// `_stream` and `_stream_id` are columns too. What has been read is kept while the block is worked on. One thread.
final class BlockColumns {
    private let source: any BlockSource
    private let trace: QueryTrace?
    private var cachedTimes: [Int64]?
    private var cachedIDs: [UInt64]?
    private var cachedStreams: [StreamIdentity]?
    private var cachedStreamGroups: RowGroups??
    /// Values that have been decoded, and the rows for which that was done.
    private var cachedValues: [String: (rows: RowBitmap, column: ColumnData?)] = [:]

    init(_ source: any BlockSource, _ trace: QueryTrace?) {
        self.source = source.opened()
        self.trace = trace
    }

    deinit { trace?.add(source.reading) }

    var rowCount: Int { source.rowCount }
    /// Bytes of memory of what has been decoded, roughly.
    var memoryBytes: Int {
        cachedValues.values.reduce((cachedTimes?.count ?? 0) * 8 + (cachedIDs?.count ?? 0) * 8) {
            $0 + ($1.column?.memoryBytes ?? 0)
        }
    }
    var timeBounds: ClosedRange<Int64> { source.timeBounds }
    /// The streams, read once for the block.
    func streams() throws -> [StreamIdentity] {
        if let cachedStreams { return cachedStreams }
        let streams = try source.streams
        cachedStreams = streams
        return streams
    }

    func times() throws -> [Int64] {
        if let cachedTimes { return cachedTimes }
        let times = try source.times()
        cachedTimes = times
        return times
    }

    func ids() throws -> [UInt64] {
        if let cachedIDs { return cachedIDs }
        let ids = try source.ids()
        cachedIDs = ids
        return ids
    }

    func streamIndexes() throws -> [UInt32] { try source.streamIndexes() }

    /// The rows by stream; nil when the streams are too many.
    func streamGroups() throws -> RowGroups? {
        if let cachedStreamGroups { return cachedStreamGroups }
        let groups = try source.streamGroups()
        cachedStreamGroups = groups
        return groups
    }

    /// Names of fields up to which a block's rows are worked on all at once: a column for each name and row must fit into
    /// memory.
    static let fewNames = 4_096
    /// Rows that are worked on at once where there are more names.
    static let fewRows = 256

    /// Whether a column for each name is too much to have in memory at once.
    var hasManyNames: Bool { source.fieldNameCount > Self.fewNames }

    /// The rows in parts that are few enough for the number of names.
    func parts(of rows: RowBitmap) -> [RowBitmap] {
        guard source.fieldNameCount > Self.fewNames, rows.count > Self.fewRows else { return [rows] }
        var parts: [RowBitmap] = []
        var rest = rows.rows[...]
        while !rest.isEmpty {
            var part = RowBitmap(rowCount: rowCount, filled: false)
            for row in rest.prefix(Self.fewRows) { part.insert(row) }
            parts.append(part)
            rest = rest.dropFirst(Self.fewRows)
        }
        return parts
    }

    /// All names that some of the rows have, and maybe others, in the order that rows are written: time, stream, message,
    /// labels, fields.
    func names(of rows: RowBitmap) throws -> [String] {
        let labels = try source.labelNames(of: rows)
        let fields = Set(try source.fieldNames(of: rows)).subtracting(labels)
        return [FieldName.time, FieldName.stream, FieldName.message]
            + (labels.sorted() + fields.sorted()).filter { !FieldName.isReserved($0) }
    }

    /// The column of a name; nil when no row has it. Rows that are no candidates may be missing.
    func column(_ name: String, _ candidates: RowBitmap) throws -> ResultColumn? {
        switch name {
        case FieldName.time: return .times(try times())
        case FieldName.message:
            return try values(name, candidates) { try source.messages(candidates) }.map { .values($0) }
        case FieldName.stream:
            if let texts = try source.streamTexts() {
                return .values(try byStream(texts.arena) { texts.entries[Int(texts.entryOfStream[$0])] })
            }
            return .values(try streamColumn(candidates) { Array($0.text.utf8) })
        case FieldName.streamID:
            return .values(
                try streamColumn(candidates) { Array((hexadecimal($0.id.high) + hexadecimal($0.id.low)).utf8) })
        default: break
        }
        let own = try values(name, candidates) { try source.column(name, candidates) }
        let known = try source.labels(name)
        if known.isEmpty { return own.map { .values($0) } }
        let labels = try byStream(known.arena) { known.entries[Int(known.entryOfStream[$0])] }
        guard let own else { return .values(labels) }
        return .values(merged(own, labels))
    }

    /// Whether rows are so few that their values are picked from the columns, instead of columns being made with places
    /// for all rows.
    func areFew(_ rows: RowBitmap) -> Bool {
        rows.count * 16 < rowCount || source.fieldNameCount > Self.fewNames && rows.count <= Self.fewRows
    }

    /// The values of a name of some rows alone, in their order; nil when no row of the block has it.
    func column(_ name: String, picking rows: RowBitmap) throws -> ResultColumn? {
        if name == FieldName.time {
            guard let cachedTimes else { return .times(try source.times(picking: rows)) }
            return .times(rows.rows.map { cachedTimes[$0] })
        }
        if let known = cachedValues[name], try rows.isSubset(of: known.rows) || !source.labels(name).isEmpty {
            return try picked(try column(name, rows), rows)
        }
        if name == FieldName.message { return .values(try source.messages(picking: rows)) }
        if name == FieldName.stream, let texts = try source.streamTexts() {
            return .values(try source.values(texts, picking: rows))
        }
        if FieldName.isReserved(name) { return try picked(try column(name, rows), rows) }
        let own = try source.column(name, picking: rows)
        guard let labels = try source.labels(name, picking: rows) else { return own.map { .values($0) } }
        guard let own else { return .values(labels) }
        return .values(merged(own, labels))
    }

    /// Some rows have a name as a field, others as a label: the event's own field comes first.
    private func merged(_ own: ColumnData, _ labels: ColumnData) -> ColumnData {
        var gatherer = ColumnGatherer(capacity: own.rowCount)
        var buffer = ByteWriter()
        for row in 0..<own.rowCount {
            let column = own.range(at: row).isAbsent ? labels : own
            ResultColumn.values(column).withValue(at: row, &buffer) { gatherer.append($0) }
        }
        return gatherer.finish()
    }

    private func picked(_ column: ResultColumn?, _ rows: RowBitmap) throws -> ResultColumn? {
        guard case .values(let data)? = column else { return column }
        return .values(data.picking(rows))
    }

    /// The column of a name as numbers, if storage has them as such; nil when there is only text to read.
    func numbers(_ name: String) throws -> ResultColumn? {
        if try FieldName.isReserved(name) || !source.labels(name).isEmpty { return nil }
        return try source.numbers(name).map { .numbers($0) }
    }

    /// How the block keeps `_time`, `_msg` or a field of its own; nil when no row has it.
    func ownStorage(of name: String) throws -> ColumnStorage? { try source.storage(of: name) }

    /// Whether a stream of the block may have a label of that name.
    func hasLabel(_ name: String) throws -> Bool { try !source.labels(name).isEmpty }

    /// The values that rows have of their own, not as labels.
    func ownValues(of name: String, _ candidates: RowBitmap) throws -> ColumnData? {
        name == FieldName.message ? try source.messages(candidates) : try source.column(name, candidates)
    }

    /// How many of some rows have a value of a name that is not empty.
    func valueCount(_ name: String, _ rows: RowBitmap) throws -> Int {
        // Times and streams are never empty.
        if FieldName.isReserved(name), name != FieldName.message { return rows.count }
        let isMessage = name == FieldName.message
        if try isMessage || source.labels(name).isEmpty {
            if let found = try source.rows(having: isMessage ? nil : name, among: rows) { return found.count }
        }
        return try column(name, rows)?.valueCount(of: rows.count, rows.rows) ?? 0
    }

    /// The templates of messages, without reading these where storage has them.
    func messageTemplates(_ candidates: RowBitmap) throws -> ColumnData {
        try source.messageTemplates(candidates)
    }

    /// The templates that storage keeps of messages; nil when these are to be read, or have been.
    func storedTemplates(_ candidates: RowBitmap) throws -> ColumnData? {
        if let known = cachedValues[FieldName.message], candidates.isSubset(of: known.rows) { return nil }
        return try source.storedTemplates()
    }

    /// What storage knows of a test of messages; nil when they are to be read, or have been.
    func messageCandidates(_ search: MessageSearch, _ candidates: RowBitmap) throws -> MessageCandidates? {
        if let known = cachedValues[FieldName.message], candidates.isSubset(of: known.rows) { return nil }
        return try source.messageCandidates(search, among: candidates)
    }

    /// Decodes a column, unless that has been done for all the rows that are wanted: several tests of a filter, and
    /// the result behind them, look at the same column.
    private func values(
        _ name: String, _ candidates: RowBitmap, _ decode: () throws -> ColumnData?
    ) throws -> ColumnData? {
        if let known = cachedValues[name], candidates.isSubset(of: known.rows) { return known.column }
        let column = try decode()
        cachedValues[name] = (candidates, column)
        return column
    }

    /// A value for each stream that the candidates have.
    private func streamColumn(_ candidates: RowBitmap, _ value: (StreamIdentity) -> [UInt8]) throws -> ColumnData {
        let streams = try streams()
        var arena: [UInt8] = []
        var entries = [ByteRange](repeating: .absent, count: streams.count)
        func add(_ stream: Int) {
            guard entries[stream].isAbsent else { return }
            let bytes = value(streams[stream])
            entries[stream] = ByteRange(offset: arena.count, length: bytes.count)
            arena.append(contentsOf: bytes)
        }
        if let groups = try streamGroups() {
            candidates.forEach { add(Int(groups.numbers[Int(groups.groups[$0])])) }
        } else {
            let indexes = try streamIndexes()
            candidates.forEach { add(Int(indexes[$0])) }
        }
        return try byStream(arena) { entries[$0] }
    }

    /// A column whose values follow from the stream of the row.
    private func byStream(_ arena: [UInt8], _ entry: (Int) -> ByteRange) throws -> ColumnData {
        if let groups = try streamGroups() {
            return ColumnData(
                arena: arena, dictionary: groups.numbers.map { entry(Int($0)) }, indexes: groups.groups)
        }
        return ColumnData(arena: arena, ranges: try streamIndexes().map { entry(Int($0)) })
    }
}

private func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
