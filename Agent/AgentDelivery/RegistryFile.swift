package import AgentPipeline
import ByteCoding

/// What the registry keeps on disk.
package struct RegistryContent: Sendable, Equatable {
    /// The agent's id.
    package var agent: String
    /// The agent's epoch: batches are numbered anew in each.
    package var epoch: UInt64
    /// What the state directory belongs to: differs on another machine, or for a copy of the directory.
    package var fingerprint: UInt64
    /// How far the spool is dealt with.
    package var cursors: SpoolCursors
    /// Whether a version without priorities has written it, whose numbers of batches are not those of lanes.
    package var isOld = false
    /// The number of the next source.
    package var nextSource: UInt64
    /// The files, as far as acknowledged; by number.
    package var sources: [SourceState]
    /// Sources that are gone for good, and the last entry of the ledger that may still name each: what the ledger says of
    /// them up to that does not bring them back.
    package var forgotten: [UInt64: UInt64] = [:]

    /// Makes content.
    package init(
        agent: String, epoch: UInt64, fingerprint: UInt64, cursors: SpoolCursors = SpoolCursors(),
        nextSource: UInt64 = 1, sources: [SourceState] = []
    ) {
        self.agent = agent
        self.epoch = epoch
        self.fingerprint = fingerprint
        self.cursors = cursors
        self.nextSource = nextSource
        self.sources = sources
    }
}

/// The bytes of a registry file, version 3; integers are little-endian, varints LEB128.
///
/// | part | content |
/// | --- | --- |
/// | magic | `LODGEREG`, then version as 2 bytes and 2 bytes zero |
/// | generation | 8 bytes: grows with each file written |
/// | epoch, fingerprint | 8 bytes each |
/// | acknowledged | 8 bytes: number in the spool of a version without priorities |
/// | next source | 8 bytes |
/// | lanes | 8 bytes for each priority, debug first: all up to this number is acknowledged or dropped |
/// | ledger, reported | 8 bytes each: entries up to these are applied, and told to the collector |
/// | agent | varint length and text |
/// | sources | varint: how many, then each |
/// | forgotten | varint: how many, then for each the number of a source and of an entry of the ledger, varints |
/// | checksum | 4 bytes: CRC-32C of everything before |
///
/// Version 2 has no forgotten sources. Version 1 has neither lanes nor ledger and reported, and no cursors in its sources.
enum RegistryFile {
    static let magic = Array("LODGEREG".utf8)
    static let version: UInt16 = 3
    /// Files in one registry; a follower has fewer.
    static let sourceLimit = 1 << 20

    static func encode(_ content: RegistryContent, generation: UInt64) -> [UInt8] {
        var writer = ByteWriter(capacity: 256 + content.sources.count * 96)
        writer.append(contentsOf: magic)
        writer.append(littleEndian: version)
        writer.append(littleEndian: UInt16(0))
        writer.append(littleEndian: generation)
        writer.append(littleEndian: content.epoch)
        writer.append(littleEndian: content.fingerprint)
        writer.append(littleEndian: content.cursors.old)
        writer.append(littleEndian: content.nextSource)
        for lane in content.cursors.lanes { writer.append(littleEndian: lane) }
        writer.append(littleEndian: content.cursors.ledger)
        writer.append(littleEndian: content.cursors.reported)
        writer.append(lengthPrefixed: content.agent)
        writer.append(varint: UInt64(content.sources.count))
        for source in content.sources { source.write(to: &writer) }
        writer.append(varint: UInt64(content.forgotten.count))
        for (id, entry) in content.forgotten.sorted(by: { $0.key < $1.key }) {
            writer.append(varint: id)
            writer.append(varint: entry)
        }
        writer.append(littleEndian: crc32c(writer.array()))
        return writer.array()
    }

    /// - Throws: when the bytes are damaged, cut off, or of another version.
    static func decode(_ bytes: [UInt8]) throws(ByteCodingError) -> (content: RegistryContent, generation: UInt64) {
        try bytes.span.bytes.withUnsafeBytes { (raw) throws(ByteCodingError) in
            guard raw.count >= 12 + 5 * 8 + 4 else { throw .invalid(offset: raw.count, what: "cut off") }
            let end = raw.count - 4
            let sum = raw.loadUnaligned(fromByteOffset: end, as: UInt32.self).littleEndian
            guard crc32c(UnsafeRawBufferPointer(rebasing: raw[..<end])) == sum else {
                throw .invalid(offset: end, what: "wrong checksum")
            }
            var reader = ByteReader(UnsafeRawBufferPointer(rebasing: raw[..<end]))
            let isMagic = try reader.bytes(8).elementsEqual(magic)
            let found = try reader.littleEndian(UInt16.self)
            guard isMagic, (1...version).contains(found) else {
                throw .invalid(offset: 10, what: "no registry of a known version")
            }
            _ = try reader.littleEndian(UInt16.self)
            let generation = try reader.littleEndian(UInt64.self)
            let epoch = try reader.littleEndian(UInt64.self)
            let fingerprint = try reader.littleEndian(UInt64.self)
            var cursors = SpoolCursors()
            cursors.old = try reader.littleEndian(UInt64.self)
            let nextSource = try reader.littleEndian(UInt64.self)
            if found >= 2 {
                for index in cursors.lanes.indices { cursors.lanes[index] = try reader.littleEndian(UInt64.self) }
                cursors.ledger = try reader.littleEndian(UInt64.self)
                cursors.reported = try reader.littleEndian(UInt64.self)
            }
            var content = RegistryContent(
                agent: try reader.lengthPrefixedString(), epoch: epoch, fingerprint: fingerprint,
                cursors: cursors, nextSource: nextSource)
            content.isOld = found == 1
            let count = try reader.count(limit: min(sourceLimit, reader.remaining))
            for _ in 0..<count {
                content.sources.append(try SourceState(from: &reader, hasCursor: found >= 2))
            }
            if found >= 3 {
                let count = try reader.count(limit: min(sourceLimit, reader.remaining))
                for _ in 0..<count { content.forgotten[try reader.varint()] = try reader.varint() }
            }
            return (content, generation)
        }
    }
}
