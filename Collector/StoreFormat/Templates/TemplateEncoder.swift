internal import ByteCoding

/// Writes the messages of a block as templates and columns of variables. Memory is kept from block to block.
struct TemplateEncoder: ~Copyable {
    /// Templates with fewer rows share one column: a column of its own costs some bytes and some time.
    static let columnRows = 16
    /// Templates whose number takes one byte a row, the most frequent ones.
    static let shortNumbers = 255
    /// Rows after which it is looked at how many templates there are.
    private static let trialRows = 2_048

    private var tokenizer = MessageTokenizer()
    private var columns = VariableColumns()
    /// Templates by number: the most frequent ones, then the others, both in the order of their texts.
    private var order = ReusableBuffer<UInt32>(capacity: 1 << 10)
    /// The number of each template.
    private var numbers = ReusableBuffer<UInt32>(capacity: 1 << 10)
    /// Where the rows of each number begin in `rows`.
    private var starts = ReusableBuffer<UInt32>(capacity: 1 << 10)
    /// The rows, by number.
    private var rows = ReusableBuffer<UInt32>(capacity: 1 << 12)
    private var directory = ByteWriter(capacity: 1 << 16)

    /// Appends a section of the kind `templates`.
    ///
    /// - Parameters:
    ///   - messages: the messages; one a row.
    ///   - writer: where the section goes.
    ///   - words: gets the words of all messages.
    ///   - context: zstd.
    /// - Returns: what the section says about itself; nil when the messages do not repeat, and nothing was written.
    /// - Throws: ``StoreFormatError`` when zstd fails: out of memory.
    mutating func encode(
        _ messages: inout ColumnBuilder, into writer: inout ByteWriter, _ words: inout WordCollector,
        _ context: inout CodecContext
    ) throws(StoreFormatError) -> Outcome? {
        // What reads eight bytes at a time may look behind the end.
        messages.bytes.reserve(16)
        return unsafe try messages.bytes.withBytes { (bytes) throws(StoreFormatError) -> Outcome? in
            guard let base = bytes.baseAddress else { return nil }
            let source = unsafe MessageBytes(base: base.assumingMemoryBound(to: UInt8.self))
            guard unsafe split(source, messages.lengths) else { return nil }
            sort()
            unsafe write(source, &words)
            unsafe try directory.withBytes { (bytes) throws(StoreFormatError) in
                unsafe try context.compress(bytes, into: &writer)
            }
            try writeNumbers(into: &writer, &context)
            try columns.areas.write(to: &writer, &context)
            return Outcome(isSure: tokenizer.table.count * 20 <= tokenizer.templates.count)
        }
    }

    /// What came of the messages.
    struct Outcome {
        /// Whether templates are smaller for certain; else it is worth trying text, too.
        var isSure: Bool
    }

    /// Fills the tokenizer; false when the messages are free text.
    private mutating func split(_ source: MessageBytes, _ lengths: [UInt32]) -> Bool {
        tokenizer.removeAll()
        var offset = 0
        for (row, length) in lengths.enumerated() {
            if length > VariableValue.longest { return false }
            if row & (Self.trialRows - 1) == Self.trialRows - 1, tokenizer.table.count * 2 > row { return false }
            unsafe tokenizer.add(source, offset: offset, length: Int(length))
            offset += Int(length)
        }
        return true
    }

    /// Numbers the templates and sorts the rows by them.
    private mutating func sort() {
        let count = tokenizer.table.count
        var all = (0..<UInt32(count)).map { $0 }
        if count > Self.shortNumbers {
            all.sort { tokenizer.table.rowCounts[Int($0)] > tokenizer.table.rowCounts[Int($1)] }
        }
        let border = min(count, Self.shortNumbers)
        all[..<border].sort { precedes($0, $1) }
        all[border...].sort { precedes($0, $1) }
        order.resize(to: count)
        numbers.resize(to: count)
        starts.resize(to: count + 1)
        var start: UInt32 = 0
        for (number, template) in all.enumerated() {
            order[number] = template
            numbers[Int(template)] = UInt32(number)
            starts[number] = start
            start += tokenizer.table.rowCounts[Int(template)]
        }
        starts[count] = start
        rows.resize(to: Int(start))
        for row in 0..<tokenizer.templates.count {
            let number = Int(numbers[Int(tokenizer.templates[row])])
            rows[Int(starts[number])] = UInt32(truncatingIfNeeded: row)
            starts[number] += 1
        }
        // Each start has moved to where the next one was.
        for number in stride(from: count, to: 0, by: -1) { starts[number] = starts[number - 1] }
        starts[0] = 0
    }

