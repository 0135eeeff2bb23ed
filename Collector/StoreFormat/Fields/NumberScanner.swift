internal import ByteCoding

/// Finds out whether all values of a column are numbers of one form, and which.
struct NumberScanner: ~Copyable {
    /// After ``form(of:)``, the numbers, times 10 to the power of the form's scale.
    private(set) var numbers = ReusableBuffer<Int64>(capacity: 1 << 12)
    private var fractions = ReusableBuffer<UInt8>(capacity: 1 << 12)

    /// What the numbers of a column have in common.
    private struct Traits {
        var fewestWhole = Int.max
        var mostWhole = 0
        var fewestFraction = Int.max
        var mostFraction = 0
        var hasLeadingZero = false
        var hasNegative = false
        /// A fraction ends in zero; one of several digits does.
        var hasTrailingZero = false
        var hasLongTrailingZero = false
    }

    /// The form of all values; nil when they have none in common.
    mutating func form(of column: borrowing ColumnBuilder) -> NumberForm? {
        numbers.removeAll()
        fractions.removeAll()
        numbers.reserve(column.lengths.count)
        fractions.reserve(column.lengths.count)
        return unsafe column.bytes.withBytes { bytes in
            guard let firstLength = column.lengths.first else { return nil }
            let first = unsafe UnsafeRawBufferPointer(rebasing: bytes[..<Int(firstLength)])
            guard let affixes = unsafe Self.affixes(first) else { return nil }
            let (prefix, suffix) = (affixes.prefix, affixes.suffix)
            var traits = Traits()
            var offset = 0
            for length in column.lengths {
                let value = unsafe UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + Int(length))])
                offset += Int(length)
                guard value.count > prefix.count + suffix.count, unsafe Self.equal(value, at: 0, prefix),
                    unsafe Self.equal(value, at: value.count - suffix.count, suffix),
                    unsafe add(value, prefix.count..<(value.count - suffix.count), &traits)
                else { return nil }
            }
            return form(traits, prefix: prefix, suffix: suffix)
        }
    }

    /// What stands before and behind the first number of a value.
    private static func affixes(_ value: UnsafeRawBufferPointer) -> (prefix: [UInt8], suffix: [UInt8])? {
        var index = 0
        while index < value.count, unsafe !DecimalForm.isDigit(value[index]) { index += 1 }
        guard index < value.count else { return nil }
        let start = unsafe index == 1 && value[0] == 0x2D ? 0 : index
        while index < value.count, unsafe DecimalForm.isDigit(value[index]) { index += 1 }
        if unsafe index + 1 < value.count && value[index] == 0x2E && DecimalForm.isDigit(value[index + 1]) {
            index += 1
            while index < value.count, unsafe DecimalForm.isDigit(value[index]) { index += 1 }
        }
        guard start <= NumberForm.mostAffixBytes, value.count - index <= NumberForm.mostAffixBytes else { return nil }
        return unsafe (Array(value[..<start]), Array(value[index...]))
    }

    private static func equal(_ value: UnsafeRawBufferPointer, at offset: Int, _ affix: [UInt8]) -> Bool {
        for index in 0..<affix.count where unsafe value[offset + index] != affix[index] { return false }
        return true
    }

    /// Reads a number that takes all of a range; false when there is none.
    private mutating func add(
        _ value: UnsafeRawBufferPointer, _ range: Range<Int>, _ traits: inout Traits
    ) -> Bool {
        var index = range.lowerBound
        let isNegative = unsafe range.lowerBound == 0 && value[0] == 0x2D
        if isNegative { index += 1 }
        let wholeStart = index
        var mantissa: Int64 = 0
        while index < range.upperBound, case let digit = unsafe value[index] &- 0x30, digit <= 9 {
            mantissa = mantissa &* 10 &+ Int64(digit)
            index += 1
        }
        let whole = index - wholeStart
        var fraction = 0
        if index < range.upperBound, unsafe value[index] == 0x2E {
            index += 1
            while index < range.upperBound, case let digit = unsafe value[index] &- 0x30, digit <= 9 {
                mantissa = mantissa &* 10 &+ Int64(digit)
                index += 1
                fraction += 1
            }
            guard fraction > 0 else { return false }
            if mantissa % 10 == 0 {
                traits.hasTrailingZero = true
                if fraction > 1 { traits.hasLongTrailingZero = true }
            }
        }
        // Checked behind the loops: more digits only made a wrong number, which is not used.
        guard whole > 0, index == range.upperBound, whole + fraction <= NumberForm.mostDigits,
            !(isNegative && mantissa == 0)
        else { return false }
        if whole > 1, unsafe value[wholeStart] == 0x30 { traits.hasLeadingZero = true }
        if isNegative { traits.hasNegative = true }
        traits.fewestWhole = min(traits.fewestWhole, whole)
        traits.mostWhole = max(traits.mostWhole, whole)
        traits.fewestFraction = min(traits.fewestFraction, fraction)
        traits.mostFraction = max(traits.mostFraction, fraction)
        numbers.appendReserved(isNegative ? -mantissa : mantissa)
        fractions.appendReserved(UInt8(truncatingIfNeeded: fraction))
        return true
    }

    private mutating func form(_ traits: Traits, prefix: [UInt8], suffix: [UInt8]) -> NumberForm? {
        func form(_ spelling: NumberForm.Spelling, _ digits: Int) -> NumberForm {
            NumberForm(prefix: prefix, suffix: suffix, spelling: spelling, digits: digits)
        }
        let digits = traits.mostFraction
        if digits == 0 {
            if !traits.hasLeadingZero { return form(.integer, 0) }
            let isPadded = traits.fewestWhole == traits.mostWhole && !traits.hasNegative
            return isPadded ? form(.padded, traits.mostWhole) : nil
        }
        if traits.hasLeadingZero { return nil }
        if traits.fewestFraction == digits { return form(.fixedPoint, digits) }
        guard scaleUp(to: digits) else { return nil }
        if !traits.hasTrailingZero { return form(.shortest, digits) }
        return traits.fewestFraction > 0 && !traits.hasLongTrailingZero ? form(.shortestWithPoint, digits) : nil
    }

    /// Gives all numbers the same digits behind the point; false when one gets too long.
    private mutating func scaleUp(to digits: Int) -> Bool {
        for index in 0..<numbers.count {
            let missing = digits - Int(fractions[index])
            let limit = DecimalForm.powers[NumberForm.mostDigits - missing]
            guard numbers[index].magnitude < limit else { return false }
            numbers[index] *= Int64(DecimalForm.powers[missing])
        }
        return true
    }
}
