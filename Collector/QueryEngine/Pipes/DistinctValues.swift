internal import ByteCoding
internal import StoreFormat

/// Distinct values that are counted. As long as numbers come in one form, these are kept as numbers, and texts that are
/// spelled in this form with them: exact, whatever comes in which order.
struct DistinctValues {
    private var texts: Set<[UInt8]> = []
    private var textBytes = 0
    private var numbers = NumberSet()
    /// How ``numbers`` are spelled; nil before the first.
    private var form: NumberForm?

    /// How many there are.
    var count: Int { texts.count + numbers.count }
    /// Bytes of memory.
    var memoryBytes: Int { textBytes + numbers.memoryBytes }

    /// Puts a text in.
    mutating func insert(_ text: [UInt8]) {
        if let form, let number = text.withUnsafeBytes({ form.number(of: $0) }) {
            numbers.insert(number)
        } else if texts.insert(text).inserted {
            textBytes += text.count + 48
        }
    }

    /// Puts numbers in.
    ///
    /// - Parameters:
    ///   - values: the numbers.
    ///   - form: how they are spelled.
    ///   - limit: at how many distinct values it ends.
    mutating func insert(_ values: ArraySlice<Int64>, _ form: NumberForm, limit: Int) {
        if self.form == nil { begin(form) }
        guard self.form == form else {
            for value in values where count < limit {
                var text = ByteWriter(capacity: 40)
                form.write(value, to: &text)
                insert(text.array())
            }
            return
        }
        if limit == .max { return numbers.insert(values) }
        for value in values where count < limit { numbers.insert(value) }
    }

    /// From now on numbers are kept as such, those that came as text among them.
    private mutating func begin(_ form: NumberForm) {
        self.form = form
        let old = texts
        texts = []
        textBytes = 0
        for text in old { insert(text) }
    }
}

/// A set of integers: open addressing, or one bit for each number where they are dense enough for that to be less.
struct NumberSet {
    /// How many there are.
    private(set) var count = 0
    /// A bit for each number from 0 on.
    private var bits: [UInt64] = []
    /// The others; at most half of the slots are taken. 0 marks a free one, so that it is kept apart.
    private var slots: [Int64] = []
    private var taken = 0
    private var hasZero = false
    private var largest: Int64 = 0

    /// Bytes of memory.
    var memoryBytes: Int { (bits.count + slots.count) * 8 }

    mutating func insert(_ values: ArraySlice<Int64>) {
        for value in values { insert(value) }
    }

    @inline(__always)
    mutating func insert(_ value: Int64) {
        let word = Int(truncatingIfNeeded: value >> 6)
        if value >= 0, word < bits.count {
            let bit: UInt64 = 1 << UInt64(truncatingIfNeeded: value & 63)
            if bits[word] & bit == 0 {
                bits[word] |= bit
                count += 1
            }
        } else {
            insert(distant: value)
        }
    }

    private mutating func insert(distant value: Int64) {
        if value == 0 {
            if !hasZero { count += 1 }
            hasZero = true
            return
        }
        if taken * 2 >= slots.count {
            grow()
            if value >= 0, value >> 6 < bits.count { return insert(value) }
        }
        let slot = slot(of: value)
        if slots[slot] == value { return }
        slots[slot] = value
        taken += 1
        count += 1
        largest = max(largest, value)
    }

    /// The slot of a number, or the free one where it belongs.
    private func slot(of value: Int64) -> Int {
        var slot = Int(truncatingIfNeeded: (UInt64(bitPattern: value) &* 0x9E37_79B9_7F4A_7C15) >> 24)
        slot &= slots.count - 1
        while slots[slot] != 0, slots[slot] != value { slot = (slot + 1) & (slots.count - 1) }
        return slot
    }

    /// Makes room: bits for all numbers up to the largest if they take no more memory than twice the slots.
    private mutating func grow() {
        let old = slots
        let words = Int(clamping: largest >> 6) + 1
        taken = 0
        if !old.isEmpty, words <= old.count * 2, words > bits.count {
            bits.append(contentsOf: repeatElement(0, count: max(words, bits.count * 2) - bits.count))
            if hasZero {
                bits[0] |= 1
                hasZero = false
            }
            slots = [Int64](repeating: 0, count: 16)
            count -= old.count { $0 != 0 }
            largest = 0
            for value in old where value != 0 { insert(value) }
            return
        }
        slots = [Int64](repeating: 0, count: max(16, old.count * 2))
        for value in old where value != 0 {
            slots[slot(of: value)] = value
            taken += 1
        }
    }
}
