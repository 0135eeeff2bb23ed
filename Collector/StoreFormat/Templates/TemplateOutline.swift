internal import ByteCoding
internal import LogModel

/// A frame of an area of variables.
struct TemplateFrame {
    /// Where it is in the section: its lengths, and what follows.
    var section: Range<Int>
    /// Where its content is in its area.
    var content: Range<Int>
}

/// What the section of a block's messages says before any variable is read: templates, which row has which, and where
/// the variables are. Never changes; kept in the cache.
final class TemplateOutline: Sendable {
    let directory: TemplateDirectory
    /// Where the rows of each template begin in ``rows``, and one more.
    let firstRows: [UInt32]
    /// The rows by template, ascending within each.
    let rows: [UInt16]
    /// Where the area of bits is in the section.
    let bits: Range<Int>
    /// The frames of each of the other areas.
    let frames: [[TemplateFrame]]
    /// Bytes of the directory, and eight more, for what reads eight bytes at a time.
    private let padded: [UInt8]

    /// Reads the directory and the template of each row.
    init(_ section: UnsafeRawBufferPointer, rowCount: Int, _ context: inout CodecContext) throws(StoreFormatError) {
        do {
            var reader = unsafe ByteReader(section)
            var bytes = ByteWriter(capacity: 1 << 16)
            unsafe try context.decompress(&reader, limit: StoreLimits.sectionBytes, into: &bytes)
            var (directory, columnsStart) = unsafe try bytes.withBytes { (bytes) throws(ByteCodingError) in
                var reader = unsafe ByteReader(bytes)
                let directory = unsafe try TemplateDirectory(templates: &reader, rowCount: rowCount)
                return (directory, unsafe reader.offset)
            }
            let numbers = unsafe try Self.numbers(&reader, rowCount, directory.templates.count, &context)
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
            bits = unsafe (reader.offset - packed.count)..<reader.offset
            var frames: [[TemplateFrame]] = [[]]
            for area in [ColumnAreas.Kind.bytes, .wide, .text] {
                frames.append(unsafe try Self.frames(&reader, needs: directory.used[area.rawValue]))
            }
            self.frames = frames
            directory.trim()
            (firstRows, rows) = Self.rowsByTemplate(numbers, directory.templates)
            self.directory = directory
            bytes.append(littleEndian: UInt64(0))
            padded = bytes.array()
        } catch let error as StoreFormatError {
            throw error
        } catch {
            throw StoreFormatError("templates: \(error)")
        }
    }

    /// Bytes of memory.
    var memoryBytes: Int {
        let frameBytes = frames.reduce(0) { $0 + $1.count * MemoryLayout<TemplateFrame>.stride }
        return padded.count + frameBytes + rows.count * 2 + firstRows.count * 4 + directory.memoryBytes
    }

