internal import ByteCoding
internal import LogModel

/// The words of the templates of a block, and its outline, which rows and messages are found by. Never changes.
final class TemplateTerms: Sendable {
    let outline: TemplateOutline
    private let index: TermIndex

    init(_ outline: TemplateOutline) {
        self.outline = outline
        index = unsafe outline.withTexts { texts in
            unsafe TermIndex(templates: outline.directory.templates.map(\.text), texts)
        }
    }

    /// Bytes of memory, those of the outline among them.
    var memoryBytes: Int { outline.memoryBytes + index.memoryBytes }

    /// For each template whether its text has a word.
    func templates(with word: MessageWord) -> [Bool] {
        var found = [Bool](repeating: false, count: outline.directory.templates.count)
        unsafe outline.withTexts { texts in
            unsafe index.forEachPlace(of: word, in: texts) { found[$0] = true }
        }
        return found
    }

    /// Finds the rows that pass, where no word of the search is in any variable.
    func candidates(_ search: MessageSearch, among rows: RowBitmap) -> MessageCandidates {
        let none = RowBitmap(rowCount: rows.rowCount, filled: false)
        var found = MessageCandidates(certain: none, possible: none)
        for words in search.alternatives {
            var has = [Bool](repeating: true, count: outline.directory.templates.count)
            for word in words {
                let own = templates(with: word)
                for template in has.indices where !own[template] { has[template] = false }
            }
            for template in has.indices where has[template] {
                let own = outline.rows(of: template)
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
        let range = outline.directory.templates[template].text
        return unsafe outline.withTexts {
            unsafe passes(UnsafeRawBufferPointer(rebasing: $0[Int(range.offset)..<range.end]))
        }
    }
}
