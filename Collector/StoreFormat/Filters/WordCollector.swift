internal import ByteCoding
internal import LogModel

/// The distinct keys of the words of a block, while it is encoded. Memory is kept: up to 12 bytes a key.
///
/// Keys are gathered as they come, but for those that came a moment ago; when half as many again have come as there are,
/// they are sorted into buckets and those that are there twice are dropped.
struct WordCollector: ~Copyable {
    /// Keys that came, some of them more than once.
    private var gathered = ReusableBuffer<UInt64>(capacity: 64)
    /// The last key that came of those with the same lowest bits; 0 for none.
    private var recent = ReusableBuffer<UInt64>(capacity: 1)
    private var buckets = KeyBuckets()
    /// The number of ``gathered`` keys at which those that are there twice are dropped.
    private var limit = Self.leastLimit
    private let isCollecting: Bool

    /// A quarter of a megabyte: it stays in the cache of a core.
    private static let recentKeys = 1 << 15
    private static let leastLimit = 1 << 17

    /// Makes a collector; one that `isCollecting` nothing takes words and forgets them.
    init(isCollecting: Bool = true) {
        self.isCollecting = isCollecting
        recent.fill(0, count: isCollecting ? Self.recentKeys : 1)
    }

    mutating func removeAll() {
        gathered.removeAll()
        limit = Self.leastLimit
        recent.fill(0, count: recent.count)
    }

    /// Lends the keys, each once.
    mutating func withKeys<Result>(_ body: (borrowing ReusableBuffer<UInt64>) -> Result) -> Result {
        buckets.dropRepeated(&gathered)
        return body(gathered)
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

    /// Adds a key; false when it came a moment ago.
    @inline(__always)
    private mutating func insert(_ key: UInt64) -> Bool {
        let slot = Int(truncatingIfNeeded: key) & (Self.recentKeys - 1)
        if recent[slot] == key { return false }
        recent[slot] = key
        if gathered.count == limit { settle() }
        gathered.append(key)
        return true
    }

    private mutating func settle() {
        buckets.dropRepeated(&gathered)
        limit = max(Self.leastLimit, gathered.count + gathered.count / 2)
    }
}
