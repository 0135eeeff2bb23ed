package import LogModel

/// Which streams: `{service="cart",host!="a" or service="auth"}`.
package struct StreamSelector: Hashable, Sendable {
    /// A condition on one label. A missing label is an empty value.
    package struct Condition: Hashable, Sendable {
        /// The label's name.
        package var label: String
        /// What its value must be.
        package var test: Test
        /// Whether the label must not pass the test: `!=`, `!~`, `not_in`.
        package var isNegated: Bool

        /// What the value of a label must be.
        package enum Test: Hashable, Sendable {
            /// This value.
            case exact(QueryText)
            /// Matched by a regular expression as a whole.
            case expression(QueryText)
            /// One of these values.
            case oneOf([QueryText])
        }

        /// Makes a condition.
        package init(_ label: String, _ value: QueryText, isNegated: Bool = false) {
            self.init(label, .exact(value), isNegated: isNegated)
        }

        /// Makes a condition.
        package init(_ label: String, _ test: Test, isNegated: Bool = false) {
            self.label = label
            self.test = test
            self.isNegated = isNegated
        }
    }

    /// Lists of conditions. A stream passes when it meets all conditions of at least one list; `{}` has one empty list.
    package var alternatives: [[Condition]]

    /// Makes a selector.
    package init(alternatives: [[Condition]]) {
        self.alternatives = alternatives
    }

    /// Whether a stream passes. For more than one stream, make a ``StreamMatcher``.
    package func matches(_ stream: StreamIdentity) -> Bool {
        StreamMatcher(self).matches(stream)
    }
}

extension StreamSelector: CustomStringConvertible {
    /// The selector in canonical form.
    package var description: String {
        let lists = alternatives.map { conditions in
            conditions.map(\.description).joined(separator: ",")
        }
        return "{" + lists.joined(separator: " or ") + "}"
    }
}

extension StreamSelector.Condition: CustomStringConvertible {
    /// The condition in canonical form.
    package var description: String {
        let name = Quoting.name(label)
        switch test {
        case .exact(let value): return name + (isNegated ? "!=" : "=") + Quoting.quoted(value)
        case .expression(let text): return name + (isNegated ? "!~" : "=~") + Quoting.quoted(text)
        case .oneOf(let values):
            return name + (isNegated ? " not_in (" : " in (") + values.map { Quoting.quoted($0) }.joined(separator: ",")
                + ")"
        }
    }
}

extension Parser {
    /// Reads `{...}`.
    mutating func streamSelector() throws(QueryError) -> StreamSelector {
        try expect("{", "to start the stream filter")
        if takeSymbol("}") { return StreamSelector(alternatives: [[]]) }
        var alternatives: [[StreamSelector.Condition]] = []
        repeat {
            alternatives.append(try list { parser throws(QueryError) in try parser.streamCondition() })
        } while takeKeyword("or")
        guard takeSymbol("}") else { throw unexpected(expected: [",", "or", "}"], "in the stream filter") }
        return StreamSelector(alternatives: alternatives)
    }

    private mutating func streamCondition() throws(QueryError) -> StreamSelector.Condition {
        guard current.kind == .word || current.isQuoted else { throw unexpected(expected: ["a label"]) }
        let label = try streamLabel()
        let comparison = current
        switch comparison.text {
        case "=", "!=":
            advance()
            let value = try value(stops: ",{}()[]|", "a value")
            return StreamSelector.Condition(label, value, isNegated: comparison.text == "!=")
        case "=~", "!~":
            advance()
            let text = try expressionText(stops: ",{}()|")
            return StreamSelector.Condition(label, .expression(text), isNegated: comparison.text == "!~")
        case "in", "not_in":
            advance()
            let values = try parenthesized("after `\(comparison.text)`") { parser throws(QueryError) in
                try parser.value(stops: "*,()[]{}|", "a value")
            }
            return StreamSelector.Condition(label, .oneOf(values), isNegated: comparison.text == "not_in")
        default: throw unexpected(expected: ["=", "!=", "=~", "!~", "in", "not_in"], "after the label")
        }
    }

    /// A label's name: a word or quoted text. Unlike other names it ends at `=` and `!`, so that `{a!="b"}` needs no
    /// spaces; a label with a dash in it may go without quotes all the same.
    private mutating func streamLabel() throws(QueryError) -> String {
        let first = current
        advance()
        if case .quoted(let bytes) = first.kind {
            guard let name = QueryText(bytes: bytes).string, !name.isEmpty else {
                throw failure("a label must be valid UTF-8 and not empty", at: first)
            }
            return name
        }
        var end = first.end
        while isAdjacent, current.kind == .word || atSymbol("-") || atSymbol("/") || atSymbol(":") {
            end = current.end
            advance()
        }
        return source.text(first.offset..<end)
    }
}
