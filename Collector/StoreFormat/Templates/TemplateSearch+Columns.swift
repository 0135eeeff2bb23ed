internal import ByteCoding

extension TemplateSearch {
    /// For each rank of a template whether all words of one alternative are there.
    mutating func answers(
        _ template: Int, _ alternatives: [[Missing]]
    ) throws(StoreFormatError) -> [Bool] {
        let count = outline.directory.templates[template].rows
        var result = [Bool](repeating: false, count: count)
        for words in alternatives {
            if words.count == 1 {
                for column in words[0].columns { try mark(words[0].word, column, template, &result) }
                continue
            }
            var all = [Bool](repeating: true, count: count)
            for word in words {
                var has = [Bool](repeating: false, count: count)
                for column in word.columns { try mark(word.word, column, template, &has) }
                for rank in 0..<count where !has[rank] { all[rank] = false }
            }
            for rank in 0..<count where all[rank] { result[rank] = true }
        }
        return result
    }

    /// Marks the ranks of a template whose value in a column has a word.
    private mutating func mark(
        _ word: MessageWord, _ number: Int, _ template: Int, _ has: inout [Bool]
    ) throws(StoreFormatError) {
        let column = block.columns[number]
        let entry = outline.directory.templates[template]
        switch column.kind {
        case .constant:
            // It may have the word, so it has.
            for rank in 0..<entry.rows { has[rank] = true }
        case .dictionary:
            let entries = column.first..<(column.first + column.second)
            let passes = entries.map { unsafe text(outline.directory.entries[$0], word.occurs) }
            unsafe try block.withReader { (reader) throws(StoreFormatError) in
                for rank in 0..<entry.rows {
                    let index = unsafe reader.number(column.integers, rank)
                    guard index < UInt64(passes.count) else {
                        throw StoreFormatError("dictionary of a column is too short")
                    }
                    if passes[Int(index)] { has[rank] = true }
                }
            }
        case .text:
            let perRank = entry.hasColumns ? 1 : entry.variableCount
            // Variables of rare templates are numbered over all pieces, of which this column is one.
            let before =
                entry.hasColumns ? 0 : (number - (outline.directory.shared ?? 0)) << outline.directory.pieceBits
            let first = (entry.hasColumns ? 0 : entry.firstPosition) - before
            // One ASCII word that is no longer than the value is.
            let isExact = column.isWords && !word.isPrefix
            unsafe try block.withReader { reader in
                for rank in 0..<entry.rows where !has[rank] {
                    for index in (first + rank * perRank)..<(first + (rank + 1) * perRank)
                    where index >= 0 && index < column.rows {
                        let value = unsafe reader.text(column, index)
                        if isExact, value.count != word.bytes.count { continue }
                        if unsafe word.occurs(value) { has[rank] = true }
                    }
                }
            }
        case .decimal, .digits, .hexadecimal, .parts: try markEncoded(word, number, entry.rows, &has)
        case .copy, .pieces: break
        }
    }

    /// Compares a word with values as they are stored, where that is possible.
    private mutating func markEncoded(
        _ word: MessageWord, _ number: Int, _ count: Int, _ has: inout [Bool]
    ) throws(StoreFormatError) {
        switch encoded(word, number) {
        case .none: break
        case .numbers(let wanted):
            unsafe try block.withReader { reader in
                for rank in 0..<count where !has[rank] {
                    has[rank] = wanted.allSatisfy {
                        unsafe reader.number(reader.columns[$0.column].integers, rank) == $0.number
                    }
                }
            }
        case .bytes(let wanted):
            let column = block.columns[number]
            unsafe try block.withReader { reader in
                for rank in 0..<count where !has[rank] {
                    let start = column.third + rank * column.second
                    has[rank] = unsafe wanted.elementsEqual(reader.content[start..<(start + column.second)])
                }
            }
        case .unknown:
            for rank in 0..<count where !has[rank] {
                scratch.removeAll()
                unsafe try block.withReader { (reader) throws(StoreFormatError) in
                    unsafe try reader.append(number, rank, to: &scratch)
                }
                let value = unsafe UnsafeRawBufferPointer(start: scratch.pointer, count: scratch.count)
                if unsafe word.occurs(value) { has[rank] = true }
            }
        }
    }
}
