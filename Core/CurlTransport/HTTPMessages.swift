/// One HTTP request, sent by ``HTTPClient``.
package struct HTTPRequest {
    /// What the request carries.
    package enum Body {
        /// No body.
        case none
        /// Bytes the request owns.
        case bytes([UInt8])
        /// Somebody else's bytes, which must stay valid until the call returns; they are not copied.
        case borrowed(UnsafeRawBufferPointer)
    }

    /// `GET`, `POST`, ... in capitals.
    package var method: String
    /// An absolute http or https URL, already percent-encoded.
    package var url: String
    /// Header fields in order. A value must not contain line breaks (such a field makes the request invalid).
    package var headers: [(name: String, value: String)]
    /// What the request carries.
    package var body: Body
    /// The limit for resolving, connecting and the TLS handshake.
    package var connectTimeout: Duration = .seconds(5)
    /// The limit for the whole transfer; nil for streams without an end.
    package var totalTimeout: Duration? = .seconds(30)
    /// The longest time without a byte in either direction, in whole seconds; nil for no limit.
    package var idleTimeout: Duration?
    /// The most bytes of a response's body; beyond it the transfer ends with ``TransportError/Code/tooLarge``. In
    /// ``HTTPClient/stream(_:shouldContinue:onResponse:onBytes:)`` it bounds only the bodies of error responses.
    package var responseLimit: Int = 8 << 20
    /// Whether HTTP/2 is used with servers that know it, over TLS.
    package var prefersHTTP2 = false
    /// The most bytes a second that are sent, on average over the transfer; nil for no limit.
    package var sendRate: Int?

    /// Makes a request with the default limits.
    package init(
        method: String = "GET", url: String, headers: [(name: String, value: String)] = [], body: Body = .none
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}

/// What came back.
package struct HTTPResponse: Sendable {
    /// How long the parts of a transfer took, from the call on.
    package struct Timing: Sendable {
        /// Until the connection stood; zero when one was reused.
        package var connected: Duration = .zero
        /// Until the first byte of the response.
        package var firstByte: Duration = .zero
        /// Until the end.
        package var total: Duration = .zero
        /// Whether an earlier connection was used again.
        package var reusedConnection = false
    }

    /// The status code, 100...599.
    package var status: Int
    /// Header fields in the order they arrived, 64 KiB at most in all.
    package var headers: [(name: String, value: String)]
    /// The body; empty where the bytes were streamed to the caller.
    package var body: [UInt8]
    /// How long it took.
    package var timing: Timing

    /// Makes a response, as tests and fakes need.
    package init(
        status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = [], timing: Timing = Timing()
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.timing = timing
    }

    /// Whether the status is 200...299.
    package var isSuccess: Bool { (200...299).contains(status) }

    /// The first header field of that name, in any case, without surrounding blanks.
    package func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name.lowercased() == wanted }?.value
    }

    /// The body as text; invalid UTF-8 is repaired with U+FFFD.
    package var text: String { String(decoding: body, as: UTF8.self) }
}

/// What a consumer of streamed bytes wants next.
package enum StreamVerdict: Sendable, Equatable {
    /// Go on.
    case proceed
    /// End the transfer; the call returns normally.
    case stop
}
