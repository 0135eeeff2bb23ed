internal import LogModel
internal import QueryLanguage
internal import StoreFormat

extension MessageSearch {
    /// What storage must know of a test; nil when words say nothing about it.
    init?(_ test: FieldTest, _ matcher: ValueMatcher) {
        switch test {
        case .any, .empty, .expression, .substring, .numbers, .addresses, .strings, .lengths, .stored: return nil
        case .sequence(let phrases), .containsAll(let phrases):
            guard phrases.allSatisfy({ Self.isPlain($0) }) else { return nil }
            self.init(
                alternatives: [phrases.flatMap { Self.words(of: $0, goesOn: false, false) }], isOneWord: false,
                passes: nil)
        case .containsAny(let phrases):
            guard !phrases.isEmpty, phrases.allSatisfy({ Self.isPlain($0) }) else { return nil }
            self.init(
                alternatives: phrases.map { Self.words(of: $0, goesOn: false, false) }, isOneWord: false, passes: nil)
        case .phrase(let text, let ignoringCase):
            self.init(text, goesOn: false, ignoringCase, matcher)
        case .prefix(let text, let ignoringCase):
            self.init(text, goesOn: true, ignoringCase, matcher)
        case .exact(let text):
            self.init(alternatives: [Self.words(of: text, goesOn: false, false)], isOneWord: false, passes: nil)
        case .exactPrefix(let text):
            guard text.string != nil else { return nil }
            self.init(alternatives: [Self.words(of: text, goesOn: true, false)], isOneWord: false, passes: nil)
        case .oneOf(let values):
            self.init(
                alternatives: values.map { Self.words(of: $0, goesOn: false, false) }, isOneWord: false, passes: nil)
        }
    }

    private init?(_ text: QueryText, goesOn: Bool, _ ignoringCase: Bool, _ matcher: ValueMatcher) {
        // Half a character at an end may be completed by the value and so become part of the word beside it. Beyond
        // ASCII, letters of either case may have different bytes. Control characters stand for variables in storage.
        guard !text.isEmpty, text.string != nil, !ignoringCase || text.bytes.allSatisfy({ $0 < 0x80 }),
            text.bytes.allSatisfy({ $0 >= 0x20 })
        else { return nil }
        let words = Self.words(of: text, goesOn: goesOn, ignoringCase)
        let isOneWord = words.count == 1 && words[0].bytes == text.bytes
        self.init(alternatives: [words], isOneWord: isOneWord, passes: { matcher.matches($0) })
    }

    /// Whether the words of a phrase are sure to be words of a value that contains it.
    private static func isPlain(_ text: QueryText) -> Bool {
        !text.isEmpty && text.string != nil && text.bytes.allSatisfy { $0 >= 0x20 }
    }

    /// The words of a text; the last may be the start of a longer one if the text `goesOn`.
    private static func words(of text: QueryText, goesOn: Bool, _ ignoringCase: Bool) -> [MessageWord] {
        text.bytes.withUnsafeBytes { bytes in
            let endsInWord = bytes.count > 0 && WordRule.isWord(before: bytes.count, in: bytes)
            var spelled: [[UInt8]] = []
            WordRule.forEachWord(in: bytes) { spelled.append(Array($0)) }
            return spelled.enumerated().map { index, word in
                let isPrefix = goesOn && endsInWord && index == spelled.count - 1
                let matcher = ValueMatcher(
                    .containing(QueryText(bytes: word), isPrefix: isPrefix, ignoringCase: ignoringCase))
                return MessageWord(word, isPrefix: isPrefix, ignoresCase: ignoringCase) { matcher.matches($0) }
            }
        }
    }
}
