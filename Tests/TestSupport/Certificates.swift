import SystemIO

/// An authority of its own with a certificate for 127.0.0.1 and one for a client, made by the `openssl` program.
package struct Certificates {
    /// A certificate and its key, paths of PEM files.
    package struct Pair: Sendable {
        package var certificate: String
        package var key: String
    }

    /// The authority's certificate.
    package let authority: String
    package let server: Pair
    package let client: Pair

    /// Makes them in a directory.
    package init(_ directory: String) throws {
        try FileSystem.createDirectory(directory)
        let openssl = "/usr/bin/openssl"
        func make(_ name: String, _ subject: String, _ more: [String]) throws -> Pair {
            let pair = Pair(certificate: "\(directory)/\(name).pem", key: "\(directory)/\(name).key")
            let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", pair.key]
            try runTool(
                [openssl, "req", "-x509", "-days", "2", "-subj", subject, "-out", pair.certificate] + key + more)
            return pair
        }
        let root = try make("authority", "/CN=Test authority", [])
        let signed = ["-CA", root.certificate, "-CAkey", root.key]
        authority = root.certificate
        server = try make("server", "/CN=server", signed + ["-addext", "subjectAltName=IP:127.0.0.1"])
        client = try make("client", "/CN=client", signed)
    }
}
