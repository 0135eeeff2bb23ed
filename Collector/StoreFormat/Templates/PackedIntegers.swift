/// Where the numbers of a column are.
struct PackedIntegers {
    var storage = IntegerStorage.offsets
    private var storedWidth: UInt8 = 0
    var isSplit = false
    private var storedBits: Int32 = 0
    private var storedBytes: Int32 = 0
    private var storedWide: Int32 = 0
    private var storedSums: Int32 = -1
    var base: UInt64 = 0
    var lowStep: Int64 = 0

    init() {}

    /// Bits a number, at most 64.
    var width: Int {
        get { Int(storedWidth) }
        set { storedWidth = UInt8(truncatingIfNeeded: newValue) }
    }
    /// Places in the areas; those in the areas of bytes and wide values become places in the loaded content.
    var bits: Int {
        get { Int(storedBits) }
        set { storedBits = Int32(truncatingIfNeeded: newValue) }
    }
    var bytes: Int {
        get { Int(storedBytes) }
        set { storedBytes = Int32(truncatingIfNeeded: newValue) }
    }
    var wide: Int {
        get { Int(storedWide) }
        set { storedWide = Int32(truncatingIfNeeded: newValue) }
    }
    /// Where the added-up differences begin, once they are; -1 before.
    var sums: Int {
        get { Int(storedSums) }
        set { storedSums = Int32(truncatingIfNeeded: newValue) }
    }

    /// Bits a value that lie in the area of bits.
    var packedWidth: Int { width > IntegerStorage.widestBits ? 0 : isSplit ? max(0, width - 8) : width }
    /// Whole bytes a value in the area of wide values.
    var wideBytes: Int { width > IntegerStorage.widestBits ? (width + 7) / 8 : 0 }
}
