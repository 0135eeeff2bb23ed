/// Names and values of a query string or of a body of type `application/x-www-form-urlencoded`.
package struct FormParameters: Sendable, Equatable {
    /// Parameters taken from one text at most; what is more is no request of a person or a dashboard.
    package static let maximumCount = 1_000

    private var pairs: [(name: String, value: String)] = []

    /// No parameters.
    package init() {}

    /// Decodes `a=b&c=d`: `+` is a space and `%41` a byte. A `%` without two hexadecimal digits stands for itself,
    /// invalid UTF-8 is repaired with U+FFFD, and pairs after the first ``maximumCount`` are left out.
    package init(_ text: some Collection<UInt8>) {
        for pair in text.split(separator: UInt8(ascii: "&")) {
            if pairs.count == Self.maximumCount { return }
            let cut = pair.firstIndex(of: UInt8(ascii: "="))
            let name = Self.decode(pair[..<(cut ?? pair.endIndex)])
            let value = cut.map { Self.decode(pair[pair.index(after: $0)...]) } ?? ""
            pairs.append((name, value))
        }
    }

    /// The value of the first pair with this name, or nil.
    package subscript(name: String) -> String? {
        pairs.first { $0.name == name }?.value
    }

    /// The values of all pairs with this name, in their order.
    package func all(_ name: String) -> [String] {
        pairs.filter { $0.name == name }.map(\.value)
    }

    /// The names of all pairs, in their order.
    package var names: [String] { pairs.map(\.name) }

    /// The parts of the value between commas, empty ones left out; nil when the parameter is missing or has none.
    package func list(_ name: String) -> [String]? {
        guard let value = self[name] else { return nil }
        let parts = value.split(separator: ",").map(String.init)
        return parts.isEmpty ? nil : parts
    }

    /// Adds the pairs of `other` behind these, so that these win.
    package mutating func append(_ other: FormParameters) {
        pairs.append(contentsOf: other.pairs.prefix(Self.maximumCount - pairs.count))
    }

    private static func decode(_ text: some Collection<UInt8>) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            let next = text.index(after: index)
            if byte == UInt8(ascii: "%"), text.distance(from: next, to: text.endIndex) >= 2,
                let high = hexValue(text[next]), let low = hexValue(text[text.index(after: next)])
            {
                bytes.append(high << 4 | low)
                index = text.index(next, offsetBy: 2)
                continue
            }
            bytes.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
            index = next
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }

    /// Equal when they have the same pairs in the same order.
    package static func == (left: FormParameters, right: FormParameters) -> Bool {
        left.pairs.elementsEqual(right.pairs, by: ==)
    }
}
