internal import ByteCoding

/// Which rows of a block have a value of a column.
///
/// Layout: kind byte, then for a bitmap one bit a row; for a list the count and the differences of the row numbers as
/// varints; for `streams` one bit for each stream of the block, ascending; for `shared` the number of a presence that
/// several columns of the block have, and that has a section of its own.
enum Presence: UInt8 {
    case all = 0
    case bitmap = 1
    case list = 2
    case streams = 3
    case shared = 4

    /// Appends a presence of the kinds that stand for themselves.
    static func encode(_ rows: [UInt32], of rowCount: Int, into writer: inout ByteWriter) {
        if rows.count == rowCount {
            writer.append(Presence.all.rawValue)
        } else if rows.count * 8 >= rowCount {
            writer.append(Presence.bitmap.rawValue)
            var bitmap = RowBitmap(rowCount: rowCount, filled: false)
            for row in rows { bitmap.insert(Int(row)) }
            for word in bitmap.words { writer.append(littleEndian: word) }
        } else {
            writer.append(Presence.list.rawValue)
            writer.append(varint: UInt64(rows.count))
            var previous: UInt32 = 0
            for row in rows {
                writer.append(varint: UInt64(row - previous))
                previous = row
            }
        }
    }

    /// The rows with a value; nil when all have one. The kind byte has been read.
    static func decode(
        _ kind: Presence, _ reader: inout ByteReader, rowCount: Int
    ) throws(ByteCodingError) -> RowBitmap? {
        switch kind {
        case .all: return nil
        case .bitmap: return unsafe try bitmap(&reader, count: rowCount)
        case .list:
            let count = unsafe try reader.count(limit: rowCount)
            var rows = RowBitmap(rowCount: rowCount, filled: false)
            var row: UInt64 = 0
            for index in 0..<count {
                let step = unsafe try reader.varint()
                guard index == 0 || step > 0, step < UInt64(rowCount), row + step < UInt64(rowCount) else {
                    throw unsafe .invalid(offset: reader.offset, what: "row past the end")
                }
                row += step
                rows.insert(Int(row))
            }
            return rows
        case .streams, .shared: throw unsafe .invalid(offset: reader.offset, what: "presence that cannot be here")
        }
    }

    /// A bitmap in words of 64.
    static func bitmap(_ reader: inout ByteReader, count: Int) throws(ByteCodingError) -> RowBitmap {
        var words: [UInt64] = []
        words.reserveCapacity((count + 63) / 64)
        for _ in 0..<((count + 63) / 64) { words.append(unsafe try reader.littleEndian(UInt64.self)) }
        guard let bitmap = RowBitmap(rowCount: count, words: words) else {
            throw unsafe .invalid(offset: reader.offset, what: "row past the end")
        }
        return bitmap
    }
}
