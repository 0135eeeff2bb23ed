internal import ByteCoding
internal import LogModel

/// Puts messages together again.
struct TemplateRenderer: ~Copyable {
    private var output = ReusableBuffer<UInt8>(capacity: 1 << 16)
    /// The pieces between placeholders of the template at work, and its number.
    private var pieces: [ByteRange] = []
    private var current = -1
    /// Rows up to which the columns are not added up.
    private static let fewRows = 8

    /// Decodes the messages of the candidate rows; with `picks` the result has these alone, one behind the other.
    static func messages(
        _ outline: TemplateOutline, _ section: UnsafeRawBufferPointer, _ candidates: RowBitmap, picks: Bool = false,
        _ context: inout CodecContext
    ) throws(StoreFormatError) -> ColumnData {
        var block = TemplateBlock(outline)
        var renderer = TemplateRenderer()
        // Where few rows are wanted, each is looked up; else all are counted.
        guard candidates.count * 16 < outline.rows.count else {
            unsafe try block.load(columns: columns(of: candidates, outline), section, &context)
            let column = try renderer.render(block, candidates)
            return picks ? column.picking(candidates) : column
        }
        let places = outline.places(of: candidates)
        unsafe try block.load(
            columns: columns(of: places.map(\.template), outline), few: places.count <= fewRows, section, &context)
        return try renderer.render(block, places, picks: picks)
    }

    /// The columns that the candidate rows need, each once.
    private static func columns(of candidates: RowBitmap, _ outline: TemplateOutline) -> [Int] {
        let templates = outline.directory.templates.indices.filter { template in
            outline.rows(of: template).contains { candidates.contains(Int($0)) }
        }
        return columns(of: templates, outline)
    }

    /// The columns of some templates, each once.
    private static func columns(of templates: [Int], _ outline: TemplateOutline) -> [Int] {
        let directory = outline.directory
        var wanted: [Int] = []
        var isWanted = [Bool](repeating: false, count: directory.columns.count)
        func want(_ column: Int) {
            if !isWanted[column] { wanted.append(column) }
            isWanted[column] = true
        }
        for number in templates {
            let template = directory.templates[number]
            if template.hasColumns {
                for position in 0..<template.variableCount {
                    want(Int(directory.positions[template.firstPosition + position]))
                }
            } else if template.variableCount > 0, let shared = directory.shared {
                want(shared)
            }
        }
        return wanted
    }

    /// Template by template: values of a column are read one after the other.
    private mutating func render(
        _ block: borrowing TemplateBlock, _ candidates: RowBitmap
    ) throws(StoreFormatError) -> ColumnData {
        let outline = block.outline
        var ranges = [ByteRange](repeating: .absent, count: outline.rows.count)
        let shared = outline.directory.shared ?? 0
        unsafe try block.withReader { (reader) throws(StoreFormatError) in
            for number in outline.directory.templates.indices {
                for (rank, row) in outline.rows(of: number).enumerated() where candidates.contains(Int(row)) {
                    ranges[Int(row)] = unsafe try append(reader, number, rank, shared)
                }
            }
        }
        return finish(ranges)
    }

    private mutating func render(
        _ block: borrowing TemplateBlock, _ places: [TemplateOutline.Place], picks: Bool
    ) throws(StoreFormatError) -> ColumnData {
        let shared = block.outline.directory.shared ?? 0
        var ranges = [ByteRange](repeating: .absent, count: picks ? places.count : block.outline.rows.count)
        unsafe try block.withReader { (reader) throws(StoreFormatError) in
            for (index, place) in places.enumerated() {
                ranges[picks ? index : place.row] = unsafe try append(reader, place.template, place.rank, shared)
            }
        }
        return finish(ranges)
    }

    private func finish(_ ranges: [ByteRange]) -> ColumnData {
        let arena = unsafe [UInt8](UnsafeBufferPointer(start: output.pointer, count: output.count))
        return ColumnData(arena: arena, ranges: ranges)
    }

    /// Appends a message and says where it is.
    @inline(__always)
    private mutating func append(
        _ reader: VariableReader, _ number: Int, _ rank: Int, _ shared: Int
    ) throws(StoreFormatError) -> ByteRange {
        let template = unsafe reader.templates[number]
        if number != current {
            unsafe cut(reader, template)
            current = number
        }
        let start = output.count
        let count = template.variableCount
        unsafe reader.append(pieces[0], to: &output)
        for position in 0..<count {
            if template.hasColumns {
                let column = unsafe Int(reader.positions[template.firstPosition + position])
                unsafe try reader.append(column, rank, to: &output)
            } else {
                unsafe try reader.append(shared, template.firstPosition + rank * count + position, to: &output)
            }
            unsafe reader.append(pieces[position + 1], to: &output)
        }
        guard output.count <= StoreLimits.sectionBytes else {
            throw StoreFormatError("messages are longer than \(StoreLimits.sectionBytes) bytes")
        }
        return ByteRange(offset: start, length: output.count - start)
    }

    /// Cuts a template at its placeholders.
    private mutating func cut(_ reader: VariableReader, _ template: TemplateEntry) {
        pieces.removeAll(keepingCapacity: true)
        var start = Int(template.text.offset)
        for index in start..<template.text.end where unsafe reader.texts[index] == TokenClass.placeholder {
            pieces.append(ByteRange(offset: start, length: index - start))
            start = index + 1
        }
        pieces.append(ByteRange(offset: start, length: template.text.end - start))
    }
}
