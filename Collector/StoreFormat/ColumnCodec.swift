internal import ByteCoding

/// How the bytes of a section stand for values. Numbers are written into files and never change their meaning.
package enum SectionKind: UInt8, Sendable {
    /// Signed 64-bit integers: zigzag varints of differences, in one zstd frame.
    case integers = 1
    /// Small unsigned integers of one width (0, 1, 2 or 4 bytes), in one zstd frame.
    case packed = 2
    /// Values as indexes into a dictionary.
    case dictionary = 3
    /// Values one after the other, in zstd frames of some thousand rows each.
    case text = 4
    /// Fields that got no column of their own: name and value pairs, as `text` with one value a row.
    case overflow = 5
    /// The streams of the segment.
    case streams = 6
    /// Messages as templates and columns of what varies.
    case templates = 7
    /// Which words a block may have: a binary fuse filter over their hashes.
    case filter = 10
}

/// Which rows of a block have a value. Layout: kind byte (0 all, 1 bitmap, 2 list), then for a bitmap one bit a row,
/// for a list the count and the differences of the row numbers as varints.
enum Presence {
    static func encode(_ rows: [UInt32], of rowCount: Int, into writer: inout ByteWriter) {
        if rows.count == rowCount {
            writer.append(0)
        } else if rows.count * 8 >= rowCount {
            writer.append(1)
            var bitmap = RowBitmap(rowCount: rowCount, filled: false)
            for row in rows { bitmap.insert(Int(row)) }
            for word in bitmap.words { writer.append(littleEndian: word) }
        } else {
            writer.append(2)
            writer.append(varint: UInt64(rows.count))
            var previous: UInt32 = 0
            for row in rows {
                writer.append(varint: UInt64(row - previous))
                previous = row
            }
        }
    }

    /// The rows with a value, ascending; nil when all have one.
    static func decode(_ reader: inout ByteReader, rowCount: Int) throws(ByteCodingError) -> [UInt32]? {
        switch unsafe try reader.byte() {
        case 0: return nil
        case 1:
            var rows: [UInt32] = []
            for word in 0..<((rowCount + 63) / 64) {
                var bits = unsafe try reader.littleEndian(UInt64.self)
                while bits != 0 {
                    let row = word * 64 + bits.trailingZeroBitCount
                    guard row < rowCount else { throw unsafe .invalid(offset: reader.offset, what: "row past the end") }
                    rows.append(UInt32(row))
                    bits &= bits - 1
                }
            }
            return rows
        case 2:
            let count = unsafe try reader.count(limit: rowCount)
            var rows: [UInt32] = []
            rows.reserveCapacity(count)
            var row: UInt64 = 0
            for index in 0..<count {
                let step = unsafe try reader.varint()
                guard index == 0 || step > 0, step < UInt64(rowCount), row + step < UInt64(rowCount) else {
                    throw unsafe .invalid(offset: reader.offset, what: "row past the end")
                }
                row += step
                rows.append(UInt32(row))
            }
            return rows
        default: throw unsafe .invalid(offset: reader.offset, what: "unknown presence")
        }
    }
}

/// Spreads the values of the rows that have one over all rows.
func spread<T>(_ values: [T], over rows: [UInt32]?, rowCount: Int, absent: T) throws(StoreFormatError) -> [T] {
    guard let rows else {
        guard values.count == rowCount else { throw StoreFormatError("column has \(values.count) of \(rowCount) rows") }
        return values
    }
    guard values.count == rows.count else { throw StoreFormatError("column has \(values.count) of \(rows.count) rows") }
    var result = [T](repeating: absent, count: rowCount)
    for (value, row) in zip(values, rows) { result[Int(row)] = value }
    return result
}
