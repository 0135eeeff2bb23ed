/// A value in a query, such as a phrase to look for: any bytes, since `"\xff"` can spell any. Mostly UTF-8 text.
package struct QueryText: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The bytes, escapes decoded.
    package var bytes: [UInt8]

    /// Makes a value of bytes.
    package init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Makes a value of text.
    package init(_ text: String) {
        bytes = Array(text.utf8)
    }

    /// Makes a value of text.
    package init(stringLiteral text: String) {
        self.init(text)
    }

    /// Whether there are no bytes.
    package var isEmpty: Bool { bytes.isEmpty }

    /// The text; invalid UTF-8 becomes U+FFFD.
    package var description: String { String(decoding: bytes, as: UTF8.self) }

    /// The text, or nil when the bytes are no UTF-8.
    package var string: String? { String(validating: bytes, as: UTF8.self) }
}
