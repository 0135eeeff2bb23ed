internal import ByteCoding

/// Where a word is in a block, as far as its outline and its filter tell.
struct WordPlaces {
    let word: MessageWord
    /// For each template whether its text has the word.
    let templates: [Bool]
    /// For each column whether it is a constant or a dictionary that has the word; nil when there is none.
    let columns: [Bool]?
    /// Whether columns of other kinds may have it.
    let mayBeVariable: Bool
    /// Whether the tokenizer leaves the word in the template, unless it stands behind `=` or in a longer token.
    let isNeverVariable: Bool

    /// Looks for a word.
    ///
    /// - Parameters:
    ///   - word: the word.
    ///   - terms: the words of the templates.
    ///   - outline: of the block.
    ///   - filter: the block's filter, if it has one with the words of its messages.
    ///   - dictionaries: makes the index of constants and dictionaries; called when they may have the word.
    init(
        _ word: MessageWord, _ terms: TemplateTerms, _ outline: TemplateOutline, _ filter: BlockFilter?,
        dictionaries: () -> TermIndex
    ) {
        self.word = word
        templates = terms.templates(with: word)
        var columns: [Bool]?
        if filter.map({ word.mayBeInDictionaries($0) }) ?? true {
            let index = dictionaries()
            unsafe outline.withTexts { texts in
                unsafe index.forEachPlace(of: word, in: texts) { number in
                    var known = columns ?? [Bool](repeating: false, count: outline.directory.columns.count)
                    known[number] = true
                    columns = known
                }
            }
        }
        self.columns = columns
        mayBeVariable = filter.map { word.mayBeInVariables($0) } ?? true
        var classes: UInt8 = 0
        for byte in word.bytes { classes |= TokenClass.table[Int(byte)] }
        isNeverVariable = !word.isPrefix && !TokenClass.isVariable(classes, length: word.bytes.count)
    }
}
