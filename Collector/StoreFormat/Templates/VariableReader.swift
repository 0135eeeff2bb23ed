internal import ByteCoding
internal import LogModel

/// Reads values of the loaded columns of a block. Lives within ``TemplateBlock/withReader(_:)``.
@unsafe
struct VariableReader {
    /// Bytes of the directory. Eight bytes more can be read.
    let texts: UnsafeRawBufferPointer
    /// Bits, and loaded frames. Eight bytes more can be read.
    let content: UnsafeRawBufferPointer
    let templates: UnsafeBufferPointer<TemplateEntry>
    let pieces: UnsafeBufferPointer<ByteRange>
    let positions: UnsafeBufferPointer<Int32>
    let columns: UnsafeBufferPointer<TemplateColumn>
    let entries: UnsafeBufferPointer<ByteRange>
    let sums: UnsafeBufferPointer<UInt64>
    let textStarts: UnsafeBufferPointer<UInt32>

    /// Appends some bytes of the directory.
    @inline(__always)
    func append(_ range: ByteRange, to output: inout ReusableBuffer<UInt8>) {
        unsafe append(texts, Int(range.offset), Int(range.length), to: &output)
    }

    /// Appends bytes in steps of eight: up to seven too many are read and written, for which there is room.
    @inline(__always)
    private func append(
        _ source: UnsafeRawBufferPointer, _ offset: Int, _ count: Int, to output: inout ReusableBuffer<UInt8>
    ) {
        guard let base = source.baseAddress, count > 0 else { return }
        precondition(offset + count <= source.count, "value lies outside of what was loaded")
        let start = output.count
        output.reserve(count + 8)
        output.resize(to: start + count)
        let target = unsafe UnsafeMutableRawPointer(output.pointer + start)
        let from = unsafe base + offset
        var index = 0
        while index < count {
            let word = unsafe from.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            unsafe target.storeBytes(of: word, toByteOffset: index, as: UInt64.self)
            index += 8
        }
    }

    /// The number of a rank of a column.
    @inline(__always)
    func number(_ integers: PackedIntegers, _ rank: Int) -> UInt64 {
        switch integers.storage {
        case .offsets: return unsafe integers.base &+ integers.stored(rank, content)
        case .differences:
            if integers.sums >= 0 { return unsafe sums[integers.sums + rank] }
            // Without bits of their own, all differences are the same.
            return integers.base &+ UInt64(truncatingIfNeeded: rank) &* UInt64(bitPattern: integers.lowStep)
        }
    }

    /// The value of an index of a text column.
    @inline(__always)
    func text(_ column: TemplateColumn, _ index: Int) -> UnsafeRawBufferPointer {
        let start = unsafe column.third + Int(textStarts[column.integers.sums + index])
        let end = unsafe column.third + Int(textStarts[column.integers.sums + index + 1])
        return unsafe UnsafeRawBufferPointer(rebasing: content[start..<end])
    }

    /// Appends the value of a rank of a column.
    func append(
        _ number: Int, _ rank: Int, to output: inout ReusableBuffer<UInt8>
    ) throws(StoreFormatError) {
        let column = unsafe columns[number]
        switch column.kind {
        case .constant: unsafe append(texts, column.first, column.second, to: &output)
        case .dictionary:
            let index = unsafe self.number(column.integers, rank)
            guard index < UInt64(column.second) else { throw StoreFormatError("dictionary of a column is too short") }
            unsafe append(entries[column.first + Int(index)], to: &output)
        case .decimal:
            let value = unsafe self.number(column.integers, rank)
            DecimalForm.append(value, digits: column.first, to: &output)
        case .digits:
            let (value, length) = DecimalForm.run(unsafe self.number(column.integers, rank))
            DecimalForm.append(value, digits: length, to: &output)
        case .hexadecimal:
            let start = column.third + rank * column.second
            unsafe HexadecimalForm.append(
                UnsafeRawBufferPointer(rebasing: content[start..<(start + column.second)]),
                isUpper: column.first & 1 == 1, hasPrefix: column.first & 2 == 2, to: &output)
        case .parts:
            unsafe append(entries[column.first], to: &output)
            for run in 0..<column.second {
                unsafe try append(column.third + run, rank, to: &output)
                unsafe append(entries[column.first + run + 1], to: &output)
            }
        case .text:
            let start = unsafe Int(textStarts[column.integers.sums + rank])
            let end = unsafe Int(textStarts[column.integers.sums + rank + 1])
            unsafe append(content, column.third + start, end - start, to: &output)
        case .copy: break
        }
    }
}
