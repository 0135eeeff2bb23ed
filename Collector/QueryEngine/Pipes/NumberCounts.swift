internal import ByteCoding
internal import StoreFormat

/// How often each number of a column came, and which came first.
struct NumberCounts {
    /// Numbers below this one have a place of their own, without hashing; those take 16 MiB at most.
    private static let directValues = 1 << 21

    /// What is known of a number: in the high 36 bits how often it came, in the low 28 the place of its first appearance
    /// among the distinct numbers. The bound on a query's memory keeps these far below 2^28. 0 for numbers that did not
    /// come. One word, so that a number costs one access to memory.
    private struct Tally {
        static let one: UInt64 = 1 << 28
        static func hits(_ word: UInt64) -> Int { Int(word >> 28) }
        static func place(_ word: UInt64) -> Int { Int(word & (one - 1)) }
    }

    /// How the numbers are spelled.
    let form: NumberForm
    /// How many distinct numbers there are, rows without one being one more.
    private(set) var count = 0
    private var direct: [UInt64] = []
    private var missing: UInt64 = 0
    /// The other numbers, open addressing: at most half of the slots are taken.
    private var keys = [Int64](repeating: 0, count: 1 << 8)
    private var tallies = [UInt64](repeating: 0, count: 1 << 8)
    private var hashed = 0

    init(_ form: NumberForm) {
        self.form = form
    }

    /// Bytes of memory.
    var memoryBytes: Int { (direct.count + tallies.count * 2) * 8 }

    /// Counts rows of a column.
    mutating func add(_ column: NumberColumn, _ rows: [Int]) {
        let (values, present) = (column.values.span, column.rows.words.span)
        for row in rows {
            if present[row >> 6] >> UInt64(row & 63) & 1 == 0 {
                add(missing: 1)
                continue
            }
            let value = values[row]
            if value >= 0, value < direct.count {
                Self.count(&direct[Int(value)], &count)
            } else {
                add(distant: value)
            }
        }
    }

    /// Counts rows that have no number.
    mutating func add(missing rows: Int) {
        guard rows > 0 else { return }
        Self.count(&missing, &count)
        missing &+= Tally.one &* UInt64(rows - 1)
    }

    /// Counts rows of a number.
    mutating func add(_ value: Int64, rows: Int) {
        guard rows > 0 else { return }
        if value < 0 || value >= Self.directValues {
            add(distant: value)
            tallies[slot(of: value)] &+= Tally.one &* UInt64(rows - 1)
        } else {
            if value >= direct.count { add(distant: value) } else { Self.count(&direct[Int(value)], &count) }
            direct[Int(value)] &+= Tally.one &* UInt64(rows - 1)
        }
    }

    /// Counts a number that has no place of its own, or not yet.
    private mutating func add(distant value: Int64) {
        if value >= 0, value < Self.directValues {
            let size = min(Self.directValues, max(Int(value) + 1, direct.count * 2, 1 << 10))
            direct.append(contentsOf: repeatElement(0, count: size - direct.count))
            Self.count(&direct[Int(value)], &count)
            return
        }
        let slot = slot(of: value)
        if tallies[slot] == 0 {
            keys[slot] = value
            hashed += 1
        }
        Self.count(&tallies[slot], &count)
        if hashed * 2 > tallies.count { grow() }
    }

    @inline(__always)
    private static func count(_ tally: inout UInt64, _ count: inout Int) {
        if tally == 0 {
            tally = UInt64(truncatingIfNeeded: count)
            count += 1
        }
        tally &+= Tally.one
    }

    /// The slot of a number, or the free one where it belongs.
    private func slot(of value: Int64) -> Int {
        var slot = Int(truncatingIfNeeded: (UInt64(bitPattern: value) &* 0x9E37_79B9_7F4A_7C15) >> 24)
        slot &= tallies.count - 1
        while tallies[slot] != 0, keys[slot] != value { slot = (slot + 1) & (tallies.count - 1) }
        return slot
    }

    private mutating func grow() {
        let (oldKeys, oldTallies) = (keys, tallies)
        keys = [Int64](repeating: 0, count: oldKeys.count * 2)
        tallies = [UInt64](repeating: 0, count: oldKeys.count * 2)
        for index in oldKeys.indices where oldTallies[index] != 0 {
            let slot = slot(of: oldKeys[index])
            keys[slot] = oldKeys[index]
            tallies[slot] = oldTallies[index]
        }
    }

    /// A number and what is known of it.
    struct Entry {
        fileprivate var tally: UInt64 = 0
        fileprivate var value: Int64 = 0

        /// How often it came.
        var hits: Int { Tally.hits(tally) }
    }

    /// The text of an entry; nil for rows without a number.
    func text(of entry: Entry) -> [UInt8]? {
        if missing != 0, Tally.place(entry.tally) == Tally.place(missing) { return nil }
        var text = ByteWriter(capacity: 32)
        form.write(entry.value, to: &text)
        return text.array()
    }

    private func forEach(_ body: (Entry) -> Void) {
        if missing != 0 { body(Entry(tally: missing)) }
        for (value, tally) in direct.enumerated() where tally != 0 { body(Entry(tally: tally, value: Int64(value))) }
        for (slot, tally) in tallies.enumerated() where tally != 0 { body(Entry(tally: tally, value: keys[slot])) }
    }

    /// All, in the order of first appearance.
    func entries() -> [Entry] {
        var ordered = [Entry](repeating: Entry(), count: count)
        forEach { ordered[Tally.place($0.tally)] = $0 }
        return ordered
    }

    /// Those that came most often, and among equals those that came first.
    func mostFrequent(_ count: Int) -> ArraySlice<Entry> {
        var rank = HitRank()
        forEach { rank.add($0.hits) }
        let least = rank.least(count)
        var best: [Entry] = []
        forEach { if $0.hits >= least { best.append($0) } }
        best.sort { $0.hits != $1.hits ? $0.hits > $1.hits : Tally.place($0.tally) < Tally.place($1.tally) }
        return best.prefix(count)
    }
}
