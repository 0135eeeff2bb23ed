internal import ByteCoding

/// Where the data of many small columns is gathered, by what compresses alike; each area but the bits becomes some
/// zstd frames, which begin and end between columns, so that reading a column takes one frame.
struct ColumnAreas: ~Copyable {
    enum Kind: Int, CaseIterable {
        /// Numbers whose bits look random: packed without gaps and not compressed at all.
        case bits
        /// One byte a value: indexes of dictionaries, high bits of numbers, lengths.
        case bytes
        /// Long numbers and hex: whole bytes, so that zstd finds values that repeat.
        case wide
        /// Values as they are.
        case text
    }

    /// Content after which a frame ends: values of a row cost the frames that they are in. Columns differ so much that
    /// longer frames are no smaller.
    private static let frameBytes = 1 << 14

    var bits = ByteWriter(capacity: 1 << 16)
    var bytes = ByteWriter(capacity: 1 << 16)
    var wide = ByteWriter(capacity: 1 << 16)
    var text = ByteWriter(capacity: 1 << 16)
    private var byteCuts: [Int] = []
    private var wideCuts: [Int] = []
    private var textCuts: [Int] = []

    /// Notes that a column is complete.
    mutating func endColumn() {
        if bytes.count - (byteCuts.last ?? 0) >= Self.frameBytes { byteCuts.append(bytes.count) }
        if wide.count - (wideCuts.last ?? 0) >= Self.frameBytes { wideCuts.append(wide.count) }
        if text.count - (textCuts.last ?? 0) >= Self.frameBytes { textCuts.append(text.count) }
    }

    /// Appends values of `width` bits, at most 32, the first in the lowest bits.
    mutating func appendBits(_ values: UnsafePointer<UInt64>, count: Int, width: Int) {
        let mask: UInt64 = (1 << UInt64(width)) - 1
        bits.reserve((count * width + 7) / 8 + 8)
        var pending: UInt64 = 0
        var filled = 0
        for index in 0..<count {
            pending |= unsafe (values[index] & mask) << UInt64(filled)
            filled += width
            if filled >= 32 {
                bits.append(littleEndian: UInt32(truncatingIfNeeded: pending))
                pending >>= 32
                filled -= 32
            }
        }
        while filled > 0 {
            bits.append(UInt8(truncatingIfNeeded: pending))
            pending >>= 8
            filled -= 8
        }
    }

    /// Appends the areas to a section: the bits as they are, of the others the number of frames, and these.
    mutating func write(to writer: inout ByteWriter, _ context: inout CodecContext) throws(StoreFormatError) {
        writer.append(varint: UInt64(bits.count))
        unsafe bits.withBytes { unsafe writer.append(contentsOf: $0) }
        try Self.write(bytes, byteCuts, to: &writer, &context)
        try Self.write(wide, wideCuts, to: &writer, &context)
        try Self.write(text, textCuts, to: &writer, &context)
    }

    mutating func removeAll() {
        bits.removeAll()
        bytes.removeAll()
        wide.removeAll()
        text.removeAll()
        byteCuts.removeAll()
        wideCuts.removeAll()
        textCuts.removeAll()
    }

    private static func write(
        _ area: borrowing ByteWriter, _ cuts: [Int], to writer: inout ByteWriter, _ context: inout CodecContext
    ) throws(StoreFormatError) {
        var ends = cuts
        if area.count > ends.last ?? 0 { ends.append(area.count) }
        writer.append(varint: UInt64(ends.count))
        var start = 0
        for end in ends {
            unsafe try area.withBytes { (bytes) throws(StoreFormatError) in
                unsafe try context.compress(UnsafeRawBufferPointer(rebasing: bytes[start..<end]), into: &writer)
            }
            start = end
        }
    }
}
