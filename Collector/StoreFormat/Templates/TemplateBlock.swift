internal import ByteCoding
internal import LogModel

/// The messages of a block, split into templates and variables; frames of variables are decompressed when needed.
struct TemplateBlock: ~Copyable {
    /// 65,536 rows of 255 variables are fewer: what a block can make its reader hold.
    static let mostValues = 1 << 24

    /// A frame of an area.
    private struct Frame {
        /// Where it is in the section: its lengths, and what follows.
        var section: Int
        /// Where its content is in its area.
        var content: Range<Int>
        /// Where its content is in `content`; -1 when it is not loaded.
        var loaded = -1
    }

    private(set) var directory: TemplateDirectory
    /// Bytes of the directory.
    let directoryBytes: ByteWriter
    /// The template of each row.
    private(set) var numbers: [UInt16]
    /// Bits, and the content of loaded frames. Eight bytes more can be read.
    private(set) var content = ByteWriter(capacity: 1 << 16)
    /// Sums of differences.
    private(set) var sums: [UInt64] = []
    /// Where each value of a text column begins, and one more; a column's begin at its `integers.sums`.
    private(set) var textStarts: [UInt32] = []
    private var frames: [[Frame]]

    /// What a section says before any frame of variables is decompressed.
    private struct Outline {
        var directory: TemplateDirectory
        var numbers: [UInt16]
        var frames: [[Frame]]
    }

    /// Reads the directory and the template of each row.
    init(_ section: UnsafeRawBufferPointer, rowCount: Int, _ context: inout CodecContext) throws(StoreFormatError) {
        var bytes = ByteWriter(capacity: 1 << 16)
        let outline: Outline
        do {
            outline = unsafe try Self.outline(section, rowCount, directory: &bytes, bits: &content, &context)
        } catch let error as StoreFormatError {
            throw error
        } catch {
            throw StoreFormatError("templates: \(error)")
        }
        directory = outline.directory
        numbers = outline.numbers
        frames = outline.frames
        // What copies eight bytes at a time may look behind the end.
        bytes.reserve(8)
        directoryBytes = bytes
    }

    private static func outline(
        _ section: UnsafeRawBufferPointer, _ rowCount: Int, directory bytes: inout ByteWriter, bits: inout ByteWriter,
        _ context: inout CodecContext
    ) throws -> Outline {
        var reader = unsafe ByteReader(section)
        unsafe try context.decompress(&reader, limit: StoreLimits.sectionBytes, into: &bytes)
        var (directory, columnsStart) = unsafe try bytes.withBytes { (bytes) throws(ByteCodingError) in
            var reader = unsafe ByteReader(bytes)
            let directory = unsafe try TemplateDirectory(templates: &reader, rowCount: rowCount)
            return (directory, unsafe reader.offset)
        }
        let numbers = unsafe try numbers(&reader, rowCount, directory.templates.count, &context)
        for number in numbers { directory.templates[Int(number)].rows += 1 }
        unsafe try bytes.withBytes { (bytes) throws(ByteCodingError) in
            var reader = unsafe ByteReader(bytes)
            unsafe _ = try reader.bytes(columnsStart)
            unsafe try directory.readColumns(&reader)
        }
        let packed = unsafe try reader.lengthPrefixed()
        guard packed.count >= directory.used[ColumnAreas.Kind.bits.rawValue] else {
            throw StoreFormatError("bits are cut off")
        }
        unsafe bits.append(contentsOf: packed)
        var frames: [[Frame]] = [[]]
        for area in [ColumnAreas.Kind.bytes, .wide, .text] {
            frames.append(unsafe try Self.frames(&reader, needs: directory.used[area.rawValue]))
        }
        return Outline(directory: directory, numbers: numbers, frames: frames)
    }

    private static func numbers(
        _ reader: inout ByteReader, _ rowCount: Int, _ templateCount: Int, _ context: inout CodecContext
    ) throws(StoreFormatError) -> [UInt16] {
        var short = ByteWriter(capacity: rowCount)
        unsafe try context.decompress(&reader, limit: rowCount, into: &short)
        var long = ByteWriter(capacity: 16)
        if templateCount > TemplateEncoder.shortNumbers {
            unsafe try context.decompress(&reader, limit: rowCount * 2, into: &long)
        }
        guard short.count == rowCount else { throw StoreFormatError("templates of \(short.count) of \(rowCount) rows") }
        var numbers = [UInt16](repeating: 0, count: rowCount)
        let isWhole = unsafe short.withBytes { short in
            unsafe long.withBytes { long in
                var next = 0
                for row in 0..<rowCount {
                    var number = unsafe Int(short[row])
                    if number == TemplateEncoder.shortNumbers {
                        guard next + 2 <= long.count else { return false }
                        number += unsafe Int(
                            UInt16(littleEndian: long.loadUnaligned(fromByteOffset: next, as: UInt16.self)))
                        next += 2
                    }
                    guard number < templateCount else { return false }
                    numbers[row] = UInt16(truncatingIfNeeded: number)
                }
                return true
            }
        }
        guard isWhole else { throw StoreFormatError("a row has no template") }
        return numbers
    }

