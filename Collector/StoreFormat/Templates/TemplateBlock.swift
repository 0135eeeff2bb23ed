internal import ByteCoding
internal import LogModel

/// The variables of a block's messages; those of a column are decompressed when it is loaded.
struct TemplateBlock: ~Copyable {
    /// 65,536 rows of 255 variables are fewer: what a block can make its reader hold.
    static let mostValues = 1 << 24

    let outline: TemplateOutline
    /// The columns; those that are loaded say where in ``content``.
    private(set) var columns: [TemplateColumn]
    /// Bits, and the content of loaded frames. Eight bytes more can be read.
    private var content = ByteWriter(capacity: 1 << 12)
    /// Sums of differences.
    private var sums: [UInt64] = []
    /// Where each value of a text column begins, and one more; a column's begin at its `integers.sums`.
    private var textStarts: [UInt32] = []
    /// Where the content of each frame of each area begins in ``content``; -1 when it is not loaded.
    private var loaded: [[Int]]

    /// Whether so few values are read that adding up what is before each is less than adding up all, and that bits are
    /// loaded by column.
    private let isFew: Bool

    init(_ outline: TemplateOutline, few: Bool = false) {
        self.outline = outline
        isFew = few
        // Thousands of columns are not copied for the few that will be loaded; the others are never looked at.
        columns =
            few
            ? unsafe [TemplateColumn](unsafeUninitializedCapacity: outline.directory.columns.count) {
                $1 = $0.count
            } : outline.directory.columns
        loaded = outline.frames.map { [Int](repeating: -1, count: $0.count) }
    }

    /// Lends what reads the values of loaded columns.
    borrowing func withReader<R>(
        _ body: (VariableReader) throws(StoreFormatError) -> R
    ) throws(StoreFormatError) -> R {
        unsafe try outline.withTexts { (texts) throws(StoreFormatError) -> R in
            unsafe try content.withBytes { (content) throws(StoreFormatError) -> R in
                unsafe try outline.directory.withBuffers(columns, texts, content, sums, textStarts, body)
            }
        }
    }

