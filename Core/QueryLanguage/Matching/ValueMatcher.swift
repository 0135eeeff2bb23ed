import LogModel
import RegularExpressions

/// A test of a field, made ready to be put to many values.
package struct ValueMatcher: Sendable {
    private enum Kind: UInt8, Sendable {
        case any, empty, contains, containsFolded, exact, exactPrefix, oneOf, condition
    }

    private let kind: Kind
    /// Whether a word may not go on in front of, or behind, what was found.
    private let boundsStart: Bool
    private let boundsEnd: Bool
    private let search: ByteSearch?
    private let foldedSearch: FoldedSearch?
    private let set: ByteStringSet?
    private let condition: ValueCondition?

    /// Lists of whole words: each value that passes contains all words of at least one list. A list without words, as
    /// the only one, says nothing. Words are split off as ``WordRule`` does.
    package let requiredWordLists: [[[UInt8]]]

    /// Words that each value that passes contains; for filters of membership. Empty when nothing is known.
    package var requiredWords: [[UInt8]] { requiredWordLists.count == 1 ? requiredWordLists[0] : [] }

    /// Makes the test ready.
    package init(_ test: FieldTest) {
        var boundsStart = false
        var boundsEnd = false
        var search: ByteSearch?
        var foldedSearch: FoldedSearch?
        var set: ByteStringSet?
        var condition: ValueCondition?
        switch test {
        // A value that is looked at here is in memory.
        case .any, .stored(.memory): kind = .any
        case .empty: kind = .empty
        case .phrase(let text, _) where text.isEmpty: kind = .empty
        case .prefix(let text, _) where text.isEmpty: kind = .any
        case .phrase(let text, let ignoringCase), .prefix(let text, let ignoringCase):
            let isPhrase = if case .phrase = test { true } else { false }
            text.bytes.withUnsafeBytes { bytes in
                boundsStart = WordRule.isWord(at: 0, in: bytes)
                boundsEnd = isPhrase && WordRule.isWord(before: bytes.count, in: bytes)
            }
            if ignoringCase, text.bytes.contains(where: { $0 >= 0x80 }), let string = text.string {
                kind = .containsFolded
                foldedSearch = FoldedSearch(string)
            } else {
                kind = .contains
                search = ByteSearch(text.bytes, ignoringCase: ignoringCase)
            }
        case .exact(let text) where text.isEmpty: kind = .empty
        case .exact(let text):
            kind = .exact
            search = ByteSearch(text.bytes, ignoringCase: false)
        // Everything starts with nothing, the empty value too.
        case .exactPrefix(let text):
            kind = .exactPrefix
            search = text.isEmpty ? nil : ByteSearch(text.bytes, ignoringCase: false)
        case .oneOf(let values):
            kind = .oneOf
            set = ByteStringSet(values.map(\.bytes))
        default:
            kind = .condition
            condition = ValueMatcher.condition(test)
        }
        self.boundsStart = boundsStart
        self.boundsEnd = boundsEnd
        self.search = search
        self.foldedSearch = foldedSearch
        self.set = set
        self.condition = condition
        requiredWordLists = RequiredWords.lists(for: test)
    }

    /// Whether a value passes. A missing field is an empty value.
    ///
    /// - Complexity: O(bytes.count); for text that repeats its own start over and over, times the length of the phrase.
    package func matches(_ bytes: UnsafeRawBufferPointer) -> Bool {
        switch kind {
        case .any: return bytes.count > 0
        case .empty: return bytes.count == 0
        case .contains:
            guard let search else { return false }
            let length = search.needle.count
            return search.contains(in: bytes) { start in isBounded(start, start + length, in: bytes) }
        case .containsFolded:
            return foldedSearch?.contains(in: bytes) { start, end in isBounded(start, end, in: bytes) } ?? false
        case .exact:
            guard let search else { return false }
            return bytes.count == search.needle.count && search.isPrefix(of: bytes)
        case .exactPrefix: return search?.isPrefix(of: bytes) ?? true
        case .oneOf: return set?.contains(bytes) ?? false
        case .condition: return condition?.passes(bytes) ?? false
        }
    }

    private static func condition(_ test: FieldTest) -> ValueCondition? {
        switch test {
        case .expression(let text):
            if let expression = try? RegularExpression(text.bytes) { .expression(expression) } else { .never }
        case .substring(let text):
            text.isEmpty ? .all([]) : .substring(ByteSearch(text.bytes, ignoringCase: false))
        case .sequence(let phrases): .sequence(phrases.map { PhraseFinder($0) })
        case .containsAll(let phrases):
            // An empty phrase is part of every value here.
            .all(phrases.filter { !$0.isEmpty }.map { ValueMatcher(.containing($0)) })
        case .containsAny(let phrases): .any(phrases.map { ValueMatcher(.containing($0)) })
        case .numbers(let range): range.bounds.map { .numbers($0) } ?? .never
        case .addresses(let range): .addresses(range)
        case .strings(let low, let high): .strings(from: low.bytes, below: high?.bytes)
        case .lengths(let range): .lengths(range)
        case .stored: .never
        case .any, .empty, .phrase, .prefix, .exact, .exactPrefix, .oneOf: nil
        }
    }

    /// Whether a value passes; for tests and display.
    package func matches(_ text: String) -> Bool {
        Array(text.utf8).withUnsafeBytes { matches($0) }
    }

    @inline(__always)
    private func isBounded(_ start: Int, _ end: Int, in bytes: UnsafeRawBufferPointer) -> Bool {
        if boundsStart, start > 0, WordRule.isWord(before: start, in: bytes) { return false }
        if boundsEnd, end < bytes.count, WordRule.isWord(at: end, in: bytes) { return false }
        return true
    }
}