    /// Notes where the frames of an area are, and what they hold.
    private static func frames(_ reader: inout ByteReader, needs: Int) throws -> [Frame] {
        let count = unsafe try reader.count(limit: reader.remaining)
        var frames: [Frame] = []
        var start = 0
        for _ in 0..<count {
            let section = unsafe reader.offset
            let length = unsafe Int(try reader.littleEndian(UInt32.self))
            unsafe _ = try reader.bytes(Int(try reader.littleEndian(UInt32.self)))
            guard length > 0, length <= StoreLimits.sectionBytes - start else {
                throw StoreFormatError("frame of \(length) bytes")
            }
            frames.append(Frame(section: section, content: start..<(start + length)))
            start += length
        }
        guard start >= needs else { throw StoreFormatError("columns are cut off") }
        return frames
    }

    // MARK: Columns

    /// Lends what reads the values of loaded columns.
    borrowing func withReader<R>(
        _ body: (VariableReader) throws(StoreFormatError) -> R
    ) throws(StoreFormatError) -> R {
        unsafe try directoryBytes.withBytes { (texts) throws(StoreFormatError) -> R in
            unsafe try content.withBytes { (content) throws(StoreFormatError) -> R in
                unsafe try directory.withBuffers(texts, content, sums, textStarts, body)
            }
        }
    }

    /// Loads what is needed to read the values of some columns, given by their numbers, each once.
    mutating func load(
        columns wanted: [Int], _ section: UnsafeRawBufferPointer, _ context: inout CodecContext
    ) throws(StoreFormatError) {
        var all = wanted
        for number in wanted where directory.columns[number].kind == .parts {
            let column = directory.columns[number]
            all.append(contentsOf: column.third..<(column.third + column.second))
        }
        for number in all {
            var column = directory.columns[number]
            unsafe try load(&column, section, &context)
            directory.columns[number] = column
        }
        // What reads eight bytes at a time may look behind the end.
        content.append(littleEndian: UInt64(0))
        for number in all { try finish(number) }
    }

    private mutating func load(
        _ column: inout TemplateColumn, _ section: UnsafeRawBufferPointer, _ context: inout CodecContext
    ) throws(StoreFormatError) {
        switch column.kind {
        case .constant, .parts, .copy: break
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
        }
    }

    /// Where some bytes of an area are in the loaded content.
    private mutating func place(
        _ area: ColumnAreas.Kind, _ offset: Int, _ length: Int, _ section: UnsafeRawBufferPointer,
        _ context: inout CodecContext
    ) throws(StoreFormatError) -> Int {
        if length == 0 { return 0 }
        let frames = frames[area.rawValue]
        guard let index = frames.firstIndex(where: { $0.content.contains(offset) }),
            offset + length <= frames[index].content.upperBound
        else { throw StoreFormatError("column lies across frames") }
        if frames[index].loaded < 0 {
            self.frames[area.rawValue][index].loaded = content.count
            var reader = unsafe ByteReader(UnsafeRawBufferPointer(rebasing: section[frames[index].section...]))
            unsafe try context.decompress(&reader, limit: frames[index].content.count, into: &content)
        }
        return self.frames[area.rawValue][index].loaded + offset - frames[index].content.lowerBound
    }

    /// Adds up what can only be read from the front.
    private mutating func finish(_ number: Int) throws(StoreFormatError) {
        let column = directory.columns[number]
        switch column.kind {
        case .text:
            directory.columns[number].integers.sums = textStarts.count
            guard textStarts.count + column.rows < Self.mostValues * 2 else {
                throw StoreFormatError("block has too many values")
            }
            do {
                textStarts.reserveCapacity(textStarts.count + column.rows + 1)
                var start = 0
                unsafe try content.withBytes { (bytes) throws(ByteCodingError) in
                    let lengths = column.integers.bytes..<(column.integers.bytes + column.first)
                    var reader = unsafe ByteReader(UnsafeRawBufferPointer(rebasing: bytes[lengths]))
                    for _ in 0..<column.rows {
                        textStarts.append(UInt32(truncatingIfNeeded: start))
                        start += unsafe try reader.count(limit: column.second - start)
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
            directory.columns[number].integers.sums = start
        case .constant, .copy, .hexadecimal, .parts: break
        }
    }
}

extension PackedIntegers {
    /// The number of a rank as it is stored, before anything is added.
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
