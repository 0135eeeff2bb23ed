import ByteCoding
import Journal
import SystemIO
import TestSupport
import Testing

extension TemporaryDirectory {
    /// The journal files, in order.
    var files: [String] {
        get throws { try FileSystem.list(path).filter { $0.hasSuffix(".journal") }.map { "\(path)/\($0)" } }
    }
}

/// A record whose every part follows from `number`.
func sample(_ number: Int, agent: String = "agent-1") -> JournalRecord {
    var generator = SeededGenerator(seed: UInt64(number))
    let length = Int(generator.next() % 200)
    return JournalRecord(
        tenant: number.isMultiple(of: 3) ? "default" : "team-\(number % 5)", ingestTime: Int64(number) * 1_000,
        agent: agent, epoch: 7, sequence: UInt64(number),
        payload: (0..<length).map { _ in UInt8(truncatingIfNeeded: generator.next()) })
}

func expectSame(_ left: JournalRecord, _ right: JournalRecord, sourceLocation: SourceLocation = #_sourceLocation) {
    let same =
        left.kind == right.kind && left.tenant == right.tenant && left.ingestTime == right.ingestTime
        && left.agent == right.agent && left.epoch == right.epoch && left.sequence == right.sequence
        && left.payload == right.payload
    #expect(same, "\(left) is not \(right)", sourceLocation: sourceLocation)
}

/// Overwrites bytes of a file.
func patch(_ path: String, at offset: Int, _ bytes: [UInt8]) throws {
    let file = try OpenFile(path, .readWrite)
    try file.write(bytes, at: offset)
}

/// The CRC-32C of bytes as they stand in files.
func checksum(_ bytes: [UInt8]) -> [UInt8] {
    withUnsafeBytes(of: crc32c(bytes).littleEndian) { Array($0) }
}
