internal import Glibc
internal import LogModel
internal import QueryLanguage

extension ResultBlock {
    /// The block with the results of formulas.
    func computing(_ pipe: MathPipe, now: Timestamp) -> ResultBlock {
        var result = self
        for entry in pipe.entries {
            let block = result
            var columns: [String: ResultColumn] = [:]
            for name in entry.expression.fields { columns[name] = block.column(name) }
            let evaluation = MathEvaluation(columns: columns, now: now)
            result = block.writing(entry.result) { row in
                Array(NumberWriting.decimal(evaluation.value(entry.expression, row)).utf8)
            }
        }
        return result
    }
}

/// Computes a formula for rows of a block. What is no number is NaN, and so is what is made of it.
struct MathEvaluation {
    let columns: [String: ResultColumn]
    let now: Timestamp

    func value(_ expression: MathExpression, _ row: Int) -> Double {
        switch expression {
        case .number(let number, _): number
        case .field(let name): number(of: columns[name], row)
        case .minus(let inner): -value(inner, row)
        case .binary(let symbol, let left, let right): Self.apply(symbol, value(left, row), value(right, row))
        case .call(let function, let arguments): apply(function, arguments.map { value($0, row) })
        }
    }

    private func number(of column: ResultColumn?, _ row: Int) -> Double {
        switch column {
        case nil: .nan
        case .times(let times)?: Double(times[row])
        case let column?: NumberReading.mathNumber(column.value(at: row) ?? [])
        }
    }

    private static func apply(_ symbol: MathExpression.Operator, _ left: Double, _ right: Double) -> Double {
        switch symbol {
        case .plus: left + right
        case .minus: left - right
        case .times: left * right
        case .divided: left / right
        case .remainder: fmod(left, right)
        case .power: pow(left, right)
        case .and: bits(left, right) { $0 & $1 }
        case .or: bits(left, right) { $0 | $1 }
        case .xor: bits(left, right) { $0 ^ $1 }
        case .default: left.isNaN ? right : left
        }
    }

    /// Numbers are taken as whole; those outside of 0 to 2^64 are held at its ends.
    private static func bits(_ left: Double, _ right: Double, _ join: (UInt64, UInt64) -> UInt64) -> Double {
        if left.isNaN || right.isNaN { return .nan }
        func whole(_ number: Double) -> UInt64 {
            number <= 0 ? 0 : number >= 18_446_744_073_709_551_616 ? .max : UInt64(number)
        }
        return Double(join(whole(left), whole(right)))
    }

    private func apply(_ function: MathExpression.Function, _ arguments: [Double]) -> Double {
        let first = arguments.first ?? .nan
        switch function {
        case .abs: return first.magnitude
        case .exp: return exp(first)
        case .ln: return log(first)
        case .ceil: return first.rounded(.up)
        case .floor: return first.rounded(.down)
        case .now: return Double(now.nanoseconds)
        case .rand: return Double.random(in: 0..<1)
        case .max: return arguments.reduce(.nan) { $0.isNaN || $1 > $0 ? $1 : $0 }
        case .min: return arguments.reduce(.nan) { $0.isNaN || $1 < $0 ? $1 : $0 }
        case .round:
            guard arguments.count == 2 else { return first.rounded(.toNearestOrAwayFromZero) }
            return Self.round(first, toMultipleOf: arguments[1])
        }
    }

    private static func round(_ number: Double, toMultipleOf step: Double) -> Double {
        guard number.isFinite, step.isFinite, step != 0 else { return .nan }
        var result = number + (number < 0 ? -0.5 : 0.5) * step.magnitude
        result -= fmod(result, step)
        // As many digits behind the point as the step has, so that the result is the decimal that is meant.
        var scale = 1.0
        while (step * scale).rounded() != step * scale, scale < 1e15 { scale *= 10 }
        return (result * scale).rounded(.towardZero) / scale == result ? result : (result * scale).rounded() / scale
    }
}
