internal import ByteCoding

/// The areas of a section that has one column, read whole.
struct AreaContent: ~Copyable {
    /// No bytes of any area.
    static let none = [Int](repeating: 0, count: ColumnAreas.Kind.allCases.count)

    private var content = ByteWriter(capacity: 1 << 12)
    /// Where each area begins in the content.
    private(set) var starts = AreaContent.none

    /// Reads the areas.
    ///
    /// - Parameters:
    ///   - reader: stands at the areas, and behind them afterwards.
    ///   - needs: the bytes of each area that the column takes.
    ///   - context: decompresses.
    /// - Throws: ``StoreFormatError`` or ``ByteCodingError`` when they are damaged or shorter.
    mutating func load(_ reader: inout ByteReader, _ needs: [Int], _ context: inout CodecContext) throws {
        unsafe content.append(contentsOf: try reader.lengthPrefixed())
        try check(.bits, needs)
        for area in [ColumnAreas.Kind.bytes, .wide, .text] {
            starts[area.rawValue] = content.count
            for _ in 0..<(unsafe try reader.count(limit: reader.remaining)) {
                let limit = StoreLimits.sectionBytes - content.count
                unsafe try context.decompress(&reader, limit: limit, into: &content)
            }
            try check(area, needs)
        }
        // What reads eight bytes at a time may look behind the end.
        content.append(littleEndian: UInt64(0))
    }

    private func check(_ area: ColumnAreas.Kind, _ needs: [Int]) throws(StoreFormatError) {
        guard content.count - starts[area.rawValue] >= needs[area.rawValue] else {
            throw StoreFormatError("column is cut off")
        }
    }

    /// Lends the content. Eight bytes behind each area can be read.
    func withContent<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        unsafe content.withBytes { unsafe body($0) }
    }
}

extension PackedIntegers {
    /// Reads how numbers are packed, and takes their places in the areas.
    ///
    /// - Parameters:
    ///   - reader: stands at the description.
    ///   - rows: how many numbers there are.
    ///   - used: bytes of each area that are taken already; grows.
    /// - Throws: when the description is damaged.
    init(from reader: inout ByteReader, rows: Int, used: inout [Int]) throws(ByteCodingError) {
        guard let storage = IntegerStorage(rawValue: unsafe try reader.byte()) else {
            throw unsafe .invalid(offset: reader.offset, what: "unknown storage of numbers")
        }
        self.storage = storage
        base = unsafe try reader.varint()
        if storage == .differences { lowStep = unsafe try reader.zigzag() }
        width = unsafe Int(try reader.byte())
        guard width <= 64 else { throw unsafe .invalid(offset: reader.offset, what: "number too wide") }
        if width > 0, width <= IntegerStorage.widestBits { isSplit = unsafe try reader.byte() != 0 }
        bits = unsafe try Self.take(.bits, (rows * packedWidth + 7) / 8, 1, of: &used, &reader)
        if isSplit { bytes = unsafe try Self.take(.bytes, 1, rows, of: &used, &reader) }
        wide = unsafe try Self.take(.wide, wideBytes, rows, of: &used, &reader)
    }

    /// The next place of an area, and moves on.
    static func take(
        _ area: ColumnAreas.Kind, _ size: Int, _ count: Int, of used: inout [Int], _ reader: inout ByteReader
    ) throws(ByteCodingError) -> Int {
        let start = used[area.rawValue]
        guard size * count <= StoreLimits.sectionBytes - start else {
            throw unsafe .invalid(offset: reader.offset, what: "columns are too long")
        }
        used[area.rawValue] += size * count
        return start
    }

    /// Makes places in the areas places in content that has one area behind the other.
    mutating func move(_ starts: [Int]) {
        bits += starts[ColumnAreas.Kind.bits.rawValue]
        bytes += starts[ColumnAreas.Kind.bytes.rawValue]
        wide += starts[ColumnAreas.Kind.wide.rawValue]
    }

    /// All numbers of a column whose section has no other.
    ///
    /// - Parameters:
    ///   - content: the areas, to which the places have been moved. Eight bytes more can be read.
    ///   - count: how many numbers there are.
    /// - Returns: the numbers.
    func all(_ content: UnsafeRawBufferPointer, count: Int) -> [UInt64] {
        unsafe [UInt64](unsafeUninitializedCapacity: count) { buffer, filled in
            var value = base
            for rank in 0..<count {
                let stored = width == 0 ? 0 : unsafe stored(rank, content)
                switch storage {
                case .offsets: unsafe buffer[rank] = base &+ stored
                case .differences:
                    if rank > 0 { value = value &+ stored &+ UInt64(bitPattern: lowStep) }
                    unsafe buffer[rank] = value
                }
            }
            filled = count
        }
    }
}
