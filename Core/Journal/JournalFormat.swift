import ByteCoding

/// The bytes of journal files; docs/format.md describes them. Everything is little-endian.
enum JournalFormat {
    static let magic: [UInt8] = Array("LODGEJNL".utf8)
    static let version: UInt16 = 1
    static let fileHeaderBytes = 40
    static let recordHeaderBytes = 56
    /// `LJR1`: where a record may begin, for the scan that goes on after damage.
    static let recordMarker: UInt32 = 0x3152_4A4C
    static let recordMarkerFirstByte: Int32 = 0x4C
    static let fileSuffix = ".journal"

    /// `<first position as 20 digits>.journal`: sorting names sorts positions.
    static func fileName(first: JournalPosition) -> String {
        let digits = String(first)
        return String(repeating: "0", count: 20 - digits.count) + digits + fileSuffix
    }

    /// The position in a file's name, or nil when it is no journal file.
    static func firstPosition(fileName: String) -> JournalPosition? {
        guard fileName.hasSuffix(fileSuffix) else { return nil }
        let digits = fileName.dropLast(fileSuffix.count)
        guard digits.utf8.count == 20, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        guard let position = JournalPosition(digits), (1..<JournalLimits.positions).contains(position) else {
            return nil
        }
        return position
    }
}

/// The first bytes of a file.
struct JournalFileHeader: Equatable {
    enum Fault: Error, Equatable {
        case damaged
        case unsupported(version: UInt16)
    }

    var flags: UInt16 = 0
    var firstPosition: JournalPosition
    var createdTime: Int64

    func encode(into writer: inout ByteWriter) {
        let start = writer.count
        writer.append(contentsOf: JournalFormat.magic)
        writer.append(littleEndian: JournalFormat.version)
        writer.append(littleEndian: flags)
        writer.append(littleEndian: UInt32(JournalFormat.fileHeaderBytes))
        writer.append(littleEndian: firstPosition)
        writer.append(littleEndian: createdTime)
        writer.append(littleEndian: UInt32(0))
        let sum = unsafe writer.withBytes { unsafe crc32c(UnsafeRawBufferPointer(rebasing: $0[start...])) }
        writer.append(littleEndian: sum)
    }

    init(firstPosition: JournalPosition, createdTime: Int64) {
        self.firstPosition = firstPosition
        self.createdTime = createdTime
    }

    init(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
        guard bytes.count >= JournalFormat.fileHeaderBytes, unsafe bytes.starts(with: JournalFormat.magic) else {
            throw .damaged
        }
        // SAFETY: the buffer holds a whole header; all loads lie within it.
        let sum = unsafe bytes.loadUnaligned(fromByteOffset: 36, as: UInt32.self).littleEndian
        guard unsafe crc32c(UnsafeRawBufferPointer(rebasing: bytes[..<36])) == sum else { throw .damaged }
        let version = unsafe bytes.loadUnaligned(fromByteOffset: 8, as: UInt16.self).littleEndian
        guard version == JournalFormat.version else { throw .unsupported(version: version) }
        flags = unsafe bytes.loadUnaligned(fromByteOffset: 10, as: UInt16.self).littleEndian
        firstPosition = unsafe bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self).littleEndian
        createdTime = unsafe bytes.loadUnaligned(fromByteOffset: 24, as: Int64.self).littleEndian
    }
}

/// The fixed part in front of each record.
struct JournalRecordHeader: Equatable {
    var bodyChecksum: UInt32
    var payloadBytes: Int
    var position: JournalPosition
    var ingestTime: Int64
    var epoch: UInt64
    var sequence: UInt64
    var kind: UInt8
    var flags: UInt8
    var tenantBytes: Int
    var agentBytes: Int

    /// Bytes of the body: tenant, agent, payload.
    var bodyBytes: Int { tenantBytes + agentBytes + payloadBytes }
    /// Bytes of the record with its header.
    var totalBytes: Int { JournalFormat.recordHeaderBytes + bodyBytes }

