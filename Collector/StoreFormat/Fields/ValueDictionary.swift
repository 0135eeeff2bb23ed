internal import ByteCoding
internal import LogModel

/// The distinct values of a column, in the order of their first appearance, when they are few.
struct ValueDictionary {
    /// Where the values are in the column's bytes.
    private(set) var entries: [ByteRange] = []
    /// The entry of each value.
    private(set) var indexes: [UInt32] = []

    /// Nil when there are too many distinct values for a dictionary to be worth it.
    init?(_ column: borrowing ColumnBuilder) {
        let limit = min(StoreLimits.dictionaryValues, max(16, column.rows.count / 4))
        var slots = [UInt32](repeating: .max, count: 1 << 14)
        var hashes: [UInt64] = []
        var offset = 0
        indexes.reserveCapacity(column.rows.count)
        let fits = unsafe column.bytes.withBytes { bytes in
            for length in column.lengths {
                let value = unsafe UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + Int(length))])
                let hash = unsafe hash64(value)
                var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
                while slots[slot] != .max {
                    let entry = entries[Int(slots[slot])]
                    if hashes[Int(slots[slot])] == hash, entry.length == length,
                        unsafe equal(bytes, Int(entry.offset), value)
                    {
                        break
                    }
                    slot = (slot + 1) & (slots.count - 1)
                }
                if slots[slot] == .max {
                    guard entries.count < limit else { return false }
                    slots[slot] = UInt32(entries.count)
                    entries.append(ByteRange(offset: offset, length: Int(length)))
                    hashes.append(hash)
                }
                indexes.append(slots[slot])
                offset += Int(length)
            }
            return true
        }
        if !fits { return nil }
    }

    private func equal(_ bytes: UnsafeRawBufferPointer, _ offset: Int, _ value: UnsafeRawBufferPointer) -> Bool {
        for index in 0..<value.count where unsafe bytes[offset + index] != value[index] { return false }
        return true
    }

    /// Appends the entries and the index of each value.
    func encode(
        _ column: borrowing ColumnBuilder, into writer: inout ByteWriter, scratch: inout ByteWriter,
        _ context: inout CodecContext
    ) throws(StoreFormatError) {
        try encodeEntries(column, into: &writer, scratch: &scratch, &context)
        try NumberColumns.encode(
            packed: indexes, limit: entries.count, into: &writer, scratch: &scratch, &context)
    }

    /// Appends the number of entries, and one frame of them.
    func encodeEntries(
        _ column: borrowing ColumnBuilder, into writer: inout ByteWriter, scratch: inout ByteWriter,
        _ context: inout CodecContext
    ) throws(StoreFormatError) {
        writer.append(varint: UInt64(entries.count))
        scratch.removeAll()
        unsafe column.bytes.withBytes { bytes in
            for entry in entries {
                unsafe scratch.append(
                    lengthPrefixed: UnsafeRawBufferPointer(rebasing: bytes[Int(entry.offset)..<entry.end]))
            }
        }
        unsafe try scratch.withBytes { (bytes) throws(StoreFormatError) in
            unsafe try context.compress(bytes, into: &writer)
        }
    }

    /// Reads what ``encodeEntries(_:into:scratch:_:)`` wrote.
    static func entries(
        _ reader: inout ByteReader, _ context: inout CodecContext
    ) throws -> (arena: [UInt8], entries: [ByteRange]) {
        let count = unsafe try reader.count(limit: StoreLimits.blockRows)
        var content = ByteWriter(capacity: 1 << 12)
        unsafe try context.decompress(&reader, limit: StoreLimits.sectionBytes, into: &content)
        let arena = content.array()
        var entries: [ByteRange] = []
        unsafe try arena.span.bytes.withUnsafeBytes { (bytes) throws(ByteCodingError) in
            var reader = unsafe ByteReader(bytes)
            for _ in 0..<count {
                let value = unsafe try reader.lengthPrefixed()
                entries.append(ByteRange(offset: unsafe reader.offset - value.count, length: value.count))
            }
        }
        return (arena, entries)
    }
}
