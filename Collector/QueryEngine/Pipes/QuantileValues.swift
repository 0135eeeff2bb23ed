internal import ByteCoding

/// The values of which a quantile is wanted. Integers, the usual case, take a word each and are not sorted.
struct QuantileValues: Sendable {
    private var integers: [Int64] = []
    private var empties = 0
    private var others: [[UInt8]] = []
    private var otherBytes = 0

    /// Bytes of memory.
    var memoryBytes: Int { integers.capacity * 8 + others.capacity * 8 + otherBytes }

    mutating func add(_ value: [UInt8]) {
        if value.isEmpty {
            empties += 1
        } else if let integer = Self.integer(value) {
            integers.append(integer)
        } else {
            others.append(value)
            otherBytes += value.count + 32
        }
    }

    /// Takes integers, and rows without a value.
    mutating func add(_ values: ArraySlice<Int64>, empties: Int) {
        integers.append(contentsOf: values)
        self.empties += empties
    }

    /// Takes the values of others, behind the own.
    mutating func add(_ values: QuantileValues) {
        integers.append(contentsOf: values.integers)
        empties += values.empties
        others.append(contentsOf: values.others)
        otherBytes += values.otherBytes
    }

    /// The value below which `part` of the values are, in the order of ``SortValue``; empty when there is none.
    mutating func quantile(_ part: Double) -> [UInt8] {
        let count = integers.count + empties + others.count
        if count == 0 { return [] }
        let index = min(Int(part * Double(count)), count - 1)
        if index < empties { return [] }
        if others.isEmpty { return Self.text(Self.select(index - empties, of: &integers)) }
        // Text lies anywhere between and behind the numbers.
        var sorted = others.map { (SortValue($0), $0) }
        sorted += integers.map { (.integer($0), Self.text($0)) }
        sorted.sort { $0.0 < $1.0 }
        return sorted[index - empties].1
    }

    /// The integer that a value is, if it would be written like this.
    private static func integer(_ value: [UInt8]) -> Int64? {
        let digits = value[0] == 0x2D ? value.dropFirst() : value[...]
        guard let first = digits.first, first != 0x30 || value.count == 1, digits.count <= 18 else { return nil }
        var magnitude: Int64 = 0
        for digit in digits {
            guard digit >= 0x30, digit <= 0x39 else { return nil }
            magnitude = magnitude * 10 + Int64(digit - 0x30)
        }
        return digits.count < value.count ? -magnitude : magnitude
    }

    private static func text(_ integer: Int64) -> [UInt8] { Array("\(integer)".utf8) }

    /// The number that would be at an index if all were sorted (Hoare, 1961). Where halving does not get on, it sorts.
    private static func select(_ index: Int, of numbers: inout [Int64]) -> Int64 {
        var low = 0
        var high = numbers.count - 1
        var patience = 4 * (Int.bitWidth - numbers.count.leadingZeroBitCount)
        while low < high {
            if patience == 0 {
                numbers[low...high].sort()
                break
            }
            patience -= 1
            let middle = low + (high - low) / 2
            let pivot = max(
                min(numbers[low], numbers[middle]), min(max(numbers[low], numbers[middle]), numbers[high]))
            var left = low
            var right = high
            while left <= right {
                while numbers[left] < pivot { left += 1 }
                while numbers[right] > pivot { right -= 1 }
                if left <= right {
                    numbers.swapAt(left, right)
                    left += 1
                    right -= 1
                }
            }
            if index <= right { high = right } else if index >= left { low = left } else { break }
        }
        return numbers[index]
    }
}
