import CCurl

/// What libcurl's callbacks fill in during one transfer. Touched only by the thread that drives the transfer.
final class Transfer {
    /// All header lines of a response together.
    static let headerLimit = 64 << 10

    var status = 0
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []
    var headerBytes = 0
    let responseLimit: Int
    let onResponse: ((HTTPResponse) -> StreamVerdict)?
    let onBytes: ((UnsafeRawBufferPointer) -> StreamVerdict)?
    /// Why a callback refused more, if one did.
    var refusal: Refusal?
    private var announced = false

    enum Refusal { case stopped, tooLarge }

    init(
        responseLimit: Int, onResponse: ((HTTPResponse) -> StreamVerdict)? = nil,
        onBytes: ((UnsafeRawBufferPointer) -> StreamVerdict)? = nil
    ) {
        self.responseLimit = responseLimit
        self.onResponse = onResponse
        self.onBytes = onBytes
    }

    /// Takes one header line; returns whether to go on.
    func header(_ line: UnsafeRawBufferPointer) -> Bool {
        headerBytes += line.count
        if headerBytes > Transfer.headerLimit {
            refusal = .tooLarge
            return false
        }
        let text = trimmed(line[...])
        if text.starts(with: "HTTP/".utf8) {
            // A new status line: what came before belonged to an interim response (100, 103).
            status = 0
            headers.removeAll()
            let parts = String(decoding: text, as: UTF8.self).split(separator: " ")
            if parts.count > 1 { status = Int(parts[1]) ?? 0 }
        } else if let colon = text.firstIndex(of: UInt8(ascii: ":")) {
            let name = String(decoding: text[..<colon], as: UTF8.self)
            let value = String(decoding: trimmed(text[(colon + 1)...]), as: UTF8.self)
            headers.append((name, value))
        } else if text.isEmpty, onBytes != nil, status >= 200 {
            return announce()
        }
        return true
    }

    /// Tells the caller of a stream, once, that the response began.
    private func announce() -> Bool {
        guard !announced, let onResponse else { return true }
        announced = true
        if onResponse(HTTPResponse(status: status, headers: headers)) == .stop {
            refusal = .stopped
            return false
        }
        return true
    }

    /// Takes bytes of the body; returns whether to go on.
    func content(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if let onBytes, (200...299).contains(status) {
            if onBytes(bytes) == .stop {
                refusal = .stopped
                return false
            }
            return true
        }
        if body.count + bytes.count > responseLimit {
            refusal = .tooLarge
            return false
        }
        body.append(contentsOf: bytes)
        return true
    }

    private func trimmed(_ bytes: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
        var rest = bytes
        while let first = rest.first, first == 0x20 || first == 0x09 { rest = rest.dropFirst() }
        while let last = rest.last, last == 0x20 || last == 0x09 || last == 0x0D || last == 0x0A {
            rest = rest.dropLast()
        }
        return rest
    }
}

/// libcurl hands over header lines here; returning another number than it gave ends the transfer.
let headerSink: lodge_curl_sink = { bytes, size, count, context in
    guard let bytes, let context else { return 0 }
    let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    let taken = transfer.header(UnsafeRawBufferPointer(start: bytes, count: size * count))
    return taken ? size * count : 0
}

/// libcurl hands over parts of the body here.
let contentSink: lodge_curl_sink = { bytes, size, count, context in
    guard let context else { return 0 }
    guard let bytes, size * count > 0 else { return size * count }
    let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    return transfer.content(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
}
