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
    let positions: UnsafeBufferPointer<Int32>
    let columns: UnsafeBufferPointer<TemplateColumn>
    let entries: UnsafeBufferPointer<ByteRange>
    let sums: UnsafeBufferPointer<UInt64>
    let textStarts: UnsafeBufferPointer<UInt32>
    /// The first column of rare templates' variables, and the power of two of the values in each.
    let shared: Int
    let pieceBits: Int

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
    func number(_ integers: borrowing PackedIntegers, _ rank: Int) -> UInt64 {
        switch integers.storage {
        case .offsets: return unsafe integers.base &+ integers.stored(rank, content)
        case .differences:
            if integers.sums >= 0 { return unsafe sums[integers.sums + rank] }
            // Without bits of their own, all differences are the same.
            var value = integers.base &+ UInt64(truncatingIfNeeded: rank) &* UInt64(bitPattern: integers.lowStep)
            if integers.width > 0, rank > 0 {
                for rank in 1...rank { value &+= unsafe integers.stored(rank, content) }
            }
            return value
        }
    }

    /// The value of an index of a text column.
    @inline(__always)
    func text(_ column: TemplateColumn, _ index: Int) -> UnsafeRawBufferPointer {
        let start = unsafe column.third + Int(textStarts[column.integers.sums + index])
        let end = unsafe column.third + Int(textStarts[column.integers.sums + index + 1])
        return unsafe UnsafeRawBufferPointer(rebasing: content[start..<end])
    }

    /// Where the value of an index of a text column is among its values, which have not been added up.
    private func addedUp(_ column: TemplateColumn, _ index: Int) throws(StoreFormatError) -> Range<Int> {
        let lengths = column.integers.bytes..<(column.integers.bytes + column.first)
        var numbers = unsafe VarintRun(UnsafeRawBufferPointer(rebasing: content[lengths]))
        do {
            let limit = UInt64(column.second)
            // At most 2^24 values of less than 2^31 bytes each.
            let start = unsafe try numbers.sum(of: index, limit: limit)
            let length = unsafe try numbers.sum(of: 1, limit: limit)
            guard start + length <= limit else { throw StoreFormatError("length past the end") }
            return Int(start)..<Int(start + length)
        } catch let error as StoreFormatError {
            throw error
        } catch {
            throw StoreFormatError("lengths: \(error)")
        }
    }

    /// Appends a variable of a rare template, by its number among all of these.
    func append(shared index: Int, to output: inout ReusableBuffer<UInt8>) throws(StoreFormatError) {
        unsafe try append(shared + index >> pieceBits, index & (1 << pieceBits - 1), to: &output)
    }

    /// Appends the value of a rank of a column.
    func append(
        _ number: Int, _ rank: Int, to output: inout ReusableBuffer<UInt8>
    ) throws(StoreFormatError) {
        guard let base = unsafe columns.baseAddress else { return }
        // Read in place: a copy of the whole description for each value would cost more than most values.
        let column = unsafe base + number
        switch unsafe column.pointee.kind {
        case .constant: unsafe append(texts, column.pointee.first, column.pointee.second, to: &output)
        case .dictionary:
            let index = unsafe self.number(column.pointee.integers, rank)
            guard unsafe index < UInt64(column.pointee.second) else {
                throw StoreFormatError("dictionary of a column is too short")
            }
            unsafe append(entries[column.pointee.first + Int(index)], to: &output)
        case .decimal:
            let value = unsafe self.number(column.pointee.integers, rank)
            DecimalForm.append(value, digits: unsafe column.pointee.first, to: &output)
        case .digits:
            let (value, length) = DecimalForm.run(unsafe self.number(column.pointee.integers, rank))
            DecimalForm.append(value, digits: length, to: &output)
        case .hexadecimal:
            let count = unsafe column.pointee.second
            let start = unsafe column.pointee.third + rank * count
            let flags = unsafe column.pointee.first
            unsafe HexadecimalForm.append(
                UnsafeRawBufferPointer(rebasing: content[start..<(start + count)]),
                isUpper: flags & 1 == 1, hasPrefix: flags & 2 == 2, to: &output)
        case .parts:
            let (first, parts) = unsafe (column.pointee.first, column.pointee.third)
            unsafe append(entries[first], to: &output)
            for run in 0..<(unsafe column.pointee.second) {
                unsafe try append(parts + run, rank, to: &output)
                unsafe append(entries[first + run + 1], to: &output)
            }
        case .text:
            let sums = unsafe column.pointee.integers.sums
            guard sums >= 0 else {
                let place = unsafe try addedUp(column.pointee, rank)
                unsafe append(content, column.pointee.third + place.lowerBound, place.count, to: &output)
                return
            }
            let start = unsafe Int(textStarts[sums + rank])
            let end = unsafe Int(textStarts[sums + rank + 1])
            unsafe append(content, column.pointee.third + start, end - start, to: &output)
        case .copy, .pieces: break
        }
    }
}
