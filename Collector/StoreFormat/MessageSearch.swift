internal import LogModel

/// A word that is looked for in messages.
@safe
package struct MessageWord: Sendable {
    /// The word as it is spelled.
    package let bytes: [UInt8]
    /// Whether longer words that start with it will do.
    package let isPrefix: Bool
    /// Whether ASCII letters of either case will do.
    package let ignoresCase: Bool
    /// Whether some text has the word, as `WordRule` splits it.
    package let occurs: @Sendable (UnsafeRawBufferPointer) -> Bool
    /// Its keys among the words of templates, of dictionaries and of other variables; nil when filters do not know it.
    private let templateKey: UInt64?
    private let dictionaryKey: UInt64?
    private let variableKey: UInt64?

    /// Makes a word to look for.
    package init(
        _ bytes: [UInt8], isPrefix: Bool, ignoresCase: Bool,
        occurs: @escaping @Sendable (UnsafeRawBufferPointer) -> Bool
    ) {
        self.bytes = bytes
        self.isPrefix = isPrefix
        self.ignoresCase = ignoresCase
        unsafe self.occurs = occurs
        templateKey = WordHash.key(bytes, isPrefix: isPrefix, WordHash.Salt.templates)
        dictionaryKey = WordHash.key(bytes, isPrefix: isPrefix, WordHash.Salt.dictionaries)
        variableKey = WordHash.key(bytes, isPrefix: isPrefix, WordHash.Salt.variables)
    }

    /// The word's key in the filter of a field; nil when filters do not know it.
    func filterKey(_ salt: UInt64) -> UInt64? { WordHash.key(bytes, isPrefix: isPrefix, salt) }

    /// Whether a block with such a filter may have the word in templates.
    func mayBeInTemplates(_ filter: BlockFilter) -> Bool { templateKey.map { filter.mayContain($0) } ?? true }

    /// Whether a block with such a filter may have the word in variables that are constants or dictionaries.
    func mayBeInDictionaries(_ filter: BlockFilter) -> Bool { dictionaryKey.map { filter.mayContain($0) } ?? true }

    /// Whether a block with such a filter may have the word in variables with many values, or in text.
    func mayBeInVariables(_ filter: BlockFilter) -> Bool { variableKey.map { filter.mayContain($0) } ?? true }
}

/// What storage must know of a test of messages to answer it, or to narrow it, without reading the messages.
@safe
package struct MessageSearch: Sendable {
    /// Each message that passes has all words of at least one list. An empty list says nothing.
    package let alternatives: [[MessageWord]]
    /// Whether a message passes because some part of it, between any ASCII bytes that are in no word, is this text. Nil
    /// when parts of a message cannot tell.
    package let passes: (@Sendable (UnsafeRawBufferPointer) -> Bool)?
    /// Whether each message that has the one word of the one alternative passes.
    package let isOneWord: Bool

    /// Makes a description of a test.
    package init(
        alternatives: [[MessageWord]], isOneWord: Bool, passes: (@Sendable (UnsafeRawBufferPointer) -> Bool)?
    ) {
        self.alternatives = alternatives
        self.isOneWord = isOneWord && alternatives.count == 1 && alternatives[0].count == 1
        unsafe self.passes = passes
    }
}

extension MessageSearch {
    /// Whether a block with such a filter may have a message that passes.
    func mayPass(_ filter: BlockFilter) -> Bool {
        alternatives.contains { words in
            words.allSatisfy {
                $0.mayBeInTemplates(filter) || $0.mayBeInDictionaries(filter) || $0.mayBeInVariables(filter)
            }
        }
    }

    /// Whether a block with such a filter has the words of the search nowhere but in templates.
    func isInTemplatesAlone(_ filter: BlockFilter) -> Bool {
        alternatives.allSatisfy { words in
            words.allSatisfy { !$0.mayBeInDictionaries(filter) && !$0.mayBeInVariables(filter) }
        }
    }
}

/// Rows as far as they are known without reading the messages; others do not pass.
package struct MessageCandidates: Sendable {
    /// Rows that pass.
    package var certain: RowBitmap
    /// Rows of which only the message can tell.
    package var possible: RowBitmap

    /// Makes an answer.
    package init(certain: RowBitmap, possible: RowBitmap) {
        self.certain = certain
        self.possible = possible
    }
}

extension BlockSource {
    /// Nothing is known without reading the messages.
    package func messageCandidates(_ search: MessageSearch, among rows: RowBitmap) throws -> MessageCandidates? { nil }

    /// Nothing is read more than once.
    package func opened() -> any BlockSource { self }

    /// Nothing is known without reading the messages.
    package func mayHave(_ search: MessageSearch) -> Bool { true }

    /// Nothing is known without reading the values.
    package func mayHave(_ words: RequiredWords, in field: String) -> Bool { true }

    /// Looks at all streams.
    package var labelNames: Set<String> { get throws { StreamIdentity.labelNames(of: try streams) } }

    /// Looks at all streams.
    package func labels(_ name: String) throws -> LabelValues { LabelValues(name, of: try streams) }
}
