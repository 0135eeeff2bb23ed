/// Puts fields together to text: `format "<ip>:<port>" as address`.
package struct FormatPipe: Hashable, Sendable {
    /// The text with fields in it. Unknown options are as if there were none.
    package var pattern: TextPattern
    /// The field that gets the text.
    package var result: String
    /// What happens to a value that is there.
    package var rule: WriteRule
    /// Which rows get the text; nil is all.
    package var condition: Filter?
}

extension FormatPipe: PipeSyntax {
    static let names = ["format"]

    /// What may stand in front of a field and a colon.
    static let options: Set<String> = [
        "base64decode", "base64encode", "duration", "duration_seconds", "hexdecode", "hexencode", "hexnumdecode",
        "hexnumencode", "ipv4", "lc", "time", "q", "uc", "urldecode", "urlencode",
    ]

    init(parsing parser: inout Parser) throws(QueryError) {
        condition = try parser.condition()
        let token = parser.current
        pattern = try parser.textPattern()
        for step in pattern.steps where !step.option.isEmpty && !FormatPipe.options.contains(step.option) {
            let nearest = KnownNames.nearest(to: step.option, among: FormatPipe.options.sorted())
            let hint = nearest.map { "; did you mean `\($0)`?" } ?? ""
            throw parser.failure("`format` knows no `\(step.option.prefix(40)):`\(hint)", from: token)
        }
        result = try parser.field(after: "as") ?? "_msg"
        rule = parser.writeRule()
    }

    var pipe: Pipe { .format(self) }

    /// The pipe in canonical form.
    package var description: String {
        "format" + Filter.conditionText(condition) + " " + Quoting.quoted(pattern.text) + " as " + Quoting.name(result)
            + rule.description
    }
}
