internal import ByteCoding
internal import LogModel

/// Columns of values as dictionaries and as chunks of text; what stands behind their presence.
enum ValueColumns {
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

    /// Decodes a dictionary.
    static func dictionary(
        _ reader: inout ByteReader, _ rows: ColumnRows, _ context: inout CodecContext
    ) throws -> ColumnData {
        var (arena, entries) = unsafe try ValueDictionary.entries(&reader, &context)
        guard entries.count < 1 << 16 else { throw StoreFormatError("dictionary of \(entries.count) values") }
        let indexes: [UInt16] = unsafe try NumberColumns.packed(
            &reader, count: rows.valueCount, limit: entries.count, &context)
        guard !entries.isEmpty || rows.valueCount == 0 else { throw StoreFormatError("dictionary is empty") }
        if rows.present != nil { entries.append(.absent) }
        let all = try rows.spread(indexes, absent: UInt16(truncatingIfNeeded: entries.count - 1))
        return ColumnData(arena: arena, dictionary: entries, indexes: all)
    }

    /// Decodes the values of candidates of a dictionary alone, one behind the other.
    static func dictionary(
        _ reader: inout ByteReader, _ rows: ColumnRows, picking candidates: RowBitmap, _ context: inout CodecContext
    ) throws -> ColumnData {
        let (arena, entries) = unsafe try ValueDictionary.entries(&reader, &context)
        guard !entries.isEmpty || rows.valueCount == 0 else { throw StoreFormatError("dictionary is empty") }
        var ranges = [ByteRange](repeating: .absent, count: candidates.count)
        var places: [Int] = []
        var ranks: [Int] = []
        try rows.forEach(of: candidates) { (rank, _, place) throws(StoreFormatError) in
            ranks.append(rank)
            places.append(place)
        }
        if ranks.isEmpty { return ColumnData(arena: [], ranges: ranges) }
        let indexes = unsafe try NumberColumns.packed(
            &reader, picking: ranks, of: rows.valueCount, limit: entries.count, &context)
        for (place, index) in zip(places, indexes) { ranges[place] = entries[index] }
        return ColumnData(arena: arena, ranges: ranges)
    }

    /// Decodes those chunks of text that hold a candidate.
    static func text(
        _ reader: inout ByteReader, _ rows: ColumnRows, _ candidates: RowBitmap, _ context: inout CodecContext
    ) throws -> ColumnData {
        let chunkCount = unsafe try reader.count(limit: rows.rowCount)
        // The row of each rank.
        let places = rows.present?.rows ?? Array(0..<rows.rowCount)
        var ranges = [ByteRange](repeating: .absent, count: rows.rowCount)
        var content = ByteWriter(capacity: 1 << 16)
        var first = 0
        for _ in 0..<chunkCount {
            let count = unsafe try reader.count(limit: rows.valueCount - first)
            guard count > 0 else { throw StoreFormatError("chunk is empty") }
            if candidates.containsAny(in: places[first]..<(places[first + count - 1] + 1)) {
                let start = content.count
                unsafe try context.decompress(
                    &reader, limit: StoreLimits.sectionBytes - content.count, into: &content)
                unsafe try content.withBytes { (bytes) throws(ByteCodingError) in
                    unsafe try place(bytes, from: start, places[first..<(first + count)], into: &ranges)
                }
            } else {
                unsafe try context.skip(&reader)
            }
            first += count
        }
        guard first == rows.valueCount else {
            throw StoreFormatError("text has \(first) of \(rows.valueCount) values")
        }
        return ColumnData(arena: content.array(), ranges: ranges)
    }

    /// Reads the lengths of a chunk at `start` and notes where its values are.
    private static func place(
        _ bytes: UnsafeRawBufferPointer, from start: Int, _ rows: ArraySlice<Int>, into ranges: inout [ByteRange]
    ) throws(ByteCodingError) {
        var reader = unsafe ByteReader(UnsafeRawBufferPointer(rebasing: bytes[start...]))
        var offset = 0
        for row in rows {
            let length = unsafe try reader.count(limit: bytes.count)
            ranges[row] = ByteRange(offset: offset, length: length)
            offset += length
        }
        // Lengths are varints before the values, so only now is it known where the values start.
        let base = start + (unsafe reader.offset)
        guard unsafe offset == reader.remaining else {
            throw unsafe .invalid(offset: reader.offset, what: "lengths of a chunk do not add up")
        }
        for row in rows { ranges[row].offset += UInt32(truncatingIfNeeded: base) }
    }
}
