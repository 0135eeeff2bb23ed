import ByteCoding
import LineFormats

/// Bodies of the plain REST API, `{"message":...,"level":...,"source":...,"metadata":{...}}`, told in the form of
/// `/v1/ingest`: `source` is the service, `metadata` is `meta`.
enum PlainBody {
    private static let names = ["source": "service", "metadata": "meta"]

    /// The document that `/v1/ingest` takes. Entries of an array that are no objects are passed on, to be rejected by
    /// themselves.
    ///
    /// - Parameters:
    ///   - body: one event, or an array of them.
    ///   - isBatch: which of these it must be.
    /// - Returns: the document.
    /// - Throws: ``Problem`` with the place, when it is neither.
    static func document(of body: UnsafeRawBufferPointer, isBatch: Bool) throws(Problem) -> [UInt8] {
        do throws(JSONError) {
            var writer = ByteWriter(capacity: body.count + body.count / 8 + 64)
            writer.append(utf8: #"{"logs":["#)
            var scanner = JSONScanner(body)
            let kind = try scanner.peek()
            guard kind == (isBatch ? .array : .object) else {
                throw JSONError(
                    offset: scanner.offset,
                    message: isBatch
                        ? "an array of events is needed: one alone goes to /api/v1/logs"
                        : "an object is needed: several events go to /api/v1/logs/batch")
            }
            if isBatch {
                try scanner.beginArray()
                var isFirst = true
                while try scanner.nextElement(isFirst: isFirst) {
                    if !isFirst { writer.append(0x2C) }
                    isFirst = false
                    if try scanner.peek() == .object {
                        _ = try event(&scanner, &writer)
                    } else {
                        writer.append(contentsOf: try scanner.skipValue())
                    }
                }
            } else {
                let start = scanner.offset
                guard try event(&scanner, &writer) else {
                    throw JSONError(offset: start, message: "the event has no `message`", kind: .value)
                }
            }
            try scanner.expectEnd()
            writer.append(utf8: "]}")
            return writer.array()
        } catch {
            throw .badJSON(error, in: Array(body))
        }
    }

    /// - Returns: whether the event has a message.
    private static func event(_ scanner: inout JSONScanner, _ writer: inout ByteWriter) throws(JSONError) -> Bool {
        var hasMessage = false
        var isFirst = true
        try scanner.beginObject()
        writer.append(0x7B)
        while let key = try scanner.nextKey(isFirst: isFirst) {
            if !isFirst { writer.append(0x2C) }
            isFirst = false
            writer.append(0x22)
            if let name = names.first(where: { key.raw.elementsEqual($0.key.utf8) })?.value {
                writer.append(utf8: name)
            } else {
                writer.append(contentsOf: key.raw)
                hasMessage = hasMessage || key.raw.elementsEqual("message".utf8) || key.raw.elementsEqual("msg".utf8)
            }
            writer.append(utf8: "\":")
            writer.append(contentsOf: try scanner.skipValue())
        }
        writer.append(0x7D)
        return hasMessage
    }
}
