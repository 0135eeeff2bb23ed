internal import ByteCoding
internal import LogModel

/// What a search for words of templates needs of a block, and no more: a quarter of an outline, so that the cache holds it
/// for many blocks. Never changes.
final class TemplateTerms: Sendable {
    /// The texts of the templates.
    private let templates: [ByteRange]
    /// What they point into: the beginning of the directory.
    private let texts: [UInt8]
    private let index: TermIndex
    private let firstRows: [UInt32]
    private let rows: [UInt16]

    init(_ outline: TemplateOutline) {
        templates = outline.directory.templates.map(\.text)
        firstRows = outline.firstRows
        rows = outline.rows
        let end = templates.map(\.end).max() ?? 0
        (texts, index) = unsafe outline.withTexts { [templates] texts in
            let own = unsafe UnsafeRawBufferPointer(rebasing: texts[..<end])
            return unsafe (Array(own), TermIndex(templates: templates, own))
        }
    }

    /// Bytes of memory.
    var memoryBytes: Int {
        templates.count * 8 + texts.count + index.memoryBytes + firstRows.count * 4 + rows.count * 2
    }

    /// For each template whether its text has a word.
    func templates(with word: MessageWord) -> [Bool] {
        var found = [Bool](repeating: false, count: templates.count)
        unsafe texts.withUnsafeBytes { texts in
            unsafe index.forEachPlace(of: word, in: texts) { found[$0] = true }
        }
        return found
    }

    /// Finds the rows that pass, where no word of the search is in any variable.
    func candidates(_ search: MessageSearch, among rows: RowBitmap) -> MessageCandidates {
        let none = RowBitmap(rowCount: rows.rowCount, filled: false)
        var found = MessageCandidates(certain: none, possible: none)
        for words in search.alternatives {
            var has = [Bool](repeating: true, count: templates.count)
            for word in words {
                let own = templates(with: word)
                for template in has.indices where !own[template] { has[template] = false }
            }
            for template in has.indices where has[template] {
                let own = self.rows[Int(firstRows[template])..<Int(firstRows[template + 1])]
                // With all words there, it is the order or the rest of the text that only messages tell.
                if search.isOneWord || textPasses(search, template) {
                    found.certain.insert(own)
                } else {
                    found.possible.insert(own)
                }
            }
        }
        found.certain.formIntersection(rows)
        found.possible.formIntersection(rows)
        found.possible.subtract(found.certain)
        return found
    }

    private func textPasses(_ search: MessageSearch, _ template: Int) -> Bool {
        guard let passes = unsafe search.passes else { return false }
        let range = templates[template]
        return unsafe texts.withUnsafeBytes {
            unsafe passes(UnsafeRawBufferPointer(rebasing: $0[Int(range.offset)..<range.end]))
        }
    }
}
