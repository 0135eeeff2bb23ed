/// Files that a client's TLS connections are made with; each may be absent. They are read for each new connection.
package struct TLSFiles: Sendable, Equatable {
    /// Certificates of the authorities that are trusted, PEM; nil for those of the system.
    package var authorities: String?
    /// The client's certificate with its chain, PEM.
    package var certificate: String?
    /// The key of the certificate, PEM; nil when it is in the certificate's file.
    package var key: String?

    /// Names the files.
    package init(authorities: String? = nil, certificate: String? = nil, key: String? = nil) {
        self.authorities = authorities
        self.certificate = certificate
        self.key = key
    }

    /// The paths that are set.
    package var paths: [String] { [authorities, certificate, key].compactMap { $0 } }
}
