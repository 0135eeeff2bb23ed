internal import ByteCoding
internal import LogModel

/// Puts messages together again.
struct TemplateRenderer: ~Copyable {
    private var output = ReusableBuffer<UInt8>(capacity: 1 << 16)

    /// Decodes the messages of the candidate rows.
    static func messages(
        _ section: UnsafeRawBufferPointer, rowCount: Int, _ candidates: RowBitmap, _ context: inout CodecContext
    ) throws(StoreFormatError) -> ColumnData {
        var block = unsafe try TemplateBlock(section, rowCount: rowCount, &context)
        let wanted = columns(of: candidates, block)
        unsafe try block.load(columns: wanted, section, &context)
        var renderer = TemplateRenderer()
        return try renderer.render(block, candidates)
    }

    /// The columns that the candidate rows need, each once.
    private static func columns(of candidates: RowBitmap, _ block: borrowing TemplateBlock) -> [Int] {
        var isNeeded = [Bool](repeating: false, count: block.directory.templates.count)
        candidates.forEach { isNeeded[Int(block.numbers[$0])] = true }
        var wanted: [Int] = []
        var isWanted = [Bool](repeating: false, count: block.directory.columns.count)
        func want(_ column: Int) {
            if !isWanted[column] { wanted.append(column) }
            isWanted[column] = true
        }
        for (number, template) in block.directory.templates.enumerated() where isNeeded[number] {
            if template.hasColumns {
                for position in 0..<template.variableCount {
                    want(Int(block.directory.positions[template.firstPosition + position]))
                }
            } else if template.variableCount > 0, let shared = block.directory.shared {
                want(shared)
            }
        }
        return wanted
    }

    private mutating func render(
        _ block: borrowing TemplateBlock, _ candidates: RowBitmap
    ) throws(StoreFormatError) -> ColumnData {
        var ranges = [ByteRange](repeating: .absent, count: block.numbers.count)
        var ranks = [Int32](repeating: 0, count: block.directory.templates.count)
        unsafe try block.directoryBytes.withBytes { (texts) throws(StoreFormatError) in
            unsafe try block.content.withBytes { (content) throws(StoreFormatError) in
                let values = unsafe VariableReader(texts: texts, content: content)
                for row in 0..<ranges.count {
                    let number = Int(block.numbers[row])
                    let rank = Int(ranks[number])
                    ranks[number] += 1
                    guard candidates.contains(row) else { continue }
                    let start = output.count
                    unsafe try append(block, number, rank, values)
                    guard output.count <= StoreLimits.sectionBytes else {
                        throw StoreFormatError("messages are longer than \(StoreLimits.sectionBytes) bytes")
                    }
                    ranges[row] = ByteRange(offset: start, length: output.count - start)
                }
            }
        }
        let arena = unsafe [UInt8](UnsafeBufferPointer(start: output.pointer, count: output.count))
        return ColumnData(arena: arena, ranges: ranges)
    }

    private mutating func append(
        _ block: borrowing TemplateBlock, _ number: Int, _ rank: Int, _ values: VariableReader
    ) throws(StoreFormatError) {
        let template = block.directory.templates[number]
        let pieces = template.pieces
        unsafe values.append(block.directory.pieces[pieces.lowerBound], to: &output)
        for position in 0..<template.variableCount {
            if template.hasColumns {
                let column = Int(block.directory.positions[template.firstPosition + position])
                unsafe try values.append(block, column, rank, to: &output)
            } else if let shared = block.directory.shared {
                let index = template.firstPosition + rank * template.variableCount + position
                unsafe try values.append(block, shared, index, to: &output)
            }
            unsafe values.append(block.directory.pieces[pieces.lowerBound + position + 1], to: &output)
        }
    }
}

/// Writes values of columns as text.
@unsafe
struct VariableReader {
    /// Bytes of the directory.
    let texts: UnsafeRawBufferPointer
    /// Bits, and loaded frames.
    let content: UnsafeRawBufferPointer

    /// Appends some bytes of the directory.
    func append(_ range: ByteRange, to output: inout ReusableBuffer<UInt8>) {
        unsafe append(texts, Int(range.offset), Int(range.length), to: &output)
    }

    private func append(
        _ source: UnsafeRawBufferPointer, _ offset: Int, _ count: Int, to output: inout ReusableBuffer<UInt8>
    ) {
        let start = output.count
        output.resize(to: start + count)
        precondition(offset + count <= source.count, "value lies outside of what was loaded")
        guard let base = source.baseAddress else { return }
        unsafe UnsafeMutableRawPointer(output.pointer + start).copyMemory(from: base + offset, byteCount: count)
    }

    /// The number of a rank of a column.
    func number(_ integers: PackedIntegers, _ rank: Int, _ block: borrowing TemplateBlock) -> UInt64 {
        switch integers.storage {
        case .offsets: return unsafe integers.base &+ integers.stored(rank, content)
        case .differences:
            if integers.sums >= 0 { return block.sums[integers.sums + rank] }
            // Without bits of their own, all steps are the same; there is none before the first.
            return integers.base &+ UInt64(truncatingIfNeeded: rank) &* UInt64(bitPattern: integers.lowStep)
        }
    }

    /// Appends the value of a rank of a column.
    func append(
        _ block: borrowing TemplateBlock, _ number: Int, _ rank: Int, to output: inout ReusableBuffer<UInt8>
    ) throws(StoreFormatError) {
        let column = block.directory.columns[number]
        switch column.kind {
        case .constant: unsafe append(texts, column.first, column.second, to: &output)
        case .dictionary:
            let index = unsafe self.number(column.integers, rank, block)
            guard index < UInt64(column.second) else { throw StoreFormatError("dictionary of a column is too short") }
            unsafe append(block.directory.entries[column.first + Int(index)], to: &output)
        case .decimal:
            let value = unsafe self.number(column.integers, rank, block)
            DecimalForm.append(value, digits: column.first, to: &output)
        case .digits:
            let (value, length) = DecimalForm.run(unsafe self.number(column.integers, rank, block))
            DecimalForm.append(value, digits: length, to: &output)
        case .hexadecimal:
            let start = column.third + rank * column.second
            unsafe HexadecimalForm.append(
                unsafe UnsafeRawBufferPointer(rebasing: content[start..<(start + column.second)]),
                isUpper: column.first & 1 == 1, hasPrefix: column.first & 2 == 2, to: &output)
        case .parts:
            unsafe append(block.directory.entries[column.first], to: &output)
            for run in 0..<column.second {
                unsafe try append(block, column.third + run, rank, to: &output)
                unsafe append(block.directory.entries[column.first + run + 1], to: &output)
            }
        case .text:
            let start = Int(block.textStarts[column.integers.sums + rank])
            let end = Int(block.textStarts[column.integers.sums + rank + 1])
            unsafe append(content, column.third + start, end - start, to: &output)
        case .copy: break
        }
    }
}
