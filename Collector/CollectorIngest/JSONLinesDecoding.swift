import ByteCoding
import Glibc
import LineFormats
import LogModel

/// Decodes a body of one JSON object a line. The text is cut at newlines first, so that a malformed line costs only
/// itself. Empty lines are passed over.
///
/// - Parameters:
///   - content: the lines.
///   - keys: which members have a meaning.
///   - limits: what is over them is rejected.
///   - arrival: the time of events that bring none.
///   - builder: builds the batch; what it holds is forgotten.
///   - rejections: gets the events that are not taken.
/// - Returns: the batch.
/// - Throws: ``IngestProblem`` when there are more events than a batch may have.
func decodeJSONLines(
    _ content: UnsafeRawBufferPointer, keys: JSONEventDecoder.Keys, limits: IngestLimits, arrival: Timestamp,
    with builder: inout EventBatchBuilder, rejections: inout Rejections
) throws(IngestProblem) -> EventBatch {
    builder.begin(labels: [])
    var decoder = JSONEventDecoder(keys: keys)
    var start = 0
    var index = 0
    while start < content.count, let base = content.baseAddress {
        let rest = content.count - start
        let found = memchr(base + start, 0x0A, rest)
        let length = found.map { UnsafeRawPointer($0) - (base + start) } ?? rest
        let line = UnsafeRawBufferPointer(start: base + start, count: length)
        start += length + 1
        if isBlank(line) { continue }
        guard index < limits.batchEvents else { throw tooManyEvents(limits) }
        defer { index += 1 }
        if line.count > limits.eventBytes {
            rejections.reject(index, .tooLarge, eventTooLarge(line.count, limits), line)
            continue
        }
        var scanner = JSONScanner(line)
        do {
            try decoder.decode(&scanner, into: &builder, arrival: arrival, isWholeText: true)
        } catch {
            rejections.reject(index, RejectionReason(error.kind), "line \(index + 1): \(error)", line)
        }
    }
    rejections.packedFields += decoder.packedCount
    return builder.finish()
}

private func isBlank(_ line: UnsafeRawBufferPointer) -> Bool {
    guard let first = line.first else { return true }
    if first > 0x20 { return false }
    return line.allSatisfy { $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }
}

func tooManyEvents(_ limits: IngestLimits) -> IngestProblem {
    IngestProblem(
        .tooLarge, "the batch has more than \(limits.batchEvents) events: send it in parts", limit: limits.batchEvents)
}

func eventTooLarge(_ bytes: Int, _ limits: IngestLimits) -> String {
    "the event has \(bytes) bytes, the limit is \(limits.eventBytes)"
}
