import LogModel

/// Looks for text beyond ASCII in values without telling upper case from lower case. Slower than ``ByteSearch``: every
/// scalar of the value is decoded.
struct FoldedSearch: Sendable {
    /// What is looked for, folded.
    private let needle: [Unicode.Scalar]

    /// - Precondition: `needle` is not empty.
    init(_ text: String) {
        needle = text.unicodeScalars.map { FoldedSearch.folded($0) }
        precondition(!needle.isEmpty, "an empty needle is everywhere")
    }

    /// Whether `accept` says yes to the start and end of any place where the text is found.
    func contains(in bytes: UnsafeRawBufferPointer, where accept: (Int, Int) -> Bool) -> Bool {
        var place = 0
        while place < bytes.count {
            guard let (scalar, length) = WordRule.scalar(at: place, in: bytes) else {
                place += 1
                continue
            }
            if FoldedSearch.folded(scalar) == needle[0], let end = end(ofMatchAt: place, in: bytes),
                accept(place, end)
            {
                return true
            }
            place += length
        }
        return false
    }

    private func end(ofMatchAt place: Int, in bytes: UnsafeRawBufferPointer) -> Int? {
        var index = place
        for wanted in needle {
            guard index < bytes.count, let (scalar, length) = WordRule.scalar(at: index, in: bytes),
                FoldedSearch.folded(scalar) == wanted
            else { return nil }
            index += length
        }
        return index
    }

    /// The scalar in lower case, where that is one scalar too.
    static func folded(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        if scalar.isASCII { return Unicode.Scalar(ByteSearch.folded(UInt8(truncatingIfNeeded: scalar.value))) }
        // The mapping fits the string's inline storage: no allocation.
        let mapping = scalar.properties.lowercaseMapping.unicodeScalars
        guard let first = mapping.first, mapping.index(after: mapping.startIndex) == mapping.endIndex else {
            return scalar
        }
        return first
    }
}
