internal import ByteCoding
internal import LogModel

/// Puts messages together again.
struct TemplateRenderer: ~Copyable {
    private var output = ReusableBuffer<UInt8>(capacity: 1 << 16)
    /// The pieces between placeholders of the template at work, and its number.
    private var pieces: [ByteRange] = []
    private var current = -1

    /// Decodes the messages of the candidate rows; with `picks` the result has these alone, one behind the other.
    static func messages(
        _ outline: TemplateOutline, _ section: UnsafeRawBufferPointer, _ candidates: RowBitmap, picks: Bool = false,
        _ context: inout CodecContext
    ) throws(StoreFormatError) -> ColumnData {
        var renderer = TemplateRenderer()
        // Where few rows are wanted, each is looked up; else all are counted.
        guard candidates.count * 16 < outline.rows.count else {
            var block = TemplateBlock(outline)
            unsafe try block.load(columns: columns(of: candidates, outline), SectionParts(whole: section), &context)
            let column = try renderer.render(block, candidates)
            return picks ? column.picking(candidates) : column
        }
        let places = outline.places(of: candidates)
        var block = TemplateBlock(outline, few: places.count <= SegmentBlock.fewRows)
        unsafe try block.load(columns: columns(of: places, outline), SectionParts(whole: section), &context)
        return try renderer.render(block, places, picks: picks)
    }

    /// Decodes few messages, one behind the other, by parts of a section.
    ///
    /// - Parameters:
    ///   - rows: whose messages.
    ///   - outline: of the section.
    ///   - parts: lends the bytes of ranges of the section, or returns nil.
    /// - Returns: the messages; nil when `parts` returns nil.
    /// - Throws: ``StoreFormatError`` when the section is damaged; what `parts` throws.
    static func messages(
        few rows: RowBitmap, _ outline: TemplateOutline,
        _ parts: ([Range<Int>], (SectionParts, inout CodecContext) throws -> ColumnData) throws -> ColumnData?
    ) throws -> ColumnData? {
        let places = outline.places(of: rows)
        let columns = columns(of: places, outline)
        return unsafe try parts(TemplateBlock.ranges(of: columns, outline)) { parts, context in
            var block = TemplateBlock(outline, few: true)
            var renderer = TemplateRenderer()
            unsafe try block.load(columns: columns, parts, &context)
            return try renderer.render(block, places, picks: true)
        }
    }

    private static func columns(of places: [TemplateOutline.Place], _ outline: TemplateOutline) -> [Int] {
        columns(of: places.map { ($0.template, $0.rank..<$0.rank + 1) }, outline)
    }

    /// The columns that the candidate rows need, each once.
    private static func columns(of candidates: RowBitmap, _ outline: TemplateOutline) -> [Int] {
        let templates = outline.directory.templates.indices.filter { template in
            outline.rows(of: template).contains { candidates.contains(Int($0)) }
        }
        return columns(of: templates.map { ($0, 0..<outline.directory.templates[$0].rows) }, outline)
    }

    /// The columns of some ranks of templates, each once.
    private static func columns(of templates: [(Int, ranks: Range<Int>)], _ outline: TemplateOutline) -> [Int] {
        let directory = outline.directory
        var wanted: [Int] = []
        var isWanted = [Bool](repeating: false, count: directory.columns.count)
        func want(_ column: Int) {
            if !isWanted[column] { wanted.append(column) }
            isWanted[column] = true
        }
        for (number, ranks) in templates {
            let template = directory.templates[number]
            if template.hasColumns {
                for position in 0..<template.variableCount {
                    want(Int(directory.positions[template.firstPosition + position]))
                }
            } else {
                directory.pieces(of: template, ranks: ranks).forEach(want)
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
        unsafe try block.withReader { (reader) throws(StoreFormatError) in
            for number in outline.directory.templates.indices {
                for (rank, row) in outline.rows(of: number).enumerated() where candidates.contains(Int(row)) {
                    ranges[Int(row)] = unsafe try append(reader, number, rank)
                }
            }
        }
        return finish(ranges)
    }

    private mutating func render(
        _ block: borrowing TemplateBlock, _ places: [TemplateOutline.Place], picks: Bool
    ) throws(StoreFormatError) -> ColumnData {
        var ranges = [ByteRange](repeating: .absent, count: picks ? places.count : block.outline.rows.count)
        unsafe try block.withReader { (reader) throws(StoreFormatError) in
            for (index, place) in places.enumerated() {
                ranges[picks ? index : place.row] = unsafe try append(reader, place.template, place.rank)
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
        _ reader: VariableReader, _ number: Int, _ rank: Int
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
                unsafe try reader.append(
                    shared: template.firstPosition + rank * count + position, to: &output)
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
