internal import ByteCoding

/// Packs columns of numbers: what is subtracted, how many bits are left, and which area takes them.
struct IntegerPacker: ~Copyable {
    /// The numbers of the column that is being packed, all below 2^63.
    var numbers = ReusableBuffer<UInt64>(capacity: 1 << 12)
    private var differences = ReusableBuffer<UInt64>(capacity: 1 << 12)
    private var histogram = ReusableBuffer<UInt32>(capacity: 256)

    /// Writes ``numbers`` to the areas and how they lie there to the directory.
    mutating func pack(into areas: inout ColumnAreas, directory: inout ByteWriter) {
        let count = numbers.count
        var low = UInt64.max
        var high = UInt64.min
        var lowStep = Int64.max
        var highStep = Int64.min
        for index in 0..<count {
            low = min(low, numbers[index])
            high = max(high, numbers[index])
        }
        for index in 1..<max(1, count) {
            let step = Int64(bitPattern: numbers[index]) &- Int64(bitPattern: numbers[index - 1])
            lowStep = min(lowStep, step)
            highStep = max(highStep, step)
        }
        let width = 64 - (high &- low).leadingZeroBitCount
        let stepWidth = 64 - UInt64(bitPattern: highStep &- lowStep).leadingZeroBitCount
        if count > 1, stepWidth < width {
            directory.append(IntegerStorage.differences.rawValue)
            directory.append(varint: numbers[0])
            directory.append(zigzag: lowStep)
            differences.resize(to: count)
            differences[0] = 0
            for index in 1..<count {
                differences[index] = numbers[index] &- numbers[index - 1] &- UInt64(bitPattern: lowStep)
            }
            unsafe store(differences.pointer, count, stepWidth, into: &areas, directory: &directory)
        } else {
            directory.append(IntegerStorage.offsets.rawValue)
            directory.append(varint: low)
            if low > 0 {
                for index in 0..<count { numbers[index] = numbers[index] &- low }
            }
            unsafe store(numbers.pointer, count, width, into: &areas, directory: &directory)
        }
    }

    private mutating func store(
        _ values: UnsafePointer<UInt64>, _ count: Int, _ width: Int, into areas: inout ColumnAreas,
        directory: inout ByteWriter
    ) {
        directory.append(UInt8(truncatingIfNeeded: width))
        if width == 0 { return }
        if width > IntegerStorage.widestBits {
            let size = (width + 7) / 8
            areas.wide.reserve(count * 8)
            for index in 0..<count {
                var rest = unsafe values[index]
                for _ in 0..<size {
                    areas.wide.append(UInt8(truncatingIfNeeded: rest))
                    rest >>= 8
                }
            }
            return
        }
        let isSplit = unsafe highBitsAreSkewed(values, count, width)
        directory.append(isSplit ? 1 : 0)
        if isSplit {
            let shift = UInt64(max(0, width - 8))
            areas.bytes.reserve(count)
            for index in 0..<count { areas.bytes.append(UInt8(truncatingIfNeeded: unsafe values[index] >> shift)) }
            if width > 8 { unsafe areas.appendBits(values, count: count, width: width - 8) }
        } else {
            unsafe areas.appendBits(values, count: count, width: width)
        }
    }

    /// Whether the high eight bits have so uneven a distribution that zstd saves at least a bit of each.
    ///
    /// Measured by how often two values drawn from the column agree: cheaper than the entropy, and never higher.
    private mutating func highBitsAreSkewed(_ values: UnsafePointer<UInt64>, _ count: Int, _ width: Int) -> Bool {
        let shift = UInt64(max(0, width - 8))
        histogram.fill(0, count: 256)
        for index in 0..<count {
            let byte = Int(truncatingIfNeeded: unsafe values[index] >> shift & 0xFF)
            histogram[byte] += 1
        }
        var agreeing: UInt64 = 0
        for byte in 0..<256 { agreeing += UInt64(histogram[byte]) * UInt64(max(1, histogram[byte]) - 1) }
        // Were all values equally frequent, this many pairs would agree.
        let even = (UInt64(count) * UInt64(max(1, count - 1))) >> UInt64(min(8, width))
        return agreeing > even * 2
    }
}

/// What the numbers of a column stand for.
enum IntegerStorage: UInt8 {
    /// Offsets from the lowest value.
    case offsets = 0
    /// Differences to the value before, less the lowest difference.
    case differences = 1

    /// Wider numbers are stored as whole bytes in the area of wide values.
    static let widestBits = 32
}
