import RegularExpressions

/// Changes the text of one field: `replace`, `replace_regexp`, `collapse_nums`, `decolorize`.
package struct UpdatePipe: Hashable, Sendable {
    /// What is done to the text.
    package enum Change: Hashable, Sendable {
        /// Puts one text in the place of another; at most so many times, nil for each time.
        case replace(QueryText, with: QueryText, limit: UInt64?)
        /// Puts a text in the place of what an expression matches; `$1` and `${name}` stand for its groups.
        case replaceExpression(QueryText, with: QueryText, limit: UInt64?)
        /// Puts `<N>` in the place of numbers; made pretty, `<IP4>`, `<UUID>`, `<DATETIME>` and the like where they fit.
        case collapseNumbers(isPretty: Bool)
        /// Takes color codes of terminals out.
        case decolorize
    }

    /// The field.
    package var field: String
    /// What is done.
    package var change: Change
    /// Which rows are changed; nil is all.
    package var condition: Filter?

    /// Makes the pipe.
    package init(_ field: String, _ change: Change, condition: Filter? = nil) {
        self.field = field
        self.change = change
        self.condition = condition
    }
}

extension UpdatePipe: PipeSyntax {
    static let names = ["replace", "replace_regexp", "collapse_nums", "decolorize"]

    init(parsing parser: inout Parser) throws(QueryError) {
        let name = parser.previousWord
        if name == "decolorize" {
            field = parser.atBoundary ? "_msg" : try parser.fieldName()
            change = .decolorize
            return
        }
        condition = try parser.condition()
        if name == "collapse_nums" {
            field = try parser.field(after: "at") ?? "_msg"
            change = .collapseNumbers(isPretty: parser.takeKeyword("prettify"))
            return
        }
        try parser.expect("(", "after `\(name)`")
        let old =
            name == "replace" ? try parser.text("the text to replace") : try parser.expressionText(stops: ",()[]|")
        try parser.expect(",", "after the text to replace")
        let new = try parser.text("the text to put in its place")
        try parser.expect(")", "after the two texts")
        field = try parser.field(after: "at") ?? "_msg"
        var limit: UInt64?
        _ = try parser.takeNumber(after: "limit", into: &limit)
        if limit == 0 { limit = nil }
        change =
            name == "replace"
            ? .replace(old, with: new, limit: limit)
            : .replaceExpression(old, with: new, limit: limit)
    }

    var pipe: Pipe { .update(self) }

    /// The pipe in canonical form.
    package var description: String {
        let condition = Filter.conditionText(condition)
        let place = " at " + Quoting.name(field)
        func call(_ name: String, _ old: QueryText, _ new: QueryText, _ limit: UInt64?) -> String {
            name + condition + " (" + Quoting.quoted(old) + ", " + Quoting.quoted(new) + ")" + place
                + (limit.map { " limit \($0)" } ?? "")
        }
        switch change {
        case .replace(let old, let new, let limit): return call("replace", old, new, limit)
        case .replaceExpression(let old, let new, let limit): return call("replace_regexp", old, new, limit)
        case .collapseNumbers(let isPretty): return "collapse_nums" + condition + place + (isPretty ? " prettify" : "")
        case .decolorize: return "decolorize " + Quoting.name(field)
        }
    }
}
