import COpenSSL
import Glibc

/// Why TLS cannot be offered, or a connection has failed.
package struct ServerTLSError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A sentence without a full stop.
    package var description: String
}

/// The files of a server that speaks TLS.
package struct ServerTLSFiles: Sendable, Equatable {
    /// PEM: the server's certificate, and those between it and the authority.
    package var certificate: String
    /// PEM: the key of it.
    package var key: String
    /// PEM: authorities of which clients must have a certificate; nil when they need none.
    package var clientAuthority: String?

    /// Names the files.
    package init(certificate: String, key: String, clientAuthority: String? = nil) {
        self.certificate = certificate
        self.key = key
        self.clientAuthority = clientAuthority
    }

    /// Tells whether the files are other ones than before, or have other content: device, inode, size and time of each.
    package var fingerprint: [UInt64] {
        [certificate, key, clientAuthority ?? certificate].flatMap { path -> [UInt64] in
            var status = stat()
            guard stat(path, &status) == 0 else { return [0] }
            return [
                UInt64(status.st_dev), UInt64(status.st_ino), UInt64(bitPattern: Int64(status.st_size)),
                UInt64(bitPattern: Int64(status.st_mtim.tv_sec)), UInt64(bitPattern: Int64(status.st_mtim.tv_nsec)),
            ]
        }
    }
}

/// What all connections of a server share: its certificate, and what it asks of clients. TLS 1.2 and newer.
///
/// One owner, one thread at a time. Connections keep what they need of it.
package final class ServerTLS {
    fileprivate let context: OpaquePointer

    /// Reads the files.
    ///
    /// - Throws: ``ServerTLSError`` that names the file.
    package init(_ files: ServerTLSFiles) throws(ServerTLSError) {
        ERR_clear_error()
        guard let context = SSL_CTX_new(TLS_server_method()), lodge_tls_prepare(context) == 1 else {
            throw ServerTLSError(description: "TLS cannot be set up: \(lastError())")
        }
        self.context = context
        guard SSL_CTX_use_certificate_chain_file(context, files.certificate) == 1 else {
            throw ServerTLSError(description: "the certificate \(files.certificate) cannot be used: \(lastError())")
        }
        guard SSL_CTX_use_PrivateKey_file(context, files.key, SSL_FILETYPE_PEM) == 1,
            SSL_CTX_check_private_key(context) == 1
        else { throw ServerTLSError(description: "the key \(files.key) cannot be used: \(lastError())") }
        guard let authority = files.clientAuthority else { return }
        guard SSL_CTX_load_verify_locations(context, authority, nil) == 1,
            let names = SSL_load_client_CA_file(authority)
        else { throw ServerTLSError(description: "the authority \(authority) cannot be used: \(lastError())") }
        SSL_CTX_set_client_CA_list(context, names)
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
    }

    deinit { SSL_CTX_free(context) }
}

/// One connection of a client that speaks TLS, over a socket that does not block and belongs to the caller.
///
/// Reading also does the handshake. SIGPIPE must be ignored.
package final class ServerTLSConnection {
    /// What an attempt to read gave.
    package enum Outcome: Sendable, Equatable {
        /// So many bytes, at least one.
        case bytes(Int)
        /// Nothing until the socket can be read.
        case wantsRead
        /// Nothing until the socket can be written to.
        case wantsWrite
        /// The client has ended the connection.
        case closed
        /// The connection is of no use any more.
        case failed(ServerTLSError)
    }

    private let connection: OpaquePointer

    /// Takes up a connection.
    ///
    /// - Throws: ``ServerTLSError`` when there is no memory for it.
    package init(_ server: ServerTLS, descriptor: Int32) throws(ServerTLSError) {
        guard let connection = SSL_new(server.context) else {
            throw ServerTLSError(description: "TLS cannot be set up: \(lastError())")
        }
        self.connection = connection
        guard SSL_set_fd(connection, descriptor) == 1 else {
            throw ServerTLSError(description: "TLS cannot be set up: \(lastError())")
        }
        SSL_set_accept_state(connection)
    }

    deinit { SSL_free(connection) }

    /// Whether the handshake is done.
    package var isEstablished: Bool { SSL_is_init_finished(connection) == 1 }

    /// Whether there are bytes that the socket does not tell of any more.
    package var hasMore: Bool { SSL_pending(connection) > 0 }

    /// Reads what there is.
    package func read(into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
        var error: Int32 = 0
        let count = lodge_tls_read(connection, buffer.baseAddress, Int32(clamping: buffer.count), &error)
        if count > 0 { return .bytes(Int(count)) }
        switch error {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_ZERO_RETURN: return .closed
        case SSL_ERROR_SYSCALL where ERR_peek_error() == 0: return .closed
        default: return .failed(failure())
        }
    }

    private func failure() -> ServerTLSError {
        let verified = SSL_get_verify_result(connection)
        if verified != Int(X509_V_OK), let text = X509_verify_cert_error_string(verified) {
            return ServerTLSError(description: "the client's certificate is refused: \(String(cString: text))")
        }
        return ServerTLSError(description: lastError())
    }
}

/// What the library says went wrong last, on this thread.
private func lastError() -> String {
    let code = ERR_get_error()
    ERR_clear_error()
    if code == 0 { return "no reason given" }
    if let reason = ERR_reason_error_string(code) { return String(cString: reason) }
    var buffer = [CChar](repeating: 0, count: 256)
    ERR_error_string_n(code, &buffer, buffer.count)
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
