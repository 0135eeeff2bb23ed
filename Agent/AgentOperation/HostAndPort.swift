/// A host, by its name or address, and a port.
package struct HostAndPort: Sendable, Equatable {
    /// The host, without brackets; empty where none is named.
    package let host: String
    /// The port.
    package let port: UInt16

    /// Reads `127.0.0.1:7601`, `[::1]:7601`, `localhost:7601` or `:7601`; nil when it is none of these.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        self.host = String(host)
        self.port = port
    }
}
