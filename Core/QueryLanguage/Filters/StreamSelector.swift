package import LogModel

/// Which streams: `{service="cart",host!="a" or service="auth"}`.
package struct StreamSelector: Hashable, Sendable {
    /// A condition on one label. A missing label is an empty value.
    package struct Condition: Hashable, Sendable {
        /// The label's name.
        package var label: String
        /// The value it is compared with.
        package var value: QueryText
        /// Whether the label must have another value: `!=`.
        package var isNegated: Bool

        /// Makes a condition.
        package init(_ label: String, _ value: QueryText, isNegated: Bool = false) {
            self.label = label
            self.value = value
            self.isNegated = isNegated
        }

        /// Whether a stream meets the condition.
        package func matches(_ stream: StreamIdentity) -> Bool {
            ((stream.value(of: label) ?? []) == value.bytes) != isNegated
        }
    }

    /// Lists of conditions. A stream passes when it meets all conditions of at least one list; `{}` has one empty list.
    package var alternatives: [[Condition]]

    /// Makes a selector.
    package init(alternatives: [[Condition]]) {
        self.alternatives = alternatives
    }

    /// Whether a stream passes.
    package func matches(_ stream: StreamIdentity) -> Bool {
        alternatives.contains { $0.allSatisfy { $0.matches(stream) } }
    }
}

extension StreamSelector: CustomStringConvertible {
    /// The selector in canonical form.
    package var description: String {
        let lists = alternatives.map { conditions in
            conditions.map { condition in
                Quoting.name(condition.label) + (condition.isNegated ? "!=" : "=") + Quoting.quoted(condition.value)
            }.joined(separator: ",")
        }
        return "{" + lists.joined(separator: " or ") + "}"
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
            throw notYet("regular expressions", "`\(comparison.text)` in a stream filter", at: comparison)
        case "in", "not_in":
            throw notYet("lists of values", "`\(comparison.text)` in a stream filter", at: comparison)
        default: throw unexpected(expected: ["=", "!="], "after the label")
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
