import Glibc
import LogModel
import QueryLanguage

/// Formulas over the fields of a row.
enum PlainMath {
    static func computed(_ row: PlainRow, _ pipe: MathPipe, _ now: Timestamp) -> PlainRow {
        var row = row
        for entry in pipe.entries {
            row[entry.result] = NumberWriting.decimal(value(entry.expression, row, now)).bytes
        }
        return row
    }

    private static func value(_ expression: MathExpression, _ row: PlainRow, _ now: Timestamp) -> Double {
        switch expression {
        case .number(let number, _): return number
        case .field(let name): return NumberReading.mathNumber(row[name])
        case .minus(let inner): return -value(inner, row, now)
        case .binary(let symbol, let left, let right):
            return binary(symbol, value(left, row, now), value(right, row, now))
        case .call(let function, let arguments):
            return call(function, arguments.map { value($0, row, now) }, now)
        }
    }

    private static func binary(_ symbol: MathExpression.Operator, _ left: Double, _ right: Double) -> Double {
        switch symbol {
        case .plus: return left + right
        case .minus: return left - right
        case .times: return left * right
        case .divided: return left / right
        case .remainder: return fmod(left, right)
        case .power: return pow(left, right)
        case .default: return left.isNaN ? right : left
        case .and, .or, .xor:
            guard !left.isNaN, !right.isNaN else { return .nan }
            let (one, two) = (whole(left), whole(right))
            return Double(symbol == .and ? one & two : symbol == .or ? one | two : one ^ two)
        }
    }

    private static func whole(_ number: Double) -> UInt64 {
        UInt64(exactly: number.rounded(.towardZero)) ?? (number > 0 ? .max : 0)
    }

    private static func call(_ function: MathExpression.Function, _ arguments: [Double], _ now: Timestamp) -> Double {
        let numbers = arguments.filter { !$0.isNaN }
        let first = arguments.first ?? .nan
        switch function {
        case .abs: return abs(first)
        case .exp: return exp(first)
        case .ln: return log(first)
        case .ceil: return first.rounded(.up)
        case .floor: return first.rounded(.down)
        case .now: return Double(now.nanoseconds)
        case .rand: return .nan
        case .max: return numbers.max() ?? .nan
        case .min: return numbers.min() ?? .nan
        case .round:
            guard arguments.count == 2 else { return first.rounded(.toNearestOrAwayFromZero) }
            // The random queries round to whole steps alone, where digits behind the point cannot differ.
            guard first.isFinite, arguments[1].isFinite, arguments[1] != 0 else { return .nan }
            let moved = first + (first < 0 ? -0.5 : 0.5) * arguments[1]
            return moved - fmod(moved, arguments[1])
        }
    }
}
