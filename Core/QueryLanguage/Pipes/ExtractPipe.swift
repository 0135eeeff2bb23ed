import RegularExpressions

/// Takes parts of a field's text into fields: `extract "ip=<ip> " from _msg`, `extract_regexp "(?P<ip>[0-9.]+)"`.
package struct ExtractPipe: Hashable, Sendable {
    /// How the parts are found.
    package enum Pattern: Hashable, Sendable {
        /// Text with fields between: `ip=<ip> `.
        case text(TextPattern)
        /// A regular expression with named groups.
        case expression(QueryText)
    }

    /// How the parts are found.
    package var pattern: Pattern
    /// The field whose text is looked at.
    package var source: String
    /// What happens to values that are there.
    package var rule: WriteRule
    /// Which rows are looked at; nil is all.
    package var condition: Filter?
}

extension ExtractPipe: PipeSyntax {
    static let names = ["extract", "extract_regexp"]

    init(parsing parser: inout Parser) throws(QueryError) {
        let isExpression = parser.previousWord == "extract_regexp"
        condition = try parser.condition()
        let token = parser.current
        if isExpression {
            let text = try parser.expressionText(stops: ",()[]|")
            let names = (try? RegularExpression(text.bytes))?.groupNames ?? []
            guard names.contains(where: { $0 != nil }) else {
                throw parser.failure("the expression needs a named group such as (?P<ip>[0-9.]+)", from: token)
            }
            pattern = .expression(text)
        } else {
            let text = try parser.textPattern()
            guard !text.fields.isEmpty else {
                throw parser.failure("the pattern needs a field such as <ip>", from: token)
            }
            for (left, right) in zip(text.steps, text.steps.dropFirst()) where right.prefix.isEmpty {
                throw parser.failure("there must be text between <\(left.field)> and <\(right.field)>", from: token)
            }
            pattern = .text(text)
        }
        source = try parser.field(after: "from") ?? "_msg"
        rule = parser.writeRule()
    }

    var pipe: Pipe { .extract(self) }

    /// The pipe in canonical form.
    package var description: String {
        let condition = Filter.conditionText(condition)
        let tail = " from " + Quoting.name(source) + rule.description
        return switch pattern {
        case .text(let pattern): "extract" + condition + " " + Quoting.quoted(pattern.text) + tail
        case .expression(let text): "extract_regexp" + condition + " " + Quoting.quoted(text) + tail
        }
    }
}
