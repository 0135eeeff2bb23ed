/// A text looked for within lines: plain, in either case unless it contains a capital.
package struct FindText: Sendable, Equatable {
    package let text: String
    package let ignoresCase: Bool
    /// The scalars to mark on the screen.
    package let scalars: [UInt32]
    private let needle: [UInt8]
    /// Whether the text stands in JSON as it stands on the screen, so that raw rows can be searched first.
    private let isPlain: Bool

    package init(_ text: String) {
        self.text = text
        ignoresCase = !text.contains { $0.isUppercase }
        scalars = text.unicodeScalars.map(\.value)
        needle = Array(ignoresCase ? text.lowercased().utf8 : text.utf8)
        isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C && $0 != 0x2F }
    }

    /// Whether a row of JSON may contain the text once it is read; false is certain.
    package func mayOccur(inJSON row: UnsafeRawBufferPointer) -> Bool {
        !isPlain || occurs(in: row)
    }

    /// Whether bytes contain the text. Cases are folded for ASCII letters.
    package func occurs(in bytes: UnsafeRawBufferPointer) -> Bool {
        guard let firstByte = needle.first, bytes.count >= needle.count else { return needle.isEmpty }
        let last = bytes.count - needle.count
        var index = 0
        while index <= last {
            if fold(bytes[index]) == firstByte {
                var matched = 1
                while matched < needle.count, fold(bytes[index + matched]) == needle[matched] { matched += 1 }
                if matched == needle.count { return true }
            }
            index += 1
        }
        return false
    }

    private func fold(_ byte: UInt8) -> UInt8 {
        ignoresCase && byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
    }
}
