import ByteCoding
import LineFormats
import LogModel

/// Decodes `{"source":{...},"logs":[...]}`.
///
/// A fault of the document as a whole refuses it; an entry of `logs` that is JSON but no event is rejected alone.
struct JSONBodyDecoder {
    /// Which members of an entry of `logs` have a meaning.
    let keys: JSONEventDecoder.Keys
    let limits: IngestLimits
    let arrival: Timestamp

    /// - Parameters:
    ///   - content: the document.
    ///   - builder: builds the batch; what it holds is forgotten.
    ///   - rejections: gets the events that are not taken.
    /// - Returns: the batch.
    /// - Throws: ``IngestProblem`` with the place.
    func decode(
        _ content: UnsafeRawBufferPointer, with builder: inout EventBatchBuilder, rejections: inout Rejections
    ) throws(IngestProblem) -> EventBatch {
        do {
            return try batch(content, &builder, &rejections)
        } catch let problem as IngestProblem {
            throw problem
        } catch let error as JSONError {
            throw IngestProblem(
                .malformed, "the body is not the JSON expected: \(error.message)",
                place: .init(offset: error.offset, in: content))
        } catch {
            throw IngestProblem(.malformed, "the body cannot be read: \(error)")
        }
    }

    private func batch(
        _ content: UnsafeRawBufferPointer, _ builder: inout EventBatchBuilder, _ rejections: inout Rejections
    ) throws -> EventBatch {
        var labels: [StreamIdentity.Label] = []
        var result: EventBatch?
        // `logs` may stand before `source`, which its events need: then it is passed over and read at the end.
        var postponed: JSONScanner?
        var hasSource = false
        var scanner = JSONScanner(content)
        guard try scanner.peek() == .object else {
            throw JSONError(offset: scanner.offset, message: "an object with `source` and `logs` is needed")
        }
        try scanner.beginObject()
        var isFirst = true
        while let key = try scanner.nextKey(isFirst: isFirst) {
            isFirst = false
            let kind = try scanner.peek()
            if key.raw.elementsEqual("source".utf8) {
                guard kind == .object else { throw wrong("source", "an object", content, scanner.offset) }
                let offset = scanner.offset
                labels = try self.labels(JSONValue(from: &scanner), content, offset)
                hasSource = true
            } else if key.raw.elementsEqual("logs".utf8) {
                guard kind == .array else { throw wrong("logs", "an array", content, scanner.offset) }
                // The events of one of them would be lost.
                guard result == nil, postponed == nil else {
                    throw IngestProblem(
                        .malformed, "the body has `logs` twice: send all events in one array",
                        place: .init(offset: scanner.offset, in: content), field: "logs")
                }
                if hasSource {
                    result = try events(&scanner, labels, &builder, &rejections)
                } else {
                    postponed = scanner
                    _ = try scanner.skipValue()
                }
            } else {
                _ = try scanner.skipValue()
            }
        }
        try scanner.expectEnd()
        if var logs = postponed, result == nil { result = try events(&logs, labels, &builder, &rejections) }
        guard let result else {
            throw IngestProblem(
                .malformed, "the body has no `logs`: send {\"source\":{...},\"logs\":[...]}", field: "logs")
        }
        return result
    }

    private func wrong(
        _ field: String, _ wanted: String, _ content: UnsafeRawBufferPointer, _ offset: Int
    ) -> IngestProblem {
        IngestProblem(
            .malformed, "`\(field)` must be \(wanted)", place: .init(offset: offset, in: content), field: field)
    }

    private func labels(
        _ source: JSONValue, _ content: UnsafeRawBufferPointer, _ offset: Int
    ) throws -> [StreamIdentity.Label] {
        let members = source.members ?? []
        // Events may bring labels of their own beside these.
        let limit = IngestLimits.streamLabels - FieldName.defaultStreamLabels.count
        guard members.count <= limit else {
            throw IngestProblem(
                .malformed, "`source` has \(members.count) labels, the limit is \(limit): put the rest into `meta`",
                place: .init(offset: offset, in: content), limit: limit, field: "source")
        }
        return try members.compactMap { member in
            switch member.value {
            case .string(let text): return .init(member.key, text)
            case .number(let text): return .init(member.key, text)
            case .bool(let value): return .init(member.key, value ? "true" : "false")
            case .null: return nil
            case .array, .object: throw wrong("source.\(member.key)", "text or a number", content, offset)
            }
        }
    }

    private func events(
        _ scanner: inout JSONScanner, _ labels: [StreamIdentity.Label], _ builder: inout EventBatchBuilder,
        _ rejections: inout Rejections
    ) throws -> EventBatch {
        builder.begin(labels: labels)
        var decoder = JSONEventDecoder(keys: keys)
        try scanner.beginArray()
        var index = 0
        while try scanner.nextElement(isFirst: index == 0) {
            guard index < limits.batchEvents else { throw tooManyEvents(limits) }
            _ = try scanner.peek()
            let before = scanner
            do {
                try decoder.decode(&scanner, into: &builder, arrival: arrival, maximumBytes: limits.eventBytes)
            } catch {
                // Whatever is wrong with it as an event, the next one begins where this JSON value ends.
                scanner = before
                let text = try scanner.skipValue()
                let tooLarge = text.count > limits.eventBytes
                rejections.reject(
                    index, tooLarge ? .tooLarge : RejectionReason(error.kind),
                    tooLarge ? eventTooLarge(text.count, limits) : error.description, text)
            }
            index += 1
        }
        rejections.packedFields += decoder.packedCount
        return builder.finish()
    }
}