    private func precedes(_ left: UInt32, _ right: UInt32) -> Bool {
        let one = unsafe tokenizer.table.text(Int(left))
        let two = unsafe tokenizer.table.text(Int(right))
        let shared = min(one.count, two.count)
        var index = 0
        while index < shared, unsafe one[index] == two[index] { index += 1 }
        return index < shared ? unsafe one[index] < two[index] : one.count < two.count
    }

    /// Writes the columns, and the directory: templates, then columns.
    private mutating func write(_ source: MessageBytes, _ words: inout WordCollector) {
        columns.removeAll()
        directory.removeAll()
        let count = order.count
        directory.append(varint: UInt64(count))
        for number in 0..<count {
            let length = UInt64(tokenizer.table.lengths[Int(order[number])])
            directory.append(varint: length << 1 | (hasColumns(number) ? 1 : 0))
        }
        for number in 0..<count {
            let text = unsafe tokenizer.table.text(Int(order[number]))
            unsafe directory.append(contentsOf: text)
            unsafe words.add(wordsOf: text, WordHash.Salt.templates)
        }
        for number in 0..<count where hasColumns(number) {
            let positions = gather(number)
            let rows = Int(starts[number + 1] - starts[number])
            unsafe columns.write(source, rows: rows, positions: positions, &words)
        }
        columns.values.removeAll()
        for number in 0..<count where !hasColumns(number) {
            let positions = Int(tokenizer.table.variableCounts[Int(order[number])])
            for index in Int(starts[number])..<Int(starts[number + 1]) {
                let first = Int(tokenizer.firstVariable[Int(rows[index])])
                columns.values.reserve(positions)
                for position in 0..<positions {
                    columns.values.appendReserved(tokenizer.variables[first + position])
                }
            }
        }
        if columns.values.count > 0 { unsafe columns.writeText(source, &words) }
        unsafe columns.directory.withBytes { unsafe directory.append(contentsOf: $0) }
    }

    private func hasColumns(_ number: Int) -> Bool {
        Int(starts[number + 1] - starts[number]) >= Self.columnRows
    }

    /// Puts the variables of a template's rows into the columns' values, position by position.
    private mutating func gather(_ number: Int) -> Int {
        let positions = Int(tokenizer.table.variableCounts[Int(order[number])])
        let first = Int(starts[number])
        let count = Int(starts[number + 1]) - first
        columns.values.resize(to: positions * count)
        for index in 0..<count {
            let variable = Int(tokenizer.firstVariable[Int(rows[first + index])])
            for position in 0..<positions {
                columns.values[position * count + index] = tokenizer.variables[variable + position]
            }
        }
        return positions
    }

    /// One byte a row: the number, or 255 for the numbers from there on, which follow with two bytes each.
    private mutating func writeNumbers(
        into writer: inout ByteWriter, _ context: inout CodecContext
    ) throws(StoreFormatError) {
        directory.removeAll()
        directory.reserve(tokenizer.templates.count * 3)
        for row in 0..<tokenizer.templates.count {
            let number = numbers[Int(tokenizer.templates[row])]
            directory.append(UInt8(truncatingIfNeeded: min(number, UInt32(Self.shortNumbers))))
        }
        unsafe try directory.withBytes { (bytes) throws(StoreFormatError) in
            unsafe try context.compress(bytes, into: &writer)
        }
        guard order.count > Self.shortNumbers else { return }
        directory.removeAll()
        for row in 0..<tokenizer.templates.count {
            let number = numbers[Int(tokenizer.templates[row])]
            if number >= Self.shortNumbers {
                directory.append(littleEndian: UInt16(truncatingIfNeeded: number - UInt32(Self.shortNumbers)))
            }
        }
        unsafe try directory.withBytes { (bytes) throws(StoreFormatError) in
            unsafe try context.compress(bytes, into: &writer)
        }
    }
}
