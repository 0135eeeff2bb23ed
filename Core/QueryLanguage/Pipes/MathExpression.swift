/// A formula over the fields of a row.
package indirect enum MathExpression: Hashable, Sendable {
    /// A number, and how it is written.
    case number(Double, text: String)
    /// The number that a field holds; NaN when it holds none.
    case field(String)
    /// Two operands.
    case binary(Operator, MathExpression, MathExpression)
    /// The opposite.
    case minus(MathExpression)
    /// A function.
    case call(Function, [MathExpression])

    /// What joins two operands.
    package enum Operator: String, Hashable, Sendable, CaseIterable {
        case power = "^"
        case times = "*"
        case divided = "/"
        case remainder = "%"
        case plus = "+"
        case minus = "-"
        case and = "&"
        case xor
        case or
        case `default`

        /// The lower, the earlier it is done.
        var priority: Int {
            switch self {
            case .power: 1
            case .times, .divided, .remainder: 2
            case .plus, .minus: 3
            case .and: 4
            case .xor: 5
            case .or: 6
            case .default: 10
            }
        }
    }

    /// A function, and how many arguments it takes.
    package enum Function: String, Hashable, Sendable, CaseIterable {
        case abs, exp, ln, max, min, now, rand, round, ceil, floor

        var argumentCounts: ClosedRange<Int> {
            switch self {
            case .now, .rand: 0...0
            case .max, .min: 2...256
            case .round: 1...2
            case .abs, .exp, .ln, .ceil, .floor: 1...1
            }
        }
    }

    /// The fields that it looks at.
    package var fields: [String] {
        switch self {
        case .number: []
        case .field(let name): [name]
        case .binary(_, let left, let right): left.fields + right.fields
        case .minus(let inner): inner.fields
        case .call(_, let arguments): arguments.flatMap(\.fields)
        }
    }
}

extension MathExpression: CustomStringConvertible {
    /// The formula in canonical form.
    package var description: String {
        switch self {
        case .number(_, let text): text
        case .field(let name): Quoting.name(name)
        case .binary(let symbol, let left, let right):
            // Equal operators are done from the left, so that only the right one needs parentheses then.
            left.operand { $0 > symbol.priority } + " \(symbol.rawValue) " + right.operand { $0 >= symbol.priority }
        case .minus(let inner): "-" + inner.operand { _ in true }
        case .call(let function, let arguments):
            function.rawValue + "(" + arguments.map(\.description).joined(separator: ", ") + ")"
        }
    }

    private func operand(_ needsParentheses: (Int) -> Bool) -> String {
        guard case .binary(let symbol, _, _) = self, needsParentheses(symbol.priority) else { return description }
        return "(\(self))"
    }
}

// formula := operand (operator operand)*
// operand := "(" formula ")" | "-" operand | "+" operand | number | name | function "(" formulas ")"
extension Parser {
    /// Reads a formula: operators of lower priority bind less, equal ones from the left.
    mutating func mathExpression() throws(QueryError) -> MathExpression {
        var operands = [try mathOperand()]
        var operators: [MathExpression.Operator] = []
        func reduce() {
            let right = operands.removeLast()
            let left = operands.removeLast()
            operands.append(.binary(operators.removeLast(), left, right))
        }
        while let symbol = mathOperator() {
            while let last = operators.last, last.priority <= symbol.priority { reduce() }
            advance()
            operators.append(symbol)
            operands.append(try mathOperand())
        }
        while !operators.isEmpty { reduce() }
        return operands[0]
    }

    private func mathOperator() -> MathExpression.Operator? {
        guard current.kind == .symbol || current.kind == .word else { return nil }
        return MathExpression.Operator(rawValue: current.text.lowercased())
    }

    private mutating func mathOperand() throws(QueryError) -> MathExpression {
        guard formulaDepth < QueryLimits.maximumFormulaDepth else {
            throw failure("the formula is nested deeper than \(QueryLimits.maximumFormulaDepth) levels", at: current)
        }
        // A chain of operators is as deep a tree as it is long.
        formulaOperands += 1
        guard formulaOperands <= QueryLimits.maximumDepth else {
            throw failure("a formula has \(QueryLimits.maximumDepth) operands at most", at: current)
        }
        formulaDepth += 1
        let operand = try mathOperandInside()
        formulaDepth -= 1
        return operand
    }

    private mutating func mathOperandInside() throws(QueryError) -> MathExpression {
        let token = current
        if takeSymbol("(") {
            let inner = try mathExpression()
            try expect(")", "to close the formula")
            return inner
        }
        if takeSymbol("-") { return .minus(try mathOperand()) }
        if takeSymbol("+") { return try mathOperand() }
        guard !atBoundary else { throw unexpected(expected: ["a number, a field or a function"]) }
        if token.kind == .word, following.isSymbol("(") {
            guard let function = MathExpression.Function(rawValue: token.text.lowercased()) else {
                throw unknown("function of math", token, among: MathExpression.Function.allCases.map(\.rawValue))
            }
            advance()
            let arguments = try parenthesized("after `\(token.text)`") { parser throws(QueryError) in
                try parser.mathExpression()
            }
            guard function.argumentCounts.contains(arguments.count) else {
                let counts = function.argumentCounts
                let wanted =
                    counts.count == 1 ? "\(counts.lowerBound)" : "\(counts.lowerBound) to \(counts.upperBound)"
                throw failure("`\(function.rawValue)` takes \(wanted) arguments, not \(arguments.count)", from: token)
            }
            return .call(function, arguments)
        }
        let text = try value(stops: "=+-*/%^,()[]|!&", "a number or a field")
        let number = NumberReading.mathNumber(text.bytes)
        let isNumber = text.bytes.withUnsafeBytes { NumberReading.startsNumber($0) }
        if isNumber {
            guard !number.isNaN else {
                throw failure(
                    "`\(text.description.prefix(40))` is no number; write one such as 10, 1.5KB or 5m", from: token)
            }
            return .number(number, text: Quoting.value(text))
        }
        guard let name = text.string, !name.isEmpty else { throw failure("a field needs a name", from: token) }
        return .field(name)
    }
}
