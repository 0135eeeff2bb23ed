/// Where a collector is.
package struct CollectorAddress: Sendable, Equatable {
    /// The URL without a slash at its end.
    package let base: String
    /// Host and port, for people.
    package let place: String

    /// Reads `http://host:port` or `https://...`; a bare `host:port` means http.
    ///
    /// - Returns: nil for another scheme, an empty host, or blanks.
    package init?(_ text: String) {
        var url = text
        if !url.contains("://") { url = "http://" + url }
        while url.hasSuffix("/") { url.removeLast() }
        guard url.hasPrefix("http://") || url.hasPrefix("https://"), !url.contains(where: \.isWhitespace) else {
            return nil
        }
        var rest = url.dropFirst(url.hasPrefix("https") ? 8 : 7).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        // A password in the URL is for the server, not for the screen.
        if let at = rest.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
        guard !rest.isEmpty, !rest.hasPrefix(":") else { return nil }
        base = url
        place = String(rest)
    }
}

/// Percent-encodes a value of a query string: everything but the unreserved characters of RFC 3986.
func percentEncoded(_ text: String) -> String {
    var out = ""
    for byte in text.utf8 {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
            out.unicodeScalars.append(Unicode.Scalar(byte))
        default:
            let digits = String(byte, radix: 16, uppercase: true)
            out += "%" + (digits.count < 2 ? "0" : "") + digits
        }
    }
    return out
}
