internal import ByteCoding

/// How words become the keys of filters. The numbers are written into files and never change their meaning.
///
/// ASCII letters of either case have the same key, so that one filter answers tests with and without case. Words of
/// ASCII digits alone have no key: there are too many of them, and columns of numbers are quickly searched.
enum WordHash {
    /// Whose words a key is about.
    enum Salt {
        /// Words of the templates of messages.
        static let templates: UInt64 = 0x8CB9_2BA7_2F3D_8DD7
        /// Words of the variables of messages that are constants or dictionaries.
        static let dictionaries: UInt64 = 0x2545_F491_4F6C_DD1D
        /// Words of all other variables of messages, and of messages without templates.
        static let variables: UInt64 = 0xC2B2_AE3D_27D4_EB4F

        /// Words of a field.
        static func field(_ name: String) -> UInt64 {
            unsafe Array(name.utf8).withUnsafeBytes { unsafe hash64($0) }
        }
    }

    /// Bits that fold upper and lower case of ASCII letters together, and some bytes that are in no word of ASCII.
    private static let fold: UInt64 = 0x2020_2020_2020_2020

    /// Bytes of a word that make a key of their own, so that filters know of prefixes, too.
    static let prefixBytes = 3
    /// Turns the salt of words into that of their beginnings.
    private static let prefixSalt: UInt64 = 0x5851_F42D_4C95_7F2D

    /// The key of how a word begins; nil when it is shorter, or begins with digits alone.
    static func prefixKey(_ word: UnsafeRawBufferPointer, _ salt: UInt64) -> UInt64? {
        guard word.count >= prefixBytes else { return nil }
        return unsafe key(UnsafeRawBufferPointer(rebasing: word[..<prefixBytes]), salt ^ prefixSalt)
    }

    /// The key of a word; nil when it has none.
    static func key(_ word: UnsafeRawBufferPointer, _ salt: UInt64) -> UInt64? {
        if unsafe word.allSatisfy(DecimalForm.isDigit) { return nil }
        return unsafe hash(word, salt)
    }

    /// The key that tells of a word, or of all words that begin with it; nil when none does.
    static func key(_ word: [UInt8], isPrefix: Bool, _ salt: UInt64) -> UInt64? {
        unsafe word.withUnsafeBytes { unsafe isPrefix ? prefixKey($0, salt) : key($0, salt) }
    }

    /// The key of a word that is not of digits alone; never 0.
    @inline(__always)
    static func hash(_ word: UnsafeRawBufferPointer, _ salt: UInt64) -> UInt64 {
        let count = word.count
        var state = salt ^ UInt64(truncatingIfNeeded: count)
        var last: UInt64 = 0
        if count >= 8 {
            var index = 0
            while count - index > 8 {
                // SAFETY: more than eight bytes remain.
                state = unsafe mixed(
                    state ^ (UInt64(littleEndian: word.loadUnaligned(fromByteOffset: index, as: UInt64.self)) | fold))
                index += 8
            }
            // SAFETY: at least eight bytes; the load ends at the last byte.
            last = unsafe UInt64(littleEndian: word.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self))
        } else if count >= 4 {
            // SAFETY: four to seven bytes; the two loads overlap.
            let low = unsafe UInt32(littleEndian: word.loadUnaligned(as: UInt32.self))
            let high = unsafe UInt32(littleEndian: word.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
            last = UInt64(low) | UInt64(high) << 32
        } else if count > 0 {
            last = unsafe UInt64(word[0]) | UInt64(word[count / 2]) << 8 | UInt64(word[count - 1]) << 16
        }
        // Never 0, which stands for no key.
        return max(1, mixed(mixed(state ^ (last | fold))))
    }

    /// The two halves of a product of 128 bits, xored together.
    @inline(__always)
    private static func mixed(_ value: UInt64) -> UInt64 {
        let product = (value ^ 0xA076_1D64_78BD_642F).multipliedFullWidth(by: 0xE703_7ED1_A0B4_28DB)
        return product.low ^ product.high
    }
}
