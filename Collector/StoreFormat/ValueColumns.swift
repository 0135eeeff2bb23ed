internal import ByteCoding
internal import LogModel

/// Columns of values: a dictionary where there are few distinct ones, else chunks of text.
enum ValueColumns {
    /// Appends a column's section and says of which kind it became.
    static func encode(
        _ column: borrowing ColumnBuilder, rowCount: Int, into writer: inout ByteWriter, scratch: inout ByteWriter,
        _ context: inout CodecContext
    ) throws(StoreFormatError) -> SectionKind {
        if try encodeDictionary(column, rowCount: rowCount, into: &writer, scratch: &scratch, &context) {
            return .dictionary
        }
        Presence.encode(column.rows, of: rowCount, into: &writer)
        try encodeText(column, into: &writer, scratch: &scratch, &context)
        return .text
    }

    /// Appends a section of the kind `dictionary`, if there are few enough distinct values; says whether.
    static func encodeDictionary(
        _ column: borrowing ColumnBuilder, rowCount: Int, into writer: inout ByteWriter, scratch: inout ByteWriter,
        _ context: inout CodecContext
    ) throws(StoreFormatError) -> Bool {
        guard let dictionary = Dictionary(column) else { return false }
        Presence.encode(column.rows, of: rowCount, into: &writer)
        writer.append(varint: UInt64(dictionary.entries.count))
        scratch.removeAll()
        unsafe column.bytes.withBytes { bytes in
            for entry in dictionary.entries {
                unsafe scratch.append(
                    lengthPrefixed: UnsafeRawBufferPointer(rebasing: bytes[Int(entry.offset)..<entry.end]))
            }
        }
        unsafe try scratch.withBytes { (bytes) throws(StoreFormatError) in
            unsafe try context.compress(bytes, into: &writer)
        }
        try NumberColumns.encode(
            packed: dictionary.indexes, limit: dictionary.entries.count, into: &writer, scratch: &scratch, &context)
        return true
    }

