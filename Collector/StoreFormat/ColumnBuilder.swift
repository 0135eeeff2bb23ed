internal import ByteCoding

/// The values of one field while a block is built: bytes one after the other, and which rows have one.
struct ColumnBuilder: ~Copyable {
    var bytes: ByteWriter
    private(set) var rows: [UInt32] = []
    private(set) var lengths: [UInt32] = []

    init(capacity: Int) {
        bytes = ByteWriter(capacity: capacity)
    }

    /// Sets the value of a row; rows come in ascending order. A second value of the same row replaces the first.
    mutating func set(_ value: UnsafeRawBufferPointer, row: Int) {
        if let last = rows.last, Int(last) == row {
            bytes.truncate(to: bytes.count - Int(lengths.removeLast()))
            rows.removeLast()
        }
        rows.append(UInt32(truncatingIfNeeded: row))
        lengths.append(UInt32(truncatingIfNeeded: value.count))
        unsafe bytes.append(contentsOf: value)
    }

    /// Forgets all values and keeps the memory.
    mutating func removeAll() {
        bytes.removeAll()
        rows.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
    }
}
