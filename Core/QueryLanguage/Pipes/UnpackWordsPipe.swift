/// Writes the words of a field as an array in JSON: `unpack_words from _msg as words drop_duplicates`.
package struct UnpackWordsPipe: Hashable, Sendable {
    /// The field whose text is split.
    package var source: String
    /// The field that gets the array.
    package var result: String
    /// Whether each word comes once.
    package var dropsDuplicates: Bool
}

extension UnpackWordsPipe: PipeSyntax {
    static let names = ["unpack_words"]

    init(parsing parser: inout Parser) throws(QueryError) {
        source = "_msg"
        let isNamed = !parser.atBoundary && !parser.atKeyword("as") && !parser.atKeyword("drop_duplicates")
        if parser.takeKeyword("from") || isNamed { source = try parser.fieldName() }
        result = try parser.resultField(before: ["drop_duplicates"]) ?? source
        dropsDuplicates = parser.takeKeyword("drop_duplicates")
    }

    var pipe: Pipe { .unpackWords(self) }

    /// The pipe in canonical form.
    package var description: String {
        "unpack_words from " + Quoting.name(source) + " as " + Quoting.name(result)
            + (dropsDuplicates ? " drop_duplicates" : "")
    }
}