    /// Where in the section what ``load(columns:_:_:)`` needs is, if few values are read.
    static func ranges(of wanted: [Int], _ outline: TemplateOutline) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        func frame(_ area: ColumnAreas.Kind, _ offset: Int, _ length: Int) {
            guard length > 0, let frame = outline.frame(area, with: offset) else { return }
            ranges.append(outline.frames[area.rawValue][frame].section)
        }
        for number in withParts(wanted, outline.directory.columns) {
            let column = outline.directory.columns[number]
            switch column.kind {
            case .constant, .parts, .copy, .pieces: break
            case .hexadecimal: frame(.wide, column.third, column.second * column.rows)
            case .text:
                frame(.bytes, column.integers.bytes, column.first)
                frame(.text, column.third, column.second)
            case .dictionary, .decimal, .digits:
                frame(.bytes, column.integers.bytes, column.integers.isSplit ? column.rows : 0)
                frame(.wide, column.integers.wide, column.integers.wideBytes * column.rows)
                ranges.append(outline.bits(of: column))
            }
        }
        return ranges
    }

    /// Columns and those of digits within them.
    private static func withParts(_ wanted: [Int], _ columns: [TemplateColumn]) -> [Int] {
        var all = wanted
        for number in wanted where columns[number].kind == .parts {
            let column = columns[number]
            all.append(contentsOf: column.third..<(column.third + column.second))
        }
        return all
    }

    /// Loads what is needed to read the values of some columns. Called once.
    ///
    /// - Parameters:
    ///   - wanted: the numbers of the columns, each once.
    ///   - section: at least ``ranges(of:_:)`` if few values are read, else all.
    ///   - context: decompresses.
    /// - Throws: ``StoreFormatError`` when the section is damaged.
    mutating func load(
        columns wanted: [Int], _ section: SectionParts, _ context: inout CodecContext
    ) throws(StoreFormatError) {
        if wanted.isEmpty { return }
        if !isFew { unsafe content.append(contentsOf: try section[outline.bits]) }
        let all = Self.withParts(wanted, outline.directory.columns)
        for number in all {
            var column = outline.directory.columns[number]
            unsafe try load(&column, section, &context)
            columns[number] = column
        }
        // What reads eight bytes at a time may look behind the end.
        content.append(littleEndian: UInt64(0))
        if isFew { return }
        for number in all { try finish(number) }
    }

    private mutating func load(
        _ column: inout TemplateColumn, _ section: SectionParts, _ context: inout CodecContext
    ) throws(StoreFormatError) {
        switch column.kind {
        case .constant, .parts, .copy, .pieces: break
        case .hexadecimal:
            column.third = unsafe try place(.wide, column.third, column.second * column.rows, section, &context)
        case .text:
            column.integers.bytes = unsafe try place(.bytes, column.integers.bytes, column.first, section, &context)
            column.third = unsafe try place(.text, column.third, column.second, section, &context)
        case .dictionary, .decimal, .digits:
            if column.integers.isSplit {
                column.integers.bytes = unsafe try place(
                    .bytes, column.integers.bytes, column.rows, section, &context)
            }
            let wide = column.integers.wideBytes * column.rows
            column.integers.wide = unsafe try place(.wide, column.integers.wide, wide, section, &context)
            guard isFew, column.integers.packedWidth > 0 else { return }
            let bits = unsafe try section[outline.bits(of: column)]
            column.integers.bits = content.count
            unsafe content.append(contentsOf: bits)
        }
    }

    /// Where some bytes of an area are in the loaded content.
    private mutating func place(
        _ area: ColumnAreas.Kind, _ offset: Int, _ length: Int, _ section: SectionParts, _ context: inout CodecContext
    ) throws(StoreFormatError) -> Int {
        if length == 0 { return 0 }
        let frames = outline.frames[area.rawValue]
        guard let index = outline.frame(area, with: offset), offset + length <= frames[index].content.upperBound
        else { throw StoreFormatError("column lies across frames") }
        if loaded[area.rawValue][index] < 0 {
            loaded[area.rawValue][index] = content.count
            var reader = unsafe ByteReader(try section[frames[index].section])
            unsafe try context.decompress(&reader, limit: frames[index].content.count, into: &content)
        }
        return loaded[area.rawValue][index] + offset - frames[index].content.lowerBound
    }

    /// Adds up what can only be read from the front.
    private mutating func finish(_ number: Int) throws(StoreFormatError) {
        let column = columns[number]
        switch column.kind {
        case .text:
            columns[number].integers.sums = textStarts.count
            guard textStarts.count + column.rows < Self.mostValues * 2 else {
                throw StoreFormatError("block has too many values")
            }
            do {
                textStarts.reserveCapacity(textStarts.count + column.rows + 1)
                var start = 0
                unsafe try content.withBytes { (bytes) throws(ByteCodingError) in
                    let lengths = column.integers.bytes..<(column.integers.bytes + column.first)
                    var numbers = unsafe VarintRun(UnsafeRawBufferPointer(rebasing: bytes[lengths]))
                    let end = column.second
                    for _ in 0..<column.rows {
                        textStarts.append(UInt32(truncatingIfNeeded: start))
                        let length = unsafe try numbers.next()
                        guard length <= UInt64(end - start) else {
                            throw unsafe .invalid(offset: numbers.offset, what: "length past the end")
                        }
                        start += Int(length)
                    }
                }
                textStarts.append(UInt32(truncatingIfNeeded: start))
            } catch {
                throw StoreFormatError("lengths: \(error)")
            }
        case .dictionary, .decimal, .digits:
            guard column.integers.storage == .differences, column.integers.width > 0 else { return }
            guard sums.count + column.rows <= Self.mostValues else {
                throw StoreFormatError("block has too many values")
            }
            let start = sums.count
            sums.reserveCapacity(start + column.rows)
            unsafe content.withBytes { bytes in
                var value = column.integers.base
                for rank in 0..<column.rows {
                    // The first one is the base itself; its place among the differences is unused.
                    if rank > 0 {
                        value =
                            value &+ (unsafe column.integers.stored(rank, bytes))
                            &+ UInt64(bitPattern: column.integers.lowStep)
                    }
                    sums.append(value)
                }
            }
            columns[number].integers.sums = start
        case .constant, .copy, .hexadecimal, .parts, .pieces: break
        }
    }
}

extension PackedIntegers {
    /// The number of a rank as it is stored, before anything is added.
    @inline(__always)
    func stored(_ rank: Int, _ content: UnsafeRawBufferPointer) -> UInt64 {
        if width > IntegerStorage.widestBits {
            let size = wideBytes
            let word = unsafe UInt64(
                littleEndian: content.loadUnaligned(fromByteOffset: wide + rank * size, as: UInt64.self))
            return size == 8 ? word : word & ((1 << UInt64(size * 8)) - 1)
        }
        let packed = packedWidth
        var value: UInt64 = 0
        if packed > 0 {
            let bit = rank * packed
            let word = unsafe UInt64(
                littleEndian: content.loadUnaligned(fromByteOffset: bits + bit >> 3, as: UInt64.self))
            value = word >> UInt64(bit & 7) & ((1 << UInt64(packed)) - 1)
        }
        if isSplit { value |= unsafe UInt64(content[bytes + rank]) << UInt64(packed) }
        return value
    }
}
