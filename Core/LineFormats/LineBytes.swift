/// A line's bytes, read without running off its end: past it there are only zeros, which match nothing.
@safe
struct LineBytes {
    private let base: UnsafeRawBufferPointer
    let count: Int

    init(_ bytes: UnsafeRawBufferPointer) {
        unsafe base = bytes
        count = bytes.count
    }

    subscript(_ index: Int) -> UInt8 {
        // SAFETY: the index is checked here.
        index >= 0 && index < count ? unsafe base[index] : 0
    }

    func isDigit(_ index: Int) -> Bool { self[index] &- 0x30 < 10 }

    func isLetter(_ index: Int) -> Bool { (self[index] | 0x20) &- 0x61 < 26 }

    /// The number of exactly `width` digits at `index`, or -1.
    func number(_ index: Int, _ width: Int) -> Int {
        var value = 0
        for place in index..<(index + width) {
            let digit = self[place] &- 0x30
            if digit > 9 { return -1 }
            value = value * 10 + Int(digit)
        }
        return value
    }

    /// The first index from `index` on that is no digit.
    func endOfDigits(_ index: Int) -> Int {
        var end = index
        while isDigit(end) { end += 1 }
        return end
    }

    /// The first index from `index` on that is neither blank nor tab.
    func endOfBlanks(_ index: Int) -> Int {
        var end = index
        while self[end] == 0x20 || self[end] == 0x09 { end += 1 }
        return end
    }

    /// The bytes of a range within the line.
    func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(rebasing: base[range])
    }
}
