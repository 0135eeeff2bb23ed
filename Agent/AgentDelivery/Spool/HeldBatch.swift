import ByteCoding
import Journal
import SystemIO

/// A batch that is kept apart because it may be stored, while its journal's file is dropped: a file in the directory
/// `held` of the lane, named after its number.
///
/// Byte 1 for the version, varints of position, epoch and sequence, agent and payload behind varint lengths, then 4 bytes
/// CRC-32C of everything before.
enum HeldBatch {
    static let version: UInt8 = 1

    private static func path(_ number: UInt64, _ lane: String) -> String { "\(lane)/held/\(number)" }

    /// The numbers of those in a lane, ascending, with the sizes of their files.
    ///
    /// - Throws: `IOError` when the disk does not tell which there are.
    static func list(in lane: String) throws(IOError) -> [SpoolState.Held] {
        let names: [String]
        do throws(IOError) { names = try FileSystem.list("\(lane)/held") } catch  where error.isMissing {
            return []
        }
        return names.compactMap { UInt64($0) }.sorted().map { number in
            // Of one whose size is not told the bytes do not matter: reading it tells what is there.
            let status = (try? FileSystem.status(path(number, lane))) ?? nil
            return SpoolState.Held(number: number, bytes: status?.size ?? 0)
        }
    }

    /// Writes it; durable when it returns.
    ///
    /// - Returns: its number and size.
    static func write(_ held: CommittedRecord, in lane: String) throws(IOError) -> SpoolState.Held {
        if !FileSystem.exists("\(lane)/held") {
            try FileSystem.createDirectory("\(lane)/held")
            try FileSystem.syncDirectory(lane)
        }
        var writer = ByteWriter(capacity: held.record.payload.count + 128)
        writer.append(version)
        writer.append(varint: held.position)
        writer.append(varint: held.record.epoch)
        writer.append(varint: held.record.sequence)
        writer.append(lengthPrefixed: held.record.agent)
        writer.append(varint: UInt64(held.record.payload.count))
        writer.append(contentsOf: held.record.payload)
        writer.append(littleEndian: crc32c(writer.array()))
        try FileSystem.writeAtomically(path(held.position, lane), writer.array())
        return SpoolState.Held(number: held.position, bytes: writer.count)
    }

    /// - Returns: nil when there is none of this number, or none that is whole.
    /// - Throws: `IOError` when the disk does not give it now.
    static func read(_ number: UInt64, in lane: String) throws(IOError) -> CommittedRecord? {
        let bytes: [UInt8]
        do throws(IOError) {
            bytes = try FileSystem.contents(path(number, lane), limit: JournalLimits.maxPayloadBytes + 1024)
        } catch  where error.isMissing {
            return nil
        }
        guard bytes.count > 4 else { return nil }
        let end = bytes.count - 4
        let record = try? bytes.span.bytes.withUnsafeBytes { (raw) throws(ByteCodingError) -> CommittedRecord? in
            let content = UnsafeRawBufferPointer(rebasing: raw[..<end])
            guard crc32c(content) == raw.loadUnaligned(fromByteOffset: end, as: UInt32.self).littleEndian else {
                return nil
            }
            var reader = ByteReader(content)
            guard try reader.byte() == version else { return nil }
            guard try reader.varint() == number else { return nil }
            let epoch = try reader.varint()
            let sequence = try reader.varint()
            let agent = try reader.lengthPrefixedString()
            let payload = Array(try reader.lengthPrefixed())
            return CommittedRecord(
                position: number,
                record: JournalRecord(ingestTime: 0, agent: agent, epoch: epoch, sequence: sequence, payload: payload))
        }
        return record ?? nil
    }

    /// Removes it, if it is there; one that stays is sent once more, which changes nothing.
    static func remove(_ number: UInt64, in lane: String) { try? FileSystem.remove(path(number, lane)) }
}
