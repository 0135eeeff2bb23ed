internal import ByteCoding
internal import LogModel

/// The distinct keys of the words of a block, while it is encoded: an open-addressed table. Memory is kept.
struct WordCollector: ~Copyable {
    /// The keys, each once, in the order in which they came.
    private(set) var keys = ReusableBuffer<UInt64>(capacity: 64)
    /// Keys, 0 where there is none; a power of two, at most half full.
    private var slots = ReusableBuffer<UInt64>(capacity: 1)
    private let isCollecting: Bool

    /// Makes a collector; one that `isCollecting` nothing takes words and forgets them.
    init(isCollecting: Bool = true) {
        self.isCollecting = isCollecting
        slots.fill(0, count: isCollecting ? 1 << 15 : 1)
    }

    mutating func removeAll() {
        keys.removeAll()
        // A block like the one before needs as many slots again.
        slots.fill(0, count: slots.count)
    }

    /// Adds all words of a value.
    mutating func add(wordsOf value: UnsafeRawBufferPointer, _ salt: UInt64) {
        guard isCollecting else { return }
        unsafe WordRule.forEachWord(in: value) { word in
            if let key = unsafe WordHash.key(word, salt) { unsafe insert(key, word, salt) }
        }
    }

    /// Adds all words of the values of a column.
    mutating func add(wordsOf column: borrowing ColumnBuilder, _ salt: UInt64) {
        unsafe column.bytes.withBytes { bytes in
            var offset = 0
            for length in column.lengths {
                unsafe add(
                    wordsOf: UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + Int(length))]), salt)
                offset += Int(length)
            }
        }
    }

    /// Adds the words of a column of variables.
    mutating func add(_ messages: MessageBytes, _ column: UnsafePointer<VariableValue>, _ rows: Int) {
        guard isCollecting else { return }
        for row in 0..<rows {
            let value = unsafe column[row]
            // Digits alone are in no filter, and other tokens of ASCII are one word.
            if value.classes == TokenClass.digit { continue }
            let bytes = unsafe messages.bytes(value)
            if value.classes & (TokenClass.wide | TokenClass.wholeMessage) == 0 {
                unsafe insert(WordHash.hash(bytes, WordHash.Salt.variables), bytes, WordHash.Salt.variables)
            } else {
                unsafe add(wordsOf: bytes, WordHash.Salt.variables)
            }
        }
    }

    /// Adds the key of a word, and that of how the word begins.
    @inline(__always)
    private mutating func insert(_ key: UInt64, _ word: UnsafeRawBufferPointer, _ salt: UInt64) {
        guard insert(key), let prefix = unsafe WordHash.prefixKey(word, salt) else { return }
        _ = insert(prefix)
    }

    /// Adds a key; false when it is there.
    @inline(__always)
    private mutating func insert(_ key: UInt64) -> Bool {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: key) & mask
        while slots[slot] != 0 {
            if slots[slot] == key { return false }
            slot = (slot + 1) & mask
        }
        slots[slot] = key
        keys.append(key)
        if keys.count * 2 > slots.count { grow() }
        return true
    }

    private mutating func grow() {
        let size = slots.count * 2
        slots.fill(0, count: size)
        for index in 0..<keys.count {
            var slot = Int(truncatingIfNeeded: keys[index]) & (size - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = keys[index]
        }
    }
}
