/// The order of text in which `node2` comes before `node10`: runs of digits are compared as numbers.
enum NaturalOrder {
    /// Below 0 when `left` comes first, over 0 when `right` does, 0 when they are the same.
    static func compare(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var i = 0
        var j = 0
        while i < left.count, j < right.count {
            let (a, b) = (left[i], right[j])
            switch (isDigit(a), isDigit(b)) {
            case (true, false): return -1
            case (false, true): return 1
            case (false, false):
                if a != b { return a < b ? -1 : 1 }
                i += 1
                j += 1
            case (true, true):
                let (leftEnd, rightEnd) = (runEnd(left, i), runEnd(right, j))
                guard let leftNumber = number(left[i..<leftEnd]), let rightNumber = number(right[j..<rightEnd]) else {
                    let (leftRest, rightRest) = (left[i...], right[j...])
                    return leftRest.elementsEqual(rightRest)
                        ? 0 : leftRest.lexicographicallyPrecedes(rightRest) ? -1 : 1
                }
                if leftNumber != rightNumber { return leftNumber < rightNumber ? -1 : 1 }
                // `01` comes behind `1`.
                if leftEnd - i != rightEnd - j { return leftEnd - i < rightEnd - j ? -1 : 1 }
                i = leftEnd
                j = rightEnd
            }
        }
        return left.count - i < right.count - j ? -1 : left.count - i > right.count - j ? 1 : 0
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    private static func runEnd(_ text: [UInt8], _ start: Int) -> Int {
        var end = start
        while end < text.count, isDigit(text[end]) { end += 1 }
        return end
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for digit in digits {
            let (product, overflow) = number.multipliedReportingOverflow(by: 10)
            let (sum, overflowAgain) = product.addingReportingOverflow(UInt64(digit - 0x30))
            if overflow || overflowAgain { return nil }
            number = sum
        }
        return number
    }
}