    /// Decodes a header whose marker and checksum are right and whose lengths are within the limits; nil otherwise.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= JournalFormat.recordHeaderBytes else { return nil }
        // SAFETY: the buffer holds a whole header; all loads lie within it.
        guard unsafe bytes.loadUnaligned(as: UInt32.self).littleEndian == JournalFormat.recordMarker else { return nil }
        let sum = unsafe bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self).littleEndian
        guard unsafe crc32c(UnsafeRawBufferPointer(rebasing: bytes[8..<56])) == sum else { return nil }
        bodyChecksum = unsafe bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self).littleEndian
        payloadBytes = Int(unsafe bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self).littleEndian)
        position = unsafe bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self).littleEndian
        ingestTime = unsafe bytes.loadUnaligned(fromByteOffset: 24, as: Int64.self).littleEndian
        epoch = unsafe bytes.loadUnaligned(fromByteOffset: 32, as: UInt64.self).littleEndian
        sequence = unsafe bytes.loadUnaligned(fromByteOffset: 40, as: UInt64.self).littleEndian
        kind = unsafe bytes[48]
        flags = unsafe bytes[49]
        tenantBytes = Int(unsafe bytes.loadUnaligned(fromByteOffset: 50, as: UInt16.self).littleEndian)
        agentBytes = Int(unsafe bytes.loadUnaligned(fromByteOffset: 52, as: UInt16.self).littleEndian)
        guard payloadBytes <= JournalLimits.maxPayloadBytes, tenantBytes <= JournalLimits.maxNameBytes,
            agentBytes <= JournalLimits.maxNameBytes, (1..<JournalLimits.positions).contains(position)
        else { return nil }
    }
}

extension JournalRecord {
    /// - Throws: ``JournalError/tooLarge(what:bytes:limit:)``.
    func checkLimits() throws(JournalError) {
        func check(_ what: String, _ bytes: Int, _ limit: Int) throws(JournalError) {
            if bytes > limit { throw .tooLarge(what: what, bytes: bytes, limit: limit) }
        }
        try check("the payload", payloadBytes, JournalLimits.maxPayloadBytes)
        try check("the tenant", tenant.utf8.count, JournalLimits.maxNameBytes)
        try check("the agent id", agent.utf8.count, JournalLimits.maxNameBytes)
    }

    /// Bytes of the record in a file.
    var encodedBytes: Int {
        JournalFormat.recordHeaderBytes + tenant.utf8.count + agent.utf8.count + payloadBytes
    }

    /// The checksum of tenant, agent and payload. It does not depend on the position, so that the thread that appends
    /// computes it and not the one that commits.
    func bodyChecksum() -> UInt32 {
        let names = crc32c(Array(agent.utf8), seed: crc32c(Array(tenant.utf8)))
        return crc32c(payload, seed: crc32c(preamble, seed: names))
    }

    /// Appends the record. Its lengths must be within the limits.
    func encode(position: JournalPosition, bodyChecksum: UInt32, into writer: inout ByteWriter) {
        writer.reserve(encodedBytes)
        let start = writer.count
        writer.append(littleEndian: JournalFormat.recordMarker)
        writer.append(littleEndian: UInt32(0))
        writer.append(littleEndian: bodyChecksum)
        writer.append(littleEndian: UInt32(payloadBytes))
        writer.append(littleEndian: position)
        writer.append(littleEndian: ingestTime)
        writer.append(littleEndian: epoch)
        writer.append(littleEndian: sequence)
        writer.append(kind.rawValue)
        writer.append(UInt8(0))
        writer.append(littleEndian: UInt16(tenant.utf8.count))
        writer.append(littleEndian: UInt16(agent.utf8.count))
        writer.append(littleEndian: UInt16(0))
        let sum = unsafe writer.withBytes { unsafe crc32c(UnsafeRawBufferPointer(rebasing: $0[(start + 8)...])) }
        writer.overwrite(at: start + 4, littleEndian: sum)
        writer.append(utf8: tenant)
        writer.append(utf8: agent)
        writer.append(contentsOf: preamble)
        writer.append(contentsOf: payload)
    }
}
