internal import ByteCoding
internal import LogModel

/// Finds the rows whose messages have words, by templates and columns instead of messages.
struct TemplateSearch: ~Copyable {
    let search: MessageSearch
    let outline: TemplateOutline
    /// For each list of words of the search, where these are.
    private let alternatives: [[WordPlaces]]
    var block: TemplateBlock
    var scratch = ReusableBuffer<UInt8>(capacity: 256)

    /// Lends the section, and what decompresses it.
    typealias Section = ((UnsafeRawBufferPointer, inout CodecContext) throws -> Void) throws -> Void

    /// What is known of the rows of a template.
    private enum Verdict {
        case no, certain, possible
        /// Rank by rank: the rows that have, for at least one of these lists, all words in some of their columns.
        case byRank([[Missing]])
    }

    /// A word that is not in a template's text, and the columns that may have it.
    struct Missing {
        var word: MessageWord
        var columns: [Int]
    }

    /// Looks for rows.
    ///
    /// - Parameters:
    ///   - search: what is looked for.
    ///   - alternatives: for each list of its words, where these are.
    ///   - rows: where to look.
    ///   - outline: of the block.
    ///   - section: lends the section; called when columns must be looked at.
    /// - Returns: the rows.
    /// - Throws: when the section is damaged; what `section` throws.
    static func candidates(
        _ search: MessageSearch, _ alternatives: [[WordPlaces]], among rows: RowBitmap, _ outline: TemplateOutline,
        section: Section
    ) throws -> MessageCandidates {
        var state = TemplateSearch(search: search, outline: outline, alternatives: alternatives)
        return unsafe try state.run(rows, section)
    }

    private init(search: MessageSearch, outline: TemplateOutline, alternatives: [[WordPlaces]]) {
        self.search = search
        self.outline = outline
        self.alternatives = alternatives
        block = TemplateBlock(outline)
    }

    private mutating func run(_ rows: RowBitmap, _ section: Section) throws -> MessageCandidates {
        let none = RowBitmap(rowCount: rows.rowCount, filled: false)
        var found = MessageCandidates(certain: none, possible: none)
        let isWanted = wantedTemplates(rows)
        var open: [(template: Int, alternatives: [[Missing]])] = []
        for template in outline.directory.templates.indices where isWanted?[template] ?? true {
            switch verdict(template) {
            case .no: break
            case .certain: found.certain.insert(outline.rows(of: template))
            case .possible: found.possible.insert(outline.rows(of: template))
            case .byRank(let alternatives): open.append((template, alternatives))
            }
        }
        if !open.isEmpty {
            let columns = Set(open.flatMap { $0.alternatives.flatMap { $0.flatMap(\.columns) } }).sorted()
            unsafe try load(columns, section)
            for (template, alternatives) in open {
                let answers = try answers(template, alternatives)
                let first = Int(outline.firstRows[template])
                for (rank, answer) in answers.enumerated() where answer {
                    let row = Int(outline.rows[first + rank])
                    if search.isOneWord { found.certain.insert(row) } else { found.possible.insert(row) }
                }
            }
        }
        found.certain.formIntersection(rows)
        found.possible.formIntersection(rows)
        return found
    }

    private mutating func load(_ columns: [Int], _ section: Section) throws {
        unsafe try section { raw, context in
            unsafe try block.load(columns: columns, SectionParts(whole: raw), &context)
        }
    }

    /// Which templates the rows have; nil when they are too many to look at each.
    private func wantedTemplates(_ rows: RowBitmap) -> [Bool]? {
        if rows.count * 8 > rows.rowCount { return nil }
        var isWanted = [Bool](repeating: false, count: outline.directory.templates.count)
        for place in outline.places(of: rows) { isWanted[place.template] = true }
        return isWanted
    }

    // MARK: Templates

    private func verdict(_ template: Int) -> Verdict {
        var open: [[Missing]] = []
        var isPossible = false
        for words in alternatives {
            guard let missing = missing(words, in: template) else { continue }
            if missing.isEmpty {
                // Without words that are missing, it is the order or the rest of the text that only messages tell.
                if search.isOneWord || textPasses(template) { return .certain }
                isPossible = true
            } else {
                open.append(missing)
            }
        }
        if isPossible { return .possible }
        return open.isEmpty ? .no : .byRank(open)
    }

    private func textPasses(_ template: Int) -> Bool {
        guard let passes = unsafe search.passes else { return false }
        return unsafe text(outline.directory.templates[template].text, passes)
    }

