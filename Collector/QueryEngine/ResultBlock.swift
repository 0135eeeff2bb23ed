package import ByteCoding
internal import LogModel
package import StoreFormat

/// The values of one column of a result.
package enum ResultColumn: Sendable {
    /// Bytes, or nothing, for each row.
    case values(ColumnData)
    /// Times, which become text only where they are written.
    case times([Int64])
    /// Numbers, which become text only where they are written.
    case numbers(NumberColumn)

    /// Lends the value of a row; nil when it has none.
    ///
    /// - Parameters:
    ///   - row: the row of the block.
    ///   - buffer: memory for values that must be made first.
    ///   - body: gets the value; it must not keep the memory.
    /// - Returns: what `body` returns.
    @inline(__always)
    package func withValue<R>(
        at row: Int, _ buffer: inout ByteWriter, _ body: (UnsafeRawBufferPointer?) -> R
    ) -> R {
        switch self {
        case .values(let data):
            let range = data.range(at: row)
            if range.isAbsent { return body(nil) }
            return data.arena.withUnsafeBytes {
                body(UnsafeRawBufferPointer(rebasing: $0[Int(range.offset)..<range.end]))
            }
        case .times(let times):
            buffer.removeAll()
            Timestamp(nanoseconds: times[row]).write(to: &buffer)
            return buffer.withBytes { body($0) }
        case .numbers(let column):
            guard column.rows.contains(row) else { return body(nil) }
            buffer.removeAll()
            column.form.write(column.values[row], to: &buffer)
            return buffer.withBytes { body($0) }
        }
    }

    /// Bytes of memory.
    var memoryBytes: Int {
        switch self {
        case .values(let data): data.memoryBytes
        case .times(let times): times.count * 8
        case .numbers(let column): column.values.count * 8
        }
    }

    /// A copy of the value of a row; nil when it has none. Not for hot paths.
    package func value(at row: Int) -> [UInt8]? {
        var buffer = ByteWriter(capacity: 40)
        return withValue(at: row, &buffer) { $0.map { Array($0) } }
    }
}

/// Some rows of a result: columns, and which of their rows, in which order.
package struct ResultBlock: Sendable {
    /// A column and its name.
    package struct Field: Sendable {
        /// The name.
        package var name: String
        /// The values.
        package var column: ResultColumn

        /// Makes a field.
        package init(_ name: String, _ column: ResultColumn) {
            self.name = name
            self.column = column
        }
    }

    /// The fields, in the order they are written.
    package var fields: [Field]
    /// Rows of the columns, in the order of the result.
    package var rows: [Int]
    /// The place in time of each row of the columns; empty for rows that are no events, such as counts.
    package var cursors: [RowCursor]

    /// Makes a block.
    package init(fields: [Field], rows: [Int], cursors: [RowCursor] = []) {
        self.fields = fields
        self.rows = rows
        self.cursors = cursors
    }

    /// The column of that name, or nil.
    package func column(_ name: String) -> ResultColumn? {
        fields.first { $0.name == name }?.column
    }

    /// The block with copies of just the values of its rows, so that the memory of a whole block can go.
    func compacted() -> ResultBlock {
        var buffer = ByteWriter(capacity: 64)
        let compact = fields.map { field in
            if case .times(let times) = field.column {
                return Field(field.name, .times(rows.map { times[$0] }))
            }
            var builder = ColumnGatherer(capacity: rows.count)
            for row in rows { field.column.withValue(at: row, &buffer) { builder.append($0) } }
            return Field(field.name, .values(builder.finish()))
        }
        return ResultBlock(
            fields: compact, rows: Array(0..<rows.count), cursors: cursors.isEmpty ? [] : rows.map { cursors[$0] })
    }

    /// Bytes of memory of a compacted block.
    var memoryBytes: Int {
        fields.reduce(rows.count * 24) { $0 + $1.column.memoryBytes }
    }
}

/// Gathers values one after the other into a column.
struct ColumnGatherer: ~Copyable {
    private var arena = ByteWriter(capacity: 1 << 10)
    private var ranges: [ByteRange] = []

    init(capacity: Int) {
        ranges.reserveCapacity(capacity)
    }

    mutating func append(_ value: UnsafeRawBufferPointer?) {
        guard let value else {
            ranges.append(.absent)
            return
        }
        ranges.append(ByteRange(offset: arena.count, length: value.count))
        arena.append(contentsOf: value)
    }

    mutating func append(_ value: [UInt8]) {
        value.withUnsafeBytes { append($0) }
    }

    consuming func finish() -> ColumnData {
        ColumnData(arena: arena.array(), ranges: ranges)
    }
}
