import ByteCoding
import LogModel
import WireProtocol

/// Decodes a batch of the wire protocol, all of it checked. Its events belong to the default tenant, whatever it says.
///
/// - Returns: the batch without the events that were rejected, and whether it is exactly what was sent.
/// - Throws: ``IngestProblem`` when it is damaged or has too many events.
func decodeWireBatch(
    _ content: UnsafeRawBufferPointer, limits: IngestLimits, rejections: inout Rejections
) throws(IngestProblem) -> (batch: EventBatch, isAsSent: Bool) {
    let batch: EventBatch
    do {
        batch = try BatchCodec.decode(content)
    } catch {
        throw IngestProblem(.malformed, "the body is no batch of the wire protocol: \(error)")
    }
    guard batch.count <= limits.batchEvents else { throw tooManyEvents(limits) }
    guard Set(batch.fieldNames).count == batch.fieldNames.count, Set(batch.streams).count == batch.streams.count else {
        throw IngestProblem(.malformed, "the batch names a field or a stream twice")
    }
    let ownTenant = batch.streams.allSatisfy { $0.tenant == StreamIdentity.defaultTenant }
    var bad: Set<Int> = []
    for row in 0..<batch.count {
        var bytes = Int(batch.messages[row].length)
        for field in batch.fields[Int(batch.fieldStarts[row])..<Int(batch.fieldStarts[row + 1])] {
            bytes += Int(field.value.length)
        }
        guard bytes > limits.eventBytes else { continue }
        bad.insert(row)
        batch.arena.withUnsafeBytes { arena in
            let message = batch.messages[row]
            rejections.reject(
                row, .tooLarge, eventTooLarge(bytes, limits),
                UnsafeRawBufferPointer(rebasing: arena[Int(message.offset)..<message.end]))
        }
    }
    if bad.isEmpty && ownTenant { return (batch, true) }
    return (rebuilt(batch, without: bad), false)
}

private func rebuilt(_ batch: EventBatch, without bad: Set<Int>) -> EventBatch {
    var builder = EventBatchBuilder(arenaCapacity: batch.arena.count)
    batch.arena.withUnsafeBytes { arena in
        for row in 0..<batch.count where !bad.contains(row) {
            for label in batch.streams[Int(batch.streamIndexes[row])].labels {
                let name = builder.name(label.name)
                label.value.withUnsafeBytes { builder.add(label: name, value: $0) }
            }
            for field in batch.fields[Int(batch.fieldStarts[row])..<Int(batch.fieldStarts[row + 1])] {
                let name = builder.name(batch.fieldNames[Int(field.name)])
                let value = UnsafeRawBufferPointer(rebasing: arena[Int(field.value.offset)..<field.value.end])
                builder.add(field: name, value: value)
            }
            let message = batch.messages[row]
            builder.endEvent(
                time: Timestamp(nanoseconds: batch.timestamps[row]),
                level: Level(rawValue: batch.levels[row]) ?? .unknown,
                message: UnsafeRawBufferPointer(rebasing: arena[Int(message.offset)..<message.end]))
        }
    }
    return builder.finish()
}