    func text(_ range: ByteRange, _ test: (UnsafeRawBufferPointer) -> Bool) -> Bool {
        unsafe outline.withTexts { unsafe test(UnsafeRawBufferPointer(rebasing: $0[Int(range.offset)..<range.end])) }
    }

    /// The words that are not in the text of a template, with the columns that may have them; nil when one has none.
    private func missing(_ words: [WordPlaces], in template: Int) -> [Missing]? {
        var result: [Missing] = []
        for places in words where !places.templates[template] {
            guard places.columns != nil || places.mayBeVariable else { return nil }
            let columns = columns(of: template, places)
            if columns.isEmpty { return nil }
            result.append(Missing(word: places.word, columns: columns))
        }
        return result
    }

    /// The columns of a template that may have a word.
    private func columns(of number: Int, _ places: WordPlaces) -> [Int] {
        let template = outline.directory.templates[number]
        var result: [Int] = []
        guard template.hasColumns else {
            let isPossible =
                places.mayBeVariable
                && (0..<template.variableCount).contains { position in
                    !places.isNeverVariable
                        || !(outline.directory.shared.map { outline.directory.columns[$0].isWords } ?? false)
                        || isBehindEquals(position, of: template)
                }
            return isPossible ? Array(outline.directory.pieces(of: template, ranks: 0..<template.rows)) : []
        }
        for position in 0..<template.variableCount {
            let column = Int(outline.directory.positions[template.firstPosition + position])
            if result.contains(column) { continue }
            switch outline.directory.columns[column].kind {
            case .constant, .dictionary:
                if places.columns?[column] ?? false { result.append(column) }
            default:
                guard places.mayBeVariable else { continue }
                // Only behind `=` a word that is no variable by itself becomes one.
                if places.isNeverVariable, outline.directory.columns[column].isWords,
                    !isBehindEquals(position, of: template)
                {
                    continue
                }
                if mayHave(places.word, column) { result.append(column) }
            }
        }
        return result
    }

    /// Whether there is a `=` before a variable of a template.
    private func isBehindEquals(_ position: Int, of template: TemplateEntry) -> Bool {
        unsafe outline.withTexts { texts in
            var before = position
            for index in Int(template.text.offset)..<template.text.end
            where unsafe texts[index] == TokenClass.placeholder {
                if before == 0 { return unsafe index > Int(template.text.offset) && texts[index - 1] == 0x3D }
                before -= 1
            }
            return false
        }
    }

    /// Whether a column of many values may have a word, by what the directory says of it. True when in doubt.
    private func mayHave(_ word: MessageWord, _ number: Int) -> Bool {
        let column = outline.directory.columns[number]
        guard word.isPrefix else {
            if case .none = encoded(word, number) { return false }
            return true
        }
        switch column.kind {
        case .decimal, .digits: return word.bytes.count <= 20 && word.bytes.allSatisfy(DecimalForm.isDigit)
        case .hexadecimal:
            return word.bytes.count <= column.second * 2 + (column.first & 2)
                && word.bytes.allSatisfy { HexadecimalForm.value($0) < 16 || $0 | 0x20 == 0x78 }
        case .parts: return partsMayHave(prefix: word, column)
        case .constant, .copy, .dictionary, .text, .pieces: return true
        }
    }

    func encoded(_ word: MessageWord, _ column: Int) -> EncodedWord {
        unsafe outline.withTexts { unsafe EncodedWord(word, column, outline.directory, $0) }
    }

    private func partsMayHave(prefix word: MessageWord, _ column: TemplateColumn) -> Bool {
        func folded(_ byte: UInt8) -> UInt8 {
            word.ignoresCase && byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
        }
        return unsafe outline.withTexts { bytes in
            // Beyond ASCII a value may be more than one word.
            if unsafe outline.directory.hasWidePieces(column, bytes) { return true }
            var index = 0
            for run in 0...column.second {
                let piece = outline.directory.entries[column.first + run]
                for position in Int(piece.offset)..<piece.end {
                    if index == word.bytes.count { return true }
                    if folded(word.bytes[index]) != folded(unsafe bytes[position]) { return false }
                    index += 1
                }
                if run == column.second { break }
                let start = index
                while index < word.bytes.count, DecimalForm.isDigit(word.bytes[index]) { index += 1 }
                if index == word.bytes.count { return true }
                if index == start { return false }
            }
            return index == word.bytes.count
        }
    }
}
