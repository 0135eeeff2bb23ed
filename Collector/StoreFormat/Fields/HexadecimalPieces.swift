internal import ByteCoding

/// A column of hexadecimal values whose digits lie in pieces: what they have in common, and where the pieces are.
struct HexadecimalPieces {
    /// Two to this power are the values of a piece.
    private static let bits = 11

    private let pattern: HexadecimalPattern
    private let bits: Int
    /// Where the frame of each piece is in the section.
    private let frames: [Range<Int>]
    /// How many values there are.
    private let count: Int

    /// Whether so many values are worth being cut.
    static func areMany(_ count: Int) -> Bool { count > 1 << bits }

    /// Appends what the values have in common, and their digits.
    ///
    /// - Parameters:
    ///   - pattern: what they have in common.
    ///   - digits: of all values.
    ///   - writer: where it goes.
    ///   - context: compresses.
    /// - Throws: ``StoreFormatError`` when zstd fails: out of memory.
    static func encode(
        _ pattern: HexadecimalPattern, _ digits: borrowing ByteWriter, into writer: inout ByteWriter,
        _ context: inout CodecContext
    ) throws(StoreFormatError) {
        pattern.encode(into: &writer)
        writer.append(UInt8(bits))
        var frames = ByteWriter(capacity: digits.count + 1 << 10)
        let step = pattern.byteCount << bits
        for start in stride(from: 0, to: digits.count, by: step) {
            let before = frames.count
            let end = min(start + step, digits.count)
            unsafe try digits.withBytes { (bytes) throws(StoreFormatError) in
                unsafe try context.compress(UnsafeRawBufferPointer(rebasing: bytes[start..<end]), into: &frames)
            }
            writer.append(varint: UInt64(frames.count - before))
        }
        unsafe frames.withBytes { unsafe writer.append(contentsOf: $0) }
    }

    /// Reads all but the digits.
    ///
    /// - Parameters:
    ///   - reader: stands behind the presence.
    ///   - count: how many values there are.
    /// - Throws: `ByteCodingError` when it is damaged.
    init(from reader: inout ByteReader, count: Int) throws(ByteCodingError) {
        pattern = unsafe try HexadecimalPattern(from: &reader)
        bits = unsafe Int(try reader.byte())
        guard bits <= 16, pattern.byteCount > 0 else {
            throw unsafe .invalid(offset: reader.offset, what: "pieces too long, or of nothing")
        }
        self.count = count
        var lengths: [Int] = []
        for _ in stride(from: 0, to: count, by: 1 << bits) {
            lengths.append(unsafe try reader.count(limit: StoreLimits.sectionBytes))
        }
        var start = unsafe reader.offset
        frames = lengths.map { length in
            defer { start += length }
            return start..<(start + length)
        }
    }

    /// Where the digits of candidates are in the section.
    func ranges(of candidates: RowBitmap, _ rows: ColumnRows) -> [Range<Int>] {
        let wanted = Set(rows.ranks(of: candidates).rows.map { $0 >> bits })
        return wanted.sorted().map { frames[$0] }
    }

    /// Reads the values of candidates.
    ///
    /// - Parameters:
    ///   - section: with the digits of all candidates.
    ///   - rows: the presence.
    ///   - candidates: whose values are wanted.
    ///   - picks: whether the result has the values of candidates alone.
    ///   - context: decompresses.
    /// - Returns: the values.
    /// - Throws: ``StoreFormatError`` when the bytes are damaged.
    func texts(
        _ section: SectionParts, _ rows: ColumnRows, _ candidates: RowBitmap, picks: Bool,
        _ context: inout CodecContext
    ) throws(StoreFormatError) -> ColumnData {
        let size = pattern.byteCount
        var texts = TextGatherer(count: picks ? candidates.count : rows.rowCount)
        var digits = ByteWriter(capacity: size << bits)
        var loaded = -1
        try rows.forEach(of: candidates) { (rank, row, place) throws(StoreFormatError) in
            let piece = rank >> bits
            if piece != loaded {
                let values = min(1 << bits, count - piece << bits)
                digits.removeAll()
                var reader = unsafe ByteReader(try section[frames[piece]])
                unsafe try context.decompress(&reader, limit: size * values, into: &digits)
                guard digits.count == size * values else { throw StoreFormatError("digits are cut off") }
                loaded = piece
            }
            let first = (rank - piece << bits) * size
            unsafe digits.withBytes { bytes in
                unsafe pattern.write(
                    UnsafeRawBufferPointer(rebasing: bytes[first..<(first + size)]), to: &texts.output)
            }
            try texts.end(picks ? place : row)
        }
        return texts.finish()
    }
}