/// Which words a value must contain to pass a test.
enum RequiredWords {
    static func lists(for test: FieldTest) -> [[[UInt8]]] {
        switch test {
        case .any, .empty: [[]]
        case .phrase(let text, let ignoringCase): [words(of: text, goesOn: false, ignoringCase: ignoringCase)]
        case .prefix(let text, let ignoringCase): [words(of: text, goesOn: true, ignoringCase: ignoringCase)]
        case .exact(let text): [allWords(of: text.bytes)]
        case .exactPrefix(let text): [words(of: text, goesOn: true, ignoringCase: false)]
        case .oneOf(let values): values.map { allWords(of: $0.bytes) }
        case .containsAll(let phrases), .sequence(let phrases):
            [phrases.flatMap { words(of: $0, goesOn: false, ignoringCase: false) }]
        case .containsAny(let phrases): phrases.map { words(of: $0, goesOn: false, ignoringCase: false) }
        case .expression, .substring, .numbers, .addresses, .strings, .lengths, .stored: [[]]
        }
    }

    /// - Parameters:
    ///   - text: what is looked for.
    ///   - goesOn: whether a word at the end of `text` may be the start of a longer one.
    ///   - ignoringCase: whether only words without case are sure to occur as they are.
    /// - Returns: the words, in the order of the text.
    private static func words(of text: QueryText, goesOn: Bool, ignoringCase: Bool) -> [[UInt8]] {
        // Half a character at an end may be completed by the value and so become part of the word beside it.
        guard text.string != nil else { return [] }
        var words = allWords(of: text.bytes)
        let endsInWord = text.bytes.withUnsafeBytes { !$0.isEmpty && WordRule.isWord(before: $0.count, in: $0) }
        if goesOn, endsInWord { words.removeLast() }
        guard ignoringCase else { return words }
        return words.filter { $0.allSatisfy { byte in byte == 0x5F || (byte >= 0x30 && byte <= 0x39) } }
    }

    private static func allWords(of bytes: [UInt8]) -> [[UInt8]] {
        var words: [[UInt8]] = []
        bytes.withUnsafeBytes { bytes in WordRule.forEachWord(in: bytes) { words.append(Array($0)) } }
        return words
    }
}
