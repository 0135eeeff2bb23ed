import LogModel

/// Finds where a phrase stands in a value, with no word going on at its ends.
struct PhraseFinder: Sendable {
    private let search: ByteSearch?
    private let boundsStart: Bool
    private let boundsEnd: Bool

    init(_ phrase: QueryText) {
        search = phrase.isEmpty ? nil : ByteSearch(phrase.bytes, ignoringCase: false)
        (boundsStart, boundsEnd) = phrase.bytes.withUnsafeBytes { bytes in
            bytes.count == 0
                ? (false, false) : (WordRule.isWord(at: 0, in: bytes), WordRule.isWord(before: bytes.count, in: bytes))
        }
    }

    /// The first index behind the first place; nil when the phrase is not there. Nothing is found at the start.
    func end(in bytes: UnsafeRawBufferPointer) -> Int? {
        guard let search else { return 0 }
        var end: Int?
        let length = search.needle.count
        _ = search.contains(in: bytes) { start in
            if boundsStart, start > 0, WordRule.isWord(before: start, in: bytes) { return false }
            if boundsEnd, start + length < bytes.count, WordRule.isWord(at: start + length, in: bytes) { return false }
            end = start + length
            return true
        }
        return end
    }
}
