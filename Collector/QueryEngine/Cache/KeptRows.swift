internal import StoreFormat

/// The rows of a block that pass a filter, in little memory.
enum KeptRows: Sendable {
    case none
    case all
    /// Few rows, ascending.
    case few([UInt16])
    case many(RowBitmap)

    init(_ rows: RowBitmap) {
        let count = rows.count
        if count == 0 {
            self = .none
        } else if count == rows.rowCount {
            self = .all
        } else if count * 16 < rows.rowCount, rows.rowCount <= 1 << 16 {
            self = .few(rows.rows.map { UInt16(truncatingIfNeeded: $0) })
        } else {
            self = .many(rows)
        }
    }

    var isEmpty: Bool { if case .none = self { true } else { false } }

    var memoryBytes: Int {
        switch self {
        case .none, .all: 0
        case .few(let rows): rows.count * 2 + 32
        case .many(let rows): rows.words.count * 8 + 32
        }
    }

    /// The rows as a set, of a block that has so many.
    func bitmap(rowCount: Int) -> RowBitmap {
        switch self {
        case .none: return RowBitmap(rowCount: rowCount, filled: false)
        case .all: return RowBitmap(rowCount: rowCount, filled: true)
        case .few(let rows):
            var bitmap = RowBitmap(rowCount: rowCount, filled: false)
            for row in rows { bitmap.insert(Int(row)) }
            return bitmap
        case .many(let rows): return rows
        }
    }
}
