import LogModel

/// Looks for a run of bytes in values, optionally not telling ASCII letters' case apart.
///
/// Eight places at a time are compared with the first and the last byte of what is looked for; only where both fit is
/// the rest compared. No allocation, whatever the value.
package struct ByteSearch: Sendable {
    /// What is looked for, folded to lower case if case is ignored.
    let needle: [UInt8]
    let ignoresCase: Bool
    private let first: UInt64
    private let last: UInt64
    /// Bits that turn upper case into lower case, in each byte of the words compared.
    private let firstFold: UInt64
    private let lastFold: UInt64

    /// Makes a search.
    ///
    /// - Precondition: `needle` is not empty.
    package init(_ needle: [UInt8], ignoringCase: Bool) {
        precondition(!needle.isEmpty, "an empty needle is everywhere")
        self.needle = ignoringCase ? needle.map { ByteSearch.folded($0) } : needle
        ignoresCase = ignoringCase
        let ones: UInt64 = 0x0101_0101_0101_0101
        let firstByte = self.needle[0]
        let lastByte = self.needle[self.needle.count - 1]
        first = ones &* UInt64(firstByte)
        last = ones &* UInt64(lastByte)
        firstFold = ignoringCase && ByteSearch.isLowerLetter(firstByte) ? ones &* 0x20 : 0
        lastFold = ignoringCase && ByteSearch.isLowerLetter(lastByte) ? ones &* 0x20 : 0
    }

    /// Whether `accept` says yes to any place where the needle is found.
    ///
    /// - Parameters:
    ///   - bytes: the value to search.
    ///   - accept: told the index where the needle starts.
    /// - Returns: false when the needle is not there, or `accept` refused each place.
    @inline(__always)
    package func contains(in bytes: UnsafeRawBufferPointer, where accept: (Int) -> Bool) -> Bool {
        guard let base = bytes.baseAddress, bytes.count >= needle.count else { return false }
        let length = needle.count
        let places = bytes.count - length + 1
        let ones: UInt64 = 0x0101_0101_0101_0101
        if places < 8 {
            for place in 0..<places where equals(base + place) && accept(place) { return true }
            return false
        }
        var place = 0
        while place < places {
            // The last eight places may overlap those before; looking at a place twice changes nothing.
            place = min(place, places - 8)
            // SAFETY: the second load ends at place + length + 7 <= places + length - 1 = bytes.count.
            let heads = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: place, as: UInt64.self))
            let tails = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: place + length - 1, as: UInt64.self))
            let difference = ((heads | firstFold) ^ first) | ((tails | lastFold) ^ last)
            // A bit for each byte of `difference` that is zero; bytes above a zero byte may be marked in error, which
            // the full comparison finds out.
            var zeros = (difference &- ones) & ~difference & 0x8080_8080_8080_8080
            while zeros != 0 {
                let candidate = place + zeros.trailingZeroBitCount >> 3
                if equals(base + candidate), accept(candidate) { return true }
                zeros &= zeros &- 1
            }
            place += 8
        }
        return false
    }

    /// Whether a value starts with the needle.
    func isPrefix(of bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress, bytes.count >= needle.count else { return false }
        return equals(base)
    }

    /// Whether the needle stands at `place`; as many bytes as the needle has can be read there.
    @inline(__always)
    private func equals(_ place: UnsafeRawPointer) -> Bool {
        needle.withUnsafeBufferPointer { needle in
            if ignoresCase {
                for index in needle.indices {
                    let byte = place.load(fromByteOffset: index, as: UInt8.self)
                    if ByteSearch.folded(byte) != needle[index] { return false }
                }
            } else {
                for index in needle.indices
                where place.load(fromByteOffset: index, as: UInt8.self) != needle[index] { return false }
            }
            return true
        }
    }

    @inline(__always)
    static func folded(_ byte: UInt8) -> UInt8 {
        byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
    }

    private static func isLowerLetter(_ byte: UInt8) -> Bool { byte >= 0x61 && byte <= 0x7A }
}
