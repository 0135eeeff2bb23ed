import ByteCoding
import Journal
import SystemIO

/// A batch that is kept apart because it may be stored, while its journal's file is dropped: one file a lane.
///
/// Byte 1 for the version, varints of position, epoch and sequence, agent and payload behind varint lengths, then 4 bytes
/// CRC-32C of everything before.
enum HeldBatch {
    static let version: UInt8 = 1

    static func path(_ lane: String) -> String { "\(lane)/held" }

    /// Writes it; durable when it returns.
    static func write(_ held: CommittedRecord, in lane: String) throws(IOError) {
        var writer = ByteWriter(capacity: held.record.payload.count + 128)
        writer.append(version)
        writer.append(varint: held.position)
        writer.append(varint: held.record.epoch)
        writer.append(varint: held.record.sequence)
        writer.append(lengthPrefixed: held.record.agent)
        writer.append(varint: UInt64(held.record.payload.count))
        writer.append(contentsOf: held.record.payload)
        writer.append(littleEndian: crc32c(writer.array()))
        try FileSystem.writeAtomically(path(lane), writer.array())
    }

    /// - Returns: nil when there is none, or none that is whole.
    static func read(in lane: String) -> CommittedRecord? {
        guard let bytes = try? FileSystem.contents(path(lane), limit: JournalLimits.maxPayloadBytes + 1024),
            bytes.count > 4
        else { return nil }
        let end = bytes.count - 4
        let record = try? bytes.span.bytes.withUnsafeBytes { (raw) throws(ByteCodingError) -> CommittedRecord? in
            let content = UnsafeRawBufferPointer(rebasing: raw[..<end])
            guard crc32c(content) == raw.loadUnaligned(fromByteOffset: end, as: UInt32.self).littleEndian else {
                return nil
            }
            var reader = ByteReader(content)
            guard try reader.byte() == version else { return nil }
            let position = try reader.varint()
            let epoch = try reader.varint()
            let sequence = try reader.varint()
            let agent = try reader.lengthPrefixedString()
            let payload = Array(try reader.lengthPrefixed())
            return CommittedRecord(
                position: position,
                record: JournalRecord(ingestTime: 0, agent: agent, epoch: epoch, sequence: sequence, payload: payload))
        }
        return record ?? nil
    }

    /// Removes it, if it is there; one that stays is sent once more, which changes nothing.
    static func remove(in lane: String) { try? FileSystem.remove(path(lane)) }
}
