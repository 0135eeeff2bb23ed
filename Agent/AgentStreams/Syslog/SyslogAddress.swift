import CSocketShims
import Glibc
import SystemIO

/// Where syslog is listened for.
package enum SyslogAddress: Sendable, Equatable, CustomStringConvertible {
    /// Datagrams.
    case udp(host: String, port: UInt16)
    /// Connections.
    case tcp(host: String, port: UInt16)
    /// Connections with TLS.
    case tls(host: String, port: UInt16)
    /// Datagrams to a socket in the file system.
    case unix(path: String)

    /// Reads `udp://0.0.0.0:514`, `tcp://[::]:601`, `tls://10.0.0.1:6514`, `unix:///run/lodge/log`; nil when it is none of
    /// these. Hosts are addresses: a name could mean several.
    package init?(_ text: String) {
        let pieces = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard pieces.count == 2, pieces[1].hasPrefix("//") else { return nil }
        let rest = pieces[1].dropFirst(2)
        if pieces[0] == "unix" {
            // An address of the kernel holds 107 bytes.
            guard rest.hasPrefix("/"), rest.utf8.count > 1, rest.utf8.count <= 107 else { return nil }
            self = .unix(path: String(rest))
            return
        }
        guard let colon = rest.lastIndex(of: ":"), let port = UInt16(rest[rest.index(after: colon)...]), port > 0
        else { return nil }
        var host = rest[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard lodge_is_address(String(host)) == 1 else { return nil }
        switch pieces[0] {
        case "udp": self = .udp(host: String(host), port: port)
        case "tcp": self = .tcp(host: String(host), port: port)
        case "tls": self = .tls(host: String(host), port: port)
        default: return nil
        }
    }

    /// What the stream is called.
    package var path: String { "syslog:\(description)" }

    /// Such as `udp:0.0.0.0:514`.
    package var description: String {
        switch self {
        case .udp(let host, let port): "udp:\(bracketed(host)):\(port)"
        case .tcp(let host, let port): "tcp:\(bracketed(host)):\(port)"
        case .tls(let host, let port): "tls:\(bracketed(host)):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    private func bracketed(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }
}

extension SyslogAddress {
    /// What went wrong when it was bound, for people.
    package func reason(_ code: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 128)
        _ = strerror_r(code, &buffer, buffer.count)
        let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let advice: String? =
            switch (self, code) {
            case (.unix(let path), EACCES), (.unix(let path), EPERM):
                "the agent's user may not make a socket in \(FileSystem.parent(of: path))"
            case (.unix, EADDRINUSE): "another program takes messages there, or a file has the name"
            case (.unix, ENOENT): "the directory of the socket is missing"
            case (.unix, EROFS): "the unit may write to its own directories only, such as that of RuntimeDirectory="
            case (_, EACCES), (_, EPERM): "ports below 1024 need AmbientCapabilities=CAP_NET_BIND_SERVICE"
            case (_, EADDRINUSE): "another program listens there"
            case (_, EADDRNOTAVAIL): "the machine does not have this address"
            default: nil
            }
        return advice.map { "\(text): \($0)" } ?? text
    }
}
