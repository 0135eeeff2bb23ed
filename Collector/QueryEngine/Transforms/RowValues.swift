internal import ByteCoding
internal import LogModel
internal import QueryLanguage
internal import StoreFormat

/// New values for some rows of a block, gathered in any order.
struct RowValues: ~Copyable {
    private var arena = ByteWriter(capacity: 1 << 10)
    private var ranges: [ByteRange]

    /// Room for rows below `rowCount`; none has a value.
    init(rowCount: Int) {
        ranges = [ByteRange](repeating: .absent, count: rowCount)
    }

    /// Gives a row a value. An empty one is the same as none.
    mutating func set(_ row: Int, _ value: [UInt8]) {
        value.withUnsafeBytes { set(row, $0) }
    }

    /// Gives a row a value. An empty one is the same as none.
    mutating func set(_ row: Int, _ value: UnsafeRawBufferPointer) {
        guard value.count > 0 else { return }
        ranges[row] = ByteRange(offset: arena.count, length: value.count)
        arena.append(contentsOf: value)
    }

    /// Bytes of memory.
    var memoryBytes: Int { arena.count + ranges.count * 8 }

    consuming func finish() -> ResultColumn { .values(ColumnData(arena: arena.array(), ranges: ranges)) }
}

extension ResultBlock {
    /// One more than the greatest row.
    var rowBound: Int { (rows.max() ?? -1) + 1 }

    /// The block with a column, in the place of one of that name if there is one.
    func with(_ name: String, _ column: ResultColumn) -> ResultBlock {
        var result = self
        if let index = result.fields.firstIndex(where: { $0.name == name }) {
            result.fields[index] = Field(name, column)
        } else {
            result.fields.append(Field(name, column))
        }
        return result
    }

    /// The block with a field computed for each row; rows for which nil comes keep what they have.
    func writing(_ name: String, _ rule: WriteRule = .overwrite, _ value: (Int) -> [UInt8]?) -> ResultBlock {
        var values = RowValues(rowCount: rowBound)
        let old = column(name)
        var buffer = ByteWriter(capacity: 64)
        for row in rows {
            let new = value(row)
            let keepsOld: Bool
            switch (new, rule) {
            case (nil, _): keepsOld = true
            case (_?, .overwrite): keepsOld = false
            case (let new?, .skipEmpty): keepsOld = new.isEmpty
            case (_?, .keepOriginal): keepsOld = old?.withValue(at: row, &buffer) { ($0?.count ?? 0) > 0 } ?? false
            }
            if keepsOld {
                old?.withValue(at: row, &buffer) { if let value = $0 { values.set(row, value) } }
            } else if let new {
                values.set(row, new)
            }
        }
        return with(name, values.finish())
    }

    /// Copies of the value of a field at each of some rows; missing ones are empty.
    func value(_ name: String, _ row: Int) -> [UInt8] { column(name)?.value(at: row) ?? [] }
}

/// Which rows a pipe with `if (...)` is about.
struct PipeCondition: Sendable {
    private let filter: ResultFilter?

    init(_ filter: Filter?, _ options: ExecutionOptions) {
        self.filter = filter.map { ResultFilter($0, now: options.now) }
    }

    /// The rows of a block; nil when it is about all of them.
    func rows(of block: ResultBlock) -> RowBitmap? { filter?.rows(of: block) }
}
