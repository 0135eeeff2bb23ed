internal import ByteCoding
internal import LogModel

/// The fields of a block that have no column of their own, by their names: made of the packed pairs of names and values of
/// all rows, once for as long as a query works on the block.
struct PackedFields: Sendable {
    private struct Entry {
        var row: UInt32
        var value: ByteRange
    }

    private let arena: [UInt8]
    /// The values of a name, ascending by row; of two in one row the later counts.
    private let entries: [String: [Entry]]

    /// Reads the pairs of a block.
    ///
    /// - Parameter pairs: for each row, name and value behind one another, each with its length in front.
    /// - Throws: `ByteCodingError` when they are damaged.
    init(_ pairs: ColumnData) throws(ByteCodingError) {
        var entries: [String: [Entry]] = [:]
        for row in 0..<pairs.rowCount where !pairs.range(at: row).isAbsent {
            let pair = pairs.range(at: row)
            unsafe try pairs.arena.span.bytes.withUnsafeBytes { (bytes) throws(ByteCodingError) in
                var reader = unsafe ByteReader(UnsafeRawBufferPointer(rebasing: bytes[Int(pair.offset)..<pair.end]))
                while unsafe reader.remaining > 0 {
                    let name = unsafe String(decoding: try reader.lengthPrefixed(), as: UTF8.self)
                    let length = unsafe try reader.lengthPrefixed().count
                    let end = unsafe Int(pair.offset) + reader.offset
                    let value = ByteRange(offset: end - length, length: length)
                    entries[name, default: []].append(Entry(row: UInt32(truncatingIfNeeded: row), value: value))
                }
            }
        }
        arena = pairs.arena
        self.entries = entries
    }

    /// The names that some of the rows have.
    func names(of rows: RowBitmap) -> [String] {
        entries.filter { $0.value.contains { rows.contains(Int($0.row)) } }.map(\.key)
    }

    /// The values of a name.
    ///
    /// - Parameters:
    ///   - name: of the field.
    ///   - rowCount: of the block.
    /// - Returns: a place for each row of the block.
    func column(_ name: String, rowCount: Int) -> ColumnData {
        var ranges = [ByteRange](repeating: .absent, count: rowCount)
        for entry in entries[name] ?? [] { ranges[Int(entry.row)] = entry.value }
        return ColumnData(arena: arena, ranges: ranges)
    }

    /// The values of a name of some rows alone, one behind the other.
    func column(_ name: String, picking rows: RowBitmap) -> ColumnData {
        let known = entries[name] ?? []
        var ranges: [ByteRange] = []
        ranges.reserveCapacity(rows.count)
        var next = 0
        rows.forEach { row in
            var value = ByteRange.absent
            while next < known.count, Int(known[next].row) <= row {
                if Int(known[next].row) == row { value = known[next].value }
                next += 1
            }
            ranges.append(value)
        }
        return ColumnData(arena: arena, ranges: ranges)
    }
}
