internal import ByteCoding
internal import LogModel

/// Puts messages together again.
struct TemplateRenderer: ~Copyable {
    private var output = ReusableBuffer<UInt8>(capacity: 1 << 16)

    /// Decodes the messages of the candidate rows.
    static func messages(
        _ outline: TemplateOutline, _ section: UnsafeRawBufferPointer, _ candidates: RowBitmap,
        _ context: inout CodecContext
    ) throws(StoreFormatError) -> ColumnData {
        var block = TemplateBlock(outline)
        unsafe try block.load(columns: columns(of: candidates, outline), section, &context)
        var renderer = TemplateRenderer()
        return try renderer.render(block, candidates)
    }

    /// The columns that the candidate rows need, each once.
    private static func columns(of candidates: RowBitmap, _ outline: TemplateOutline) -> [Int] {
        var isNeeded = [Bool](repeating: false, count: outline.directory.templates.count)
        candidates.forEach { isNeeded[Int(outline.numbers[$0])] = true }
        var wanted: [Int] = []
        var isWanted = [Bool](repeating: false, count: outline.directory.columns.count)
        func want(_ column: Int) {
            if !isWanted[column] { wanted.append(column) }
            isWanted[column] = true
        }
        for (number, template) in outline.directory.templates.enumerated() where isNeeded[number] {
            if template.hasColumns {
                for position in 0..<template.variableCount {
                    want(Int(outline.directory.positions[template.firstPosition + position]))
                }
            } else if template.variableCount > 0, let shared = outline.directory.shared {
                want(shared)
            }
        }
        return wanted
    }

    /// All rows, those of the first template first.
    private static func rowsByTemplate(_ outline: TemplateOutline) -> [UInt32] {
        var next: [Int] = []
        next.reserveCapacity(outline.directory.templates.count)
        var first = 0
        for template in outline.directory.templates {
            next.append(first)
            first += template.rows
        }
        var rows = [UInt32](repeating: 0, count: outline.numbers.count)
        for (row, number) in outline.numbers.enumerated() {
            rows[next[Int(number)]] = UInt32(truncatingIfNeeded: row)
            next[Int(number)] += 1
        }
        return rows
    }

    private mutating func render(
        _ block: borrowing TemplateBlock, _ candidates: RowBitmap
    ) throws(StoreFormatError) -> ColumnData {
        let outline = block.outline
        var ranges = [ByteRange](repeating: .absent, count: outline.numbers.count)
        let shared = outline.directory.shared ?? 0
        func add(_ reader: VariableReader, _ row: Int, _ number: Int, _ rank: Int) throws(StoreFormatError) {
            let start = output.count
            unsafe try append(reader, reader.templates[number], rank, shared)
            guard output.count <= StoreLimits.sectionBytes else {
                throw StoreFormatError("messages are longer than \(StoreLimits.sectionBytes) bytes")
            }
            ranges[row] = ByteRange(offset: start, length: output.count - start)
        }
        unsafe try block.withReader { (reader) throws(StoreFormatError) in
            // Where few rows are wanted, each is looked up; else all are counted.
            if candidates.count * 16 < outline.numbers.count {
                for row in candidates.rows {
                    let number = Int(outline.numbers[row])
                    unsafe try add(reader, row, number, outline.rank(of: row, template: number))
                }
                return
            }
            // Template by template: values of a column are read one after the other.
            let rows = Self.rowsByTemplate(outline)
            var first = 0
            for (number, template) in outline.directory.templates.enumerated() {
                for rank in 0..<template.rows {
                    let row = Int(rows[first + rank])
                    if candidates.contains(row) { unsafe try add(reader, row, number, rank) }
                }
                first += template.rows
            }
        }
        let arena = unsafe [UInt8](UnsafeBufferPointer(start: output.pointer, count: output.count))
        return ColumnData(arena: arena, ranges: ranges)
    }

    @inline(__always)
    private mutating func append(
        _ reader: VariableReader, _ template: TemplateEntry, _ rank: Int, _ shared: Int
    ) throws(StoreFormatError) {
        let firstPiece = template.pieces.lowerBound
        let count = template.variableCount
        unsafe reader.append(reader.pieces[firstPiece], to: &output)
        for position in 0..<count {
            if template.hasColumns {
                let column = unsafe Int(reader.positions[template.firstPosition + position])
                unsafe try reader.append(column, rank, to: &output)
            } else {
                unsafe try reader.append(shared, template.firstPosition + rank * count + position, to: &output)
            }
            unsafe reader.append(reader.pieces[firstPiece + position + 1], to: &output)
        }
    }
}
