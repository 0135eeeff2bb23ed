internal import ByteCoding
internal import LogModel

/// Finds the rows whose messages have words, by templates and columns instead of messages.
struct TemplateSearch: ~Copyable {
    private let search: MessageSearch
    private var block: TemplateBlock
    private var scratch = ReusableBuffer<UInt8>(capacity: 256)

    /// What is known of the rows of a template.
    private enum Verdict {
        case no, certain, possible
        /// Rank by rank, beginning at this index of the answers.
        case byRank(Int)
    }

    /// A word that is not in a template's text, and the columns that may have it.
    private struct Missing {
        var word: MessageWord
        var columns: [Int]
    }

    static func candidates(
        _ section: UnsafeRawBufferPointer, _ search: MessageSearch, among rows: RowBitmap,
        _ context: inout CodecContext
    ) throws(StoreFormatError) -> MessageCandidates {
        let block = unsafe try TemplateBlock(section, rowCount: rows.rowCount, &context)
        var state = TemplateSearch(search: search, block: block)
        return unsafe try state.run(section, rows, &context)
    }

    private init(search: MessageSearch, block: consuming TemplateBlock) {
        self.search = search
        self.block = block
    }

    private mutating func run(
        _ section: UnsafeRawBufferPointer, _ rows: RowBitmap, _ context: inout CodecContext
    ) throws(StoreFormatError) -> MessageCandidates {
        var isWanted = [Bool](repeating: false, count: block.directory.templates.count)
        rows.forEach { isWanted[Int(block.numbers[$0])] = true }
        var verdicts = [Verdict](repeating: .no, count: isWanted.count)
        var open: [(template: Int, alternatives: [[Missing]])] = []
        var columns: [Int] = []
        for template in isWanted.indices where isWanted[template] {
            if textPasses(template) {
                verdicts[template] = .certain
                continue
            }
            var alternatives: [[Missing]] = []
            for words in search.alternatives {
                guard let missing = missing(words, in: template) else { continue }
                alternatives.append(missing)
            }
            // Without words that are missing, it is the order or the rest of the text that only messages tell.
            if alternatives.contains(where: \.isEmpty) {
                verdicts[template] = search.isOneWord ? .certain : .possible
            } else if !alternatives.isEmpty {
                open.append((template, alternatives))
                for words in alternatives { for word in words { columns += word.columns } }
            }
        }
        columns = Array(Set(columns)).sorted()
        unsafe try block.load(columns: columns, section, &context)
        var answers: [Bool] = []
        for (template, alternatives) in open {
            verdicts[template] = .byRank(answers.count)
            try appendRanks(of: template, alternatives, to: &answers)
        }
        return collect(rows, verdicts, answers)
    }

    private func collect(_ rows: RowBitmap, _ verdicts: [Verdict], _ answers: [Bool]) -> MessageCandidates {
        let none = RowBitmap(rowCount: rows.rowCount, filled: false)
        var found = MessageCandidates(certain: none, possible: none)
        var ranks = [Int](repeating: 0, count: verdicts.count)
        for (row, number) in block.numbers.enumerated() {
            let template = Int(number)
            let rank = ranks[template]
            ranks[template] += 1
            guard rows.contains(row) else { continue }
            switch verdicts[template] {
            case .no: break
            case .certain: found.certain.insert(row)
            case .possible: found.possible.insert(row)
            case .byRank(let start):
                guard answers[start + rank] else { break }
                if search.isOneWord { found.certain.insert(row) } else { found.possible.insert(row) }
            }
        }
        return found
    }

    // MARK: Templates

    private func textPasses(_ template: Int) -> Bool {
        guard let passes = unsafe search.passes else { return false }
        return unsafe text(block.directory.templates[template].text, passes)
    }

    private func text(_ range: ByteRange, _ test: (UnsafeRawBufferPointer) -> Bool) -> Bool {
        unsafe block.directoryBytes.withBytes { bytes in
            unsafe test(UnsafeRawBufferPointer(rebasing: bytes[Int(range.offset)..<range.end]))
        }
    }

    /// The words that are not in the text of a template, with the columns that may have them; nil when one has none.
    private func missing(_ words: [MessageWord], in number: Int) -> [Missing]? {
        let template = block.directory.templates[number]
        var result: [Missing] = []
        for word in words where unsafe !text(template.text, word.occurs) {
            // Only behind `=` a word that is no variable by itself becomes one.
            let isStatic = Self.isNeverVariable(word)
            var columns: [Int] = []
            for position in 0..<template.variableCount {
                let column: Int
                if template.hasColumns {
                    column = Int(block.directory.positions[template.firstPosition + position])
                } else {
                    column = block.directory.shared ?? 0
                }
                if isStatic, block.directory.columns[column].isWords,
                    !endsInEquals(template.pieces.lowerBound + position)
                {
                    continue
                }
                if columns.contains(column) || !mayHave(word, column) { continue }
                columns.append(column)
            }
            if columns.isEmpty { return nil }
            result.append(Missing(word: word, columns: columns))
        }
        return result
    }

    /// Whether the tokenizer leaves a word in the template, unless it stands behind `=` or in a longer token.
    private static func isNeverVariable(_ word: MessageWord) -> Bool {
        var classes: UInt8 = 0
        for byte in word.bytes { classes |= TokenClass.table[Int(byte)] }
        return !word.isPrefix && !TokenClass.isVariable(classes, length: word.bytes.count)
    }

