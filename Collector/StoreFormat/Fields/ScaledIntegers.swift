internal import ByteCoding

/// Signed numbers as multiples of what divides them all, above the lowest; these are packed by ``IntegerPacker``.
struct ScaledIntegerEncoder: ~Copyable {
    private var packer = IntegerPacker()
    private var areas = ColumnAreas()

    /// Appends numbers; false, and nothing was written, when they are too far apart.
    mutating func encode(
        _ numbers: borrowing ReusableBuffer<Int64>, into writer: inout ByteWriter, _ context: inout CodecContext
    ) throws(StoreFormatError) -> Bool {
        var low = Int64.max
        var high = Int64.min
        for index in 0..<numbers.count {
            low = min(low, numbers[index])
            high = max(high, numbers[index])
        }
        let (span, overflow) = high.subtractingReportingOverflow(low)
        // The packer takes differences of two of them.
        guard !overflow, span < 1 << 62 else { return false }
        let divisor = Self.divisor(numbers, low)
        packer.numbers.resize(to: numbers.count)
        for index in 0..<numbers.count {
            let offset = UInt64(numbers[index] &- low)
            packer.numbers[index] = divisor == 1 ? offset : offset / divisor
        }
        writer.append(zigzag: low)
        writer.append(varint: divisor)
        areas.removeAll()
        packer.pack(into: &areas, directory: &writer)
        try areas.write(to: &writer, &context)
        return true
    }

    /// The greatest number that divides all offsets from the lowest; 1 when there is only one number.
    private static func divisor(_ numbers: borrowing ReusableBuffer<Int64>, _ low: Int64) -> UInt64 {
        var divisor: UInt64 = 0
        for index in 0..<numbers.count {
            var rest = UInt64(numbers[index] &- low)
            if divisor == 0 {
                divisor = rest
                continue
            }
            while rest != 0 { (divisor, rest) = (rest, divisor % rest) }
            if divisor == 1 { break }
        }
        return max(1, divisor)
    }
}

/// Reads what ``ScaledIntegerEncoder`` wrote.
struct ScaledIntegers: ~Copyable {
    private let low: Int64
    private let divisor: Int64
    private let integers: PackedIntegers
    private let areas: AreaContent
    /// All numbers, unless each can be read by itself and only few will be.
    private let all: [UInt64]?

    /// Reads a column.
    ///
    /// - Parameters:
    ///   - reader: stands at the first byte.
    ///   - count: how many numbers there are.
    ///   - few: whether few of them are wanted.
    ///   - context: decompresses.
    /// - Throws: ``StoreFormatError`` or ``ByteCodingError`` when the bytes are damaged.
    init(_ reader: inout ByteReader, count: Int, few: Bool, _ context: inout CodecContext) throws {
        let low = unsafe try reader.zigzag()
        let divisor = unsafe Int64(bitPattern: try reader.varint())
        var areas = AreaContent()
        var used = AreaContent.none
        var integers = unsafe try PackedIntegers(from: &reader, rows: count, used: &used)
        unsafe try areas.load(&reader, used, &context)
        integers.move(areas.starts)
        let isDirect = few && integers.storage == .offsets
        all = unsafe isDirect ? nil : areas.withContent { unsafe integers.all($0, count: count) }
        self.low = low
        self.divisor = divisor
        self.integers = integers
        self.areas = areas
    }

    /// A number by its rank, below the count.
    subscript(rank: Int) -> Int64 {
        let offset =
            if let all { all[rank] } else {
                unsafe areas.withContent { content in
                    integers.base &+ (integers.width == 0 ? 0 : unsafe integers.stored(rank, content))
                }
            }
        return low &+ Int64(bitPattern: offset) &* divisor
    }

    /// Decodes all numbers of a column.
    static func decode(_ reader: inout ByteReader, count: Int, _ context: inout CodecContext) throws -> [Int64] {
        let numbers = unsafe try ScaledIntegers(&reader, count: count, few: false, &context)
        let (low, divisor) = (numbers.low, numbers.divisor)
        return (numbers.all ?? []).map { low &+ Int64(bitPattern: $0) &* divisor }
    }
}
