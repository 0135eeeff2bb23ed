import LogModel
import QueryLanguage

/// The order of values: none first, then numbers and times by size, then text in which runs of digits are numbers.
enum PlainOrder {
    private enum Key {
        case none
        case integer(Int64)
        case number(Double)
        case text([UInt8])

        var rank: Int {
            switch self {
            case .none: 0
            case .integer, .number: 1
            case .text: 2
            }
        }
    }

    private static func key(_ value: [UInt8]) -> Key {
        if value.isEmpty { return .none }
        let digits = value.first == 0x2D ? value.dropFirst() : value[...]
        if !digits.isEmpty, digits.count <= 18, digits.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int64(value.text)
        {
            return .integer(number)
        }
        if let number = NumberReading.number(value) { return .number(number) }
        if let time = value.withUnsafeBytes({ Timestamp(rfc3339: $0) }) { return .integer(time.nanoseconds) }
        return .text(value)
    }

    /// Below 0 when the left value comes first, 0 when neither does.
    static func compare(_ left: [UInt8], _ right: [UInt8]) -> Int {
        let (left, right) = (key(left), key(right))
        if left.rank != right.rank { return left.rank - right.rank }
        switch (left, right) {
        case (.integer(let left), .integer(let right)): return order(left, right)
        case (.number(let left), .number(let right)): return order(left, right)
        case (.integer(let left), .number(let right)): return order(left, right)
        case (.number(let left), .integer(let right)): return -order(right, left)
        case (.text(let left), .text(let right)): return natural(left[...], right[...])
        default: return 0
        }
    }

    private static func order<T: Comparable>(_ left: T, _ right: T) -> Int { left < right ? -1 : left > right ? 1 : 0 }

    /// Exactly: 9007199254740993 lies above 9007199254740992.0.
    private static func order(_ integer: Int64, _ number: Double) -> Int {
        if number >= 1e19 { return -1 }
        if number <= -1e19 { return 1 }
        let below = Int128(number.rounded(.down))
        if Int128(integer) != below { return order(Int128(integer), below) }
        return number == number.rounded(.down) ? 0 : -1
    }

    private static func natural(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Int {
        guard let a = left.first, let b = right.first else { return left.count - right.count }
        let isDigit: (UInt8) -> Bool = { (0x30...0x39).contains($0) }
        if isDigit(a) != isDigit(b) { return isDigit(a) ? -1 : 1 }
        if !isDigit(a) { return a != b ? order(a, b) : natural(left.dropFirst(), right.dropFirst()) }
        let (leftRun, rightRun) = (Array(left.prefix(while: isDigit)), Array(right.prefix(while: isDigit)))
        guard let one = UInt64(leftRun.text), let two = UInt64(rightRun.text) else {
            return left.elementsEqual(right) ? 0 : left.lexicographicallyPrecedes(right) ? -1 : 1
        }
        if one != two { return order(one, two) }
        if leftRun.count != rightRun.count { return order(leftRun.count, rightRun.count) }
        return natural(left.dropFirst(leftRun.count), right.dropFirst(rightRun.count))
    }

    /// The first of values under an order; fails where others take the same place and look different.
    static func first(_ values: [[UInt8]], isDescending: Bool) throws -> [UInt8] {
        let sorted = values.sorted { isDescending ? compare($1, $0) < 0 : compare($0, $1) < 0 }
        guard let first = sorted.first else { return [] }
        for value in sorted where compare(value, first) == 0 && value != first {
            throw Undefined("`\(value.text)` and `\(first.text)` are equal")
        }
        return first
    }
}
