/// The name of an object in a store: parts joined by `/`.
///
/// A part is 1 to 200 letters and digits of ASCII, `.`, `_` and `-`, and does not begin with a dot. So a key is a
/// relative path that stays below where it starts on any file system, and needs no escaping in a URL.
package struct ObjectKey: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The longest key in bytes.
    package static let maxBytes = 800
    /// The longest part in bytes.
    package static let maxPartBytes = 200

    /// The key as it is written.
    package let text: String

    /// Reads a key; nil when the text is none.
    package init?(_ text: String) {
        guard !text.isEmpty, text.utf8.count <= Self.maxBytes,
            text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy(Self.isPart)
        else { return nil }
        self.text = text
    }

    /// The parts, from the left.
    package var parts: [Substring] { text.split(separator: "/") }

    /// The key as it is written.
    package var description: String { text }

    /// By bytes, the order in which stores list.
    package static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    private static func isPart(_ part: Substring.UTF8View) -> Bool {
        guard let first = part.first, first != UInt8(ascii: "."), part.count <= maxPartBytes else { return false }
        return part.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }
}
