/// Words that the values of a field must have to pass a test, as filters know them.
package struct RequiredWords: Sendable {
    /// Each value that passes has all words of at least one list.
    let alternatives: [[UInt64]]
    /// Whether each value that passes has a word, so that no value, which is an empty one, does not pass.
    let needsValue: Bool

    /// Makes a description of a test of a field.
    ///
    /// - Parameters:
    ///   - alternatives: each value that passes has all words of at least one list. Words that filters do not know,
    ///     such as numbers, may be among them.
    ///   - field: the field's name.
    package init(_ alternatives: [[MessageWord]], of field: String) {
        needsValue = alternatives.allSatisfy { !$0.isEmpty }
        let salt = WordHash.Salt.field(field)
        self.alternatives = alternatives.map { words in words.compactMap { $0.filterKey(salt) } }
    }

    /// Whether a block with such a filter may have a value that passes.
    func mayPass(_ filter: BlockFilter) -> Bool {
        alternatives.contains { keys in keys.allSatisfy { filter.mayContain($0) } }
    }
}
