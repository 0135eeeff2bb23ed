/// Why a request got no response. A response with status 4xx or 5xx is a response, not an error.
package struct TransportError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of failure it was; the caller chooses by it whether another try makes sense.
    package enum Code: Sendable, Equatable {
        /// The URL cannot be used: not http or https, or malformed. Trying again cannot help.
        case invalidRequest
        /// The host's name has no address (or the resolver does not answer).
        case cannotResolve
        /// Nobody accepted the connection.
        case cannotConnect
        /// A connect, idle or total time limit passed.
        case timeout
        /// The TLS handshake failed, or the certificate was refused.
        case tls
        /// The caller's `shouldContinue` or ``TransferCancellation/cancel()`` ended the transfer.
        case cancelled
        /// The response was larger than the request allows.
        case tooLarge
        /// The connection broke: closed, reset, or the answer was not HTTP.
        case interrupted
        /// Anything else; the message has libcurl's words.
        case other
    }

    /// What kind of failure it was.
    package var code: Code
    /// What was tried and what went wrong, as a sentence without a full stop.
    package var message: String

    /// Makes an error.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    package var description: String { message }
}