    /// Whether a piece of a template ends in `=`.
    private func endsInEquals(_ piece: Int) -> Bool {
        let range = block.directory.pieces[piece]
        return unsafe block.directoryBytes.withBytes { unsafe range.length > 0 && $0[range.end - 1] == 0x3D }
    }

    /// Whether a column may have a word, by what the directory says of it. True when in doubt.
    private func mayHave(_ word: MessageWord, _ number: Int) -> Bool {
        let column = block.directory.columns[number]
        switch column.kind {
        case .constant:
            return unsafe text(ByteRange(offset: column.first, length: column.second), word.occurs)
        case .dictionary:
            let entries = column.first..<(column.first + column.second)
            return entries.contains { unsafe text(block.directory.entries[$0], word.occurs) }
        case .decimal:
            guard word.bytes.count <= 20, word.bytes.allSatisfy(DecimalForm.isDigit) else { return false }
            return word.isPrefix || column.first == 0 || column.first == word.bytes.count
        case .digits:
            return word.bytes.count <= VariableColumns.mostDigits && word.bytes.allSatisfy(DecimalForm.isDigit)
        case .hexadecimal:
            let length = column.second * 2 + (column.first & 2)
            let fits = word.isPrefix ? word.bytes.count <= length : word.bytes.count == length
            return fits && word.bytes.allSatisfy { HexadecimalForm.value($0) < 16 || $0 | 0x20 == 0x78 }
        case .parts: return partsMayHave(word, column)
        case .text, .copy: return true
        }
    }

    private func partsMayHave(_ word: MessageWord, _ column: TemplateColumn) -> Bool {
        func folded(_ byte: UInt8) -> UInt8 {
            word.ignoresCase && byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
        }
        return unsafe block.directoryBytes.withBytes { bytes in
            var index = 0
            for run in 0...column.second {
                let piece = block.directory.entries[column.first + run]
                for position in Int(piece.offset)..<piece.end {
                    // Beyond ASCII a value may be more than one word.
                    if unsafe bytes[position] >= 0x80 { return true }
                }
                for position in Int(piece.offset)..<piece.end {
                    if index == word.bytes.count { return word.isPrefix }
                    if folded(word.bytes[index]) != folded(unsafe bytes[position]) { return false }
                    index += 1
                }
                if run == column.second { break }
                let start = index
                while index < word.bytes.count, DecimalForm.isDigit(word.bytes[index]) { index += 1 }
                if index == word.bytes.count, word.isPrefix { return true }
                if index == start { return false }
            }
            return index == word.bytes.count
        }
    }

    // MARK: Columns

    /// Appends for each rank of a template whether all words of one alternative are there.
    private mutating func appendRanks(
        of template: Int, _ alternatives: [[Missing]], to answers: inout [Bool]
    ) throws(StoreFormatError) {
        let start = answers.count
        let count = block.directory.templates[template].rows
        answers.append(contentsOf: repeatElement(false, count: count))
        for words in alternatives {
            if words.count == 1 {
                for column in words[0].columns { try mark(words[0].word, column, template, &answers, start) }
                continue
            }
            var all = [Bool](repeating: true, count: count)
            for word in words {
                var has = [Bool](repeating: false, count: count)
                for column in word.columns { try mark(word.word, column, template, &has, 0) }
                for rank in 0..<count where !has[rank] { all[rank] = false }
            }
            for rank in 0..<count where all[rank] { answers[start + rank] = true }
        }
    }

    /// Marks the ranks of a template whose value in a column has a word; those of rank 0 are at `start`.
    private mutating func mark(
        _ word: MessageWord, _ number: Int, _ template: Int, _ has: inout [Bool], _ start: Int
    ) throws(StoreFormatError) {
        let column = block.directory.columns[number]
        let entry = block.directory.templates[template]
        switch column.kind {
        case .constant:
            // It may have the word, so it has.
            for rank in 0..<entry.rows { has[start + rank] = true }
        case .dictionary:
            let entries = column.first..<(column.first + column.second)
            let passes = entries.map { unsafe text(block.directory.entries[$0], word.occurs) }
            unsafe try block.withReader { (reader) throws(StoreFormatError) in
                for rank in 0..<entry.rows {
                    let index = unsafe reader.number(column.integers, rank)
                    guard index < UInt64(passes.count) else {
                        throw StoreFormatError("dictionary of a column is too short")
                    }
                    if passes[Int(index)] { has[start + rank] = true }
                }
            }
        case .text:
            let perRank = entry.hasColumns ? 1 : entry.variableCount
            let first = entry.hasColumns ? 0 : entry.firstPosition
            // One ASCII word that is no longer than the value is.
            let isExact = column.isWords && !word.isPrefix
            unsafe try block.withReader { reader in
                for rank in 0..<entry.rows where !has[start + rank] {
                    for index in (first + rank * perRank)..<(first + (rank + 1) * perRank) {
                        let value = unsafe reader.text(column, index)
                        if isExact, value.count != word.bytes.count { continue }
                        if unsafe word.occurs(value) { has[start + rank] = true }
                    }
                }
            }
        case .decimal, .digits, .hexadecimal, .parts:
            for rank in 0..<entry.rows where !has[start + rank] {
                scratch.removeAll()
                unsafe try block.withReader { (reader) throws(StoreFormatError) in
                    unsafe try reader.append(number, rank, to: &scratch)
                }
                let value = unsafe UnsafeRawBufferPointer(start: scratch.pointer, count: scratch.count)
                if unsafe word.occurs(value) { has[start + rank] = true }
            }
        case .copy: break
        }
    }
}
