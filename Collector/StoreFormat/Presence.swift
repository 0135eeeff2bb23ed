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

    /// The rows with a value, ascending; nil when all have one. The kind byte has been read.
    static func decode(
        _ kind: Presence, _ reader: inout ByteReader, rowCount: Int
    ) throws(ByteCodingError) -> [UInt32]? {
        switch kind {
        case .all: return nil
        case .bitmap: return unsafe try bits(&reader, count: rowCount)
        case .list:
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
        case .streams, .shared: throw unsafe .invalid(offset: reader.offset, what: "presence that cannot be here")
        }
    }

    /// The numbers of the bits that are set, ascending, of a bitmap in words of 64.
    static func bits(_ reader: inout ByteReader, count: Int) throws(ByteCodingError) -> [UInt32] {
        var rows: [UInt32] = []
        for word in 0..<((count + 63) / 64) {
            var bits = unsafe try reader.littleEndian(UInt64.self)
            while bits != 0 {
                let row = word * 64 + bits.trailingZeroBitCount
                guard row < count else { throw unsafe .invalid(offset: reader.offset, what: "row past the end") }
                rows.append(UInt32(row))
                bits &= bits - 1
            }
        }
        return rows
    }
}