    /// Lends the bytes of the directory. Eight bytes more can be read.
    func withTexts<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        let padded = padded
        return unsafe try padded.span.bytes.withUnsafeBytes { (bytes) throws(E) -> R in
            unsafe try body(UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count - 8)]))
        }
    }

    /// The rows of a template, ascending.
    func rows(of template: Int) -> ArraySlice<UInt16> {
        rows[Int(firstRows[template])..<Int(firstRows[template + 1])]
    }

    /// The template of each row.
    var templates: ColumnData {
        var numbers = [UInt16](repeating: 0, count: rows.count)
        for template in directory.templates.indices {
            for row in rows(of: template) { numbers[Int(row)] = UInt16(truncatingIfNeeded: template) }
        }
        return ColumnData(arena: padded, dictionary: directory.templates.map(\.text), indexes: numbers)
    }

    /// The number of the frame with a place of an area; nil when there is none.
    func frame(_ area: ColumnAreas.Kind, with offset: Int) -> Int? {
        let frames = frames[area.rawValue]
        var low = 0
        var high = frames.count
        while low < high {
            let middle = (low + high) / 2
            if frames[middle].content.upperBound <= offset { low = middle + 1 } else { high = middle }
        }
        return low < frames.count && offset >= 0 ? low : nil
    }

    /// Where the bits of a column are in the section.
    func bits(of column: TemplateColumn) -> Range<Int> {
        let start = bits.lowerBound + column.integers.bits
        return start..<(start + (column.rows * column.integers.packedWidth + 7) / 8)
    }

    /// A row, the number of its template, and which of the rows of that it is.
    struct Place {
        var row: Int
        var template: Int
        var rank: Int
    }

    /// Where some rows are, ascending.
    func places(of wanted: RowBitmap) -> [Place] {
        if wanted.count <= Self.fewRows { return wanted.rows.map { place(of: $0) } }
        var found: [Place] = []
        found.reserveCapacity(wanted.count)
        let words = wanted.words.span
        var template = 0
        for (index, row) in rows.enumerated() {
            // Most rows are not wanted; only then is it looked at whose row it is.
            if words[Int(row) >> 6] >> UInt64(row & 63) & 1 == 0 { continue }
            while Int(firstRows[template + 1]) <= index { template += 1 }
            found.append(Place(row: Int(row), template: template, rank: index - Int(firstRows[template])))
        }
        found.sort { $0.row < $1.row }
        return found
    }

    /// Rows that are looked for one by one.
    private static let fewRows = 8

    private func place(of row: Int) -> Place {
        let wanted = UInt16(truncatingIfNeeded: row)
        let index = unsafe rows.withUnsafeBytes { bytes in
            // Four rows a word, 64 rows at a time: a lane that is zero borrows, and had no high bit.
            let low: UInt64 = 0x0001_0001_0001_0001
            let pattern = UInt64(wanted) &* low
            var offset = 0
            while offset + 128 <= bytes.count {
                var found: UInt64 = 0
                for word in 0..<16 {
                    let lanes =
                        unsafe bytes.loadUnaligned(fromByteOffset: offset &+ word &* 8, as: UInt64.self) ^ pattern
                    found |= (lanes &- low) & ~lanes & 0x8000_8000_8000_8000
                }
                if found != 0 { break }
                offset += 128
            }
            var index = offset / 2
            while index < rows.count, rows[index] != wanted { index += 1 }
            return index
        }
        precondition(index < rows.count, "row of another block")
        // The last template whose rows do not begin behind the index; those without rows begin where the next does.
        var low = 0
        var high = firstRows.count - 1
        while low + 1 < high {
            let middle = (low + high) / 2
            if Int(firstRows[middle]) <= index { low = middle } else { high = middle }
        }
        return Place(row: row, template: low, rank: index - Int(firstRows[low]))
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
    private static func frames(_ reader: inout ByteReader, needs: Int) throws -> [TemplateFrame] {
        let count = unsafe try reader.count(limit: reader.remaining)
        var frames: [TemplateFrame] = []
        var end = 0
        for _ in 0..<count {
            let start = unsafe reader.offset
            let length = unsafe Int(try reader.littleEndian(UInt32.self))
            unsafe _ = try reader.bytes(Int(try reader.littleEndian(UInt32.self)))
            guard length > 0, length <= StoreLimits.sectionBytes - end else {
                throw StoreFormatError("frame of \(length) bytes")
            }
            frames.append(TemplateFrame(section: unsafe start..<reader.offset, content: end..<(end + length)))
            end += length
        }
        guard end >= needs else { throw StoreFormatError("columns are cut off") }
        return frames
    }

    private static func rowsByTemplate(
        _ numbers: [UInt16], _ templates: [TemplateEntry]
    ) -> (firstRows: [UInt32], rows: [UInt16]) {
        var firstRows: [UInt32] = [0]
        firstRows.reserveCapacity(templates.count + 1)
        for (number, template) in templates.enumerated() {
            firstRows.append(firstRows[number] + UInt32(truncatingIfNeeded: template.rows))
        }
        var next = firstRows
        var rows = [UInt16](repeating: 0, count: numbers.count)
        for (row, number) in numbers.enumerated() {
            rows[Int(next[Int(number)])] = UInt16(truncatingIfNeeded: row)
            next[Int(number)] += 1
        }
        return (firstRows, rows)
    }
}
