internal import ByteCoding
internal import LogModel

/// The words of some numbered texts of a directory, in order: finds a word, or all words that begin with some letters,
/// without looking at the texts.
struct TermIndex: Sendable {
    /// The first eight bytes of each word, upper case folded to lower case, the first in the highest byte; ascending.
    private var keys: [UInt64] = []
    /// Where each word is spelled in the directory.
    private var texts: [ByteRange] = []
    /// Where the places of each word begin in ``places``, and one more.
    private var firstPlaces: [UInt32] = [0]
    /// Numbers of the texts that have it.
    private var places: [UInt32] = []

    /// The words of templates.
    init(templates: [ByteRange], _ bytes: UnsafeRawBufferPointer) {
        var builder = Builder()
        for (number, text) in templates.enumerated() { unsafe builder.add(text, number, bytes) }
        finish(builder)
    }

    /// The words of constants and dictionaries, by the numbers of their columns.
    init(columns directory: TemplateDirectory, _ bytes: UnsafeRawBufferPointer) {
        var builder = Builder()
        for (number, column) in directory.columns.enumerated() {
            switch column.kind {
            case .constant: unsafe builder.add(ByteRange(offset: column.first, length: column.second), number, bytes)
            case .dictionary:
                for entry in column.first..<(column.first + column.second) {
                    unsafe builder.add(directory.entries[entry], number, bytes)
                }
            default: break
            }
        }
        finish(builder)
    }

    private mutating func finish(_ builder: Builder) {
        // Words that agree in their first eight bytes may stand in any order.
        let order = builder.keys.indices.sorted { builder.keys[$0] < builder.keys[$1] }
        keys = order.map { builder.keys[$0] }
        texts = order.map { builder.texts[$0] }
        var rank = [UInt32](repeating: 0, count: order.count)
        firstPlaces.reserveCapacity(order.count + 1)
        for (position, term) in order.enumerated() {
            rank[term] = UInt32(truncatingIfNeeded: position)
            firstPlaces.append(firstPlaces[position] + builder.counts[term])
        }
        var next = firstPlaces
        places = [UInt32](repeating: 0, count: builder.found.count)
        for (term, place) in builder.found {
            let position = Int(rank[Int(term)])
            places[Int(next[position])] = place
            next[position] += 1
        }
    }

    /// Bytes of memory.
    var memoryBytes: Int { keys.count * 20 + places.count * 4 }

    /// Calls `body` with the number of each text that has a word; a number may come more than once.
    func forEachPlace(of word: MessageWord, in bytes: UnsafeRawBufferPointer, _ body: (Int) -> Void) {
        let wanted = unsafe word.bytes.withUnsafeBytes { unsafe Self.key($0) }
        let known = min(8, word.bytes.count)
        let mask = known == 0 ? 0 : UInt64.max << UInt64(64 - known * 8)
        var index = firstIndex(notBelow: wanted)
        while index < keys.count, keys[index] & mask == wanted {
            let text = texts[index]
            let term = unsafe UnsafeRawBufferPointer(rebasing: bytes[Int(text.offset)..<text.end])
            if unsafe Self.isFound(word, term) {
                for place in places[Int(firstPlaces[index])..<Int(firstPlaces[index + 1])] {
                    body(Int(place))
                }
            }
            index += 1
        }
    }

    private func firstIndex(notBelow key: UInt64) -> Int {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func isFound(_ word: MessageWord, _ term: UnsafeRawBufferPointer) -> Bool {
        guard word.isPrefix ? term.count >= word.bytes.count : term.count == word.bytes.count else { return false }
        for (index, byte) in word.bytes.enumerated() {
            let other = unsafe term[index]
            if byte != other, !word.ignoresCase || folded(byte) != folded(other) { return false }
        }
        return true
    }

    private static func folded(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }

    private static func key(_ word: UnsafeRawBufferPointer) -> UInt64 {
        var key: UInt64 = 0
        for index in 0..<min(8, word.count) {
            key |= unsafe UInt64(folded(word[index])) << UInt64(56 - index * 8)
        }
        return key
    }

    /// Words in the order of their first appearance, and what was found of each.
    private struct Builder {
        var keys: [UInt64] = []
        var texts: [ByteRange] = []
        var counts: [UInt32] = []
        var found: [(term: UInt32, place: UInt32)] = []
        private var lastPlaces: [UInt32] = []
        private var hashes: [UInt64] = []
        private var slots = [UInt32](repeating: .max, count: 1 << 12)

        mutating func add(_ text: ByteRange, _ number: Int, _ bytes: UnsafeRawBufferPointer) {
            let place = UInt32(truncatingIfNeeded: number)
            guard let base = bytes.baseAddress else { return }
            let content = unsafe UnsafeRawBufferPointer(rebasing: bytes[Int(text.offset)..<text.end])
            unsafe WordRule.forEachWord(in: content) { word in
                guard let start = word.baseAddress else { return }
                let range = ByteRange(offset: unsafe start - base, length: word.count)
                let term = unsafe self.number(of: word, range, bytes)
                // Places ascend.
                if counts[term] > 0, lastPlaces[term] == place { return }
                lastPlaces[term] = place
                counts[term] += 1
                found.append((UInt32(truncatingIfNeeded: term), place))
            }
        }

        private mutating func number(
            of word: UnsafeRawBufferPointer, _ range: ByteRange, _ bytes: UnsafeRawBufferPointer
        ) -> Int {
            let hash = unsafe hash64(word)
            var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
            while slots[slot] != .max {
                let known = Int(slots[slot])
                if hashes[known] == hash, texts[known].length == range.length,
                    unsafe word.elementsEqual(bytes[Int(texts[known].offset)..<texts[known].end])
                {
                    return known
                }
                slot = (slot + 1) & (slots.count - 1)
            }
            slots[slot] = UInt32(truncatingIfNeeded: hashes.count)
            hashes.append(hash)
            keys.append(unsafe TermIndex.key(word))
            texts.append(range)
            counts.append(0)
            lastPlaces.append(0)
            if hashes.count * 2 > slots.count { grow() }
            return hashes.count - 1
        }

        private mutating func grow() {
            slots = [UInt32](repeating: .max, count: slots.count * 2)
            for (number, hash) in hashes.enumerated() {
                var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
                while slots[slot] != .max { slot = (slot + 1) & (slots.count - 1) }
                slots[slot] = UInt32(truncatingIfNeeded: number)
            }
        }
    }
}