    /// Appends values as text: number of chunks, then for each the number of values and one frame that holds the
    /// lengths as varints and the values behind them.
    static func encodeText(
        _ column: borrowing ColumnBuilder, into writer: inout ByteWriter, scratch: inout ByteWriter,
        _ context: inout CodecContext
    ) throws(StoreFormatError) {
        let chunks = chunkBounds(column.lengths)
        writer.append(varint: UInt64(chunks.count))
        var offset = 0
        for chunk in chunks {
            writer.append(varint: UInt64(chunk.count))
            scratch.removeAll()
            var length = 0
            for index in chunk {
                scratch.append(varint: UInt64(column.lengths[index]))
                length += Int(column.lengths[index])
            }
            unsafe column.bytes.withBytes { bytes in
                unsafe scratch.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + length)]))
            }
            offset += length
            unsafe try scratch.withBytes { (bytes) throws(StoreFormatError) in
                unsafe try context.compress(bytes, into: &writer)
            }
        }
    }

    private static func chunkBounds(_ lengths: [UInt32]) -> [Range<Int>] {
        var chunks: [Range<Int>] = []
        var start = 0
        var bytes = 0
        for (index, length) in lengths.enumerated() {
            bytes += Int(length)
            if index + 1 - start == StoreLimits.chunkRows || bytes >= StoreLimits.chunkBytes {
                chunks.append(start..<(index + 1))
                start = index + 1
                bytes = 0
            }
        }
        if start < lengths.count { chunks.append(start..<lengths.count) }
        return chunks
    }

    /// Decodes a section of the kind `dictionary`.
    static func dictionary(
        _ bytes: UnsafeRawBufferPointer, rowCount: Int, _ context: inout CodecContext
    ) throws(StoreFormatError) -> ColumnData {
        var reader = unsafe ByteReader(bytes)
        do {
            let rows = unsafe try Presence.decode(&reader, rowCount: rowCount)
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
            let indexes = unsafe try NumberColumns.packed(
                &reader, count: rows?.count ?? rowCount, limit: count, &context)
            guard let rows else {
                guard count > 0 || rowCount == 0 else { throw StoreFormatError("dictionary is empty") }
                return ColumnData(arena: arena, dictionary: entries, indexes: indexes)
            }
            entries.append(.absent)
            let all = try spread(indexes, over: rows, rowCount: rowCount, absent: UInt32(entries.count - 1))
            return ColumnData(arena: arena, dictionary: entries, indexes: all)
        } catch let error as ByteCodingError {
            throw StoreFormatError("dictionary: \(error)")
        } catch let error as StoreFormatError {
            throw error
        } catch {
            throw StoreFormatError("\(error)")
        }
    }

    /// Decodes those chunks of a section of the kind `text` that hold a candidate.
    static func text(
        _ bytes: UnsafeRawBufferPointer, rowCount: Int, _ candidates: RowBitmap, _ context: inout CodecContext
    ) throws(StoreFormatError) -> ColumnData {
        var reader = unsafe ByteReader(bytes)
        do {
            let rows = unsafe try Presence.decode(&reader, rowCount: rowCount)
            let total = rows?.count ?? rowCount
            let chunkCount = unsafe try reader.count(limit: rowCount)
            var ranges = [ByteRange](repeating: .absent, count: rowCount)
            var content = ByteWriter(capacity: 1 << 16)
            var first = 0
            for _ in 0..<chunkCount {
                let count = unsafe try reader.count(limit: total - first)
                guard count > 0 else { throw StoreFormatError("chunk is empty") }
                let low = rows.map { Int($0[first]) } ?? first
                let high = rows.map { Int($0[first + count - 1]) } ?? first + count - 1
                if candidates.containsAny(in: low..<(high + 1)) {
                    let start = content.count
                    unsafe try context.decompress(
                        &reader, limit: StoreLimits.sectionBytes - content.count, into: &content)
                    unsafe try content.withBytes { (bytes) throws(ByteCodingError) in
                        unsafe try place(bytes, from: start, count: count, first: first, rows: rows, into: &ranges)
                    }
                } else {
                    unsafe try context.skip(&reader)
                }
                first += count
            }
            guard first == total else { throw StoreFormatError("text has \(first) of \(total) values") }
            return ColumnData(arena: content.array(), ranges: ranges)
        } catch let error as ByteCodingError {
            throw StoreFormatError("text: \(error)")
        } catch let error as StoreFormatError {
            throw error
        } catch {
            throw StoreFormatError("\(error)")
        }
    }

    /// Reads the lengths of a chunk at `start` and notes where its values are.
    private static func place(
        _ bytes: UnsafeRawBufferPointer, from start: Int, count: Int, first: Int, rows: [UInt32]?,
        into ranges: inout [ByteRange]
    ) throws(ByteCodingError) {
        var reader = unsafe ByteReader(UnsafeRawBufferPointer(rebasing: bytes[start...]))
        var offset = 0
        for index in first..<(first + count) {
            let length = unsafe try reader.count(limit: bytes.count)
            let row = rows.map { Int($0[index]) } ?? index
            ranges[row] = ByteRange(offset: offset, length: length)
            offset += length
        }
        // Lengths are varints before the values, so only now is it known where the values start.
        let base = start + (unsafe reader.offset)
        guard unsafe offset == reader.remaining else {
            throw unsafe .invalid(offset: reader.offset, what: "lengths of a chunk do not add up")
        }
        for index in first..<(first + count) {
            let row = rows.map { Int($0[index]) } ?? index
            ranges[row].offset += UInt32(truncatingIfNeeded: base)
        }
    }

    /// The distinct values of a column, in the order of their first appearance, when they are few.
    private struct Dictionary {
        var entries: [ByteRange] = []
        var indexes: [UInt32] = []

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
    }
}
