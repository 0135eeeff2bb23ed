import ByteCoding
import LogModel
import TestSupport
import Testing
import WireProtocol

@Suite struct BatchCodecTests {
    static func batch(rows: Int, seed: UInt64) -> EventBatch {
        var generator = SeededGenerator(seed: seed)
        var builder = EventBatchBuilder(labels: [.init("host", "h\(seed % 3)")])
        let names = ["level", "trace.id", "größe", ""].map { builder.name($0) }
        let service = builder.name("service")
        for row in 0..<rows {
            for name in names where generator.next() % 2 == 0 {
                bytes(&generator) { builder.add(field: name, value: $0) }
            }
            if generator.next() % 3 == 0 { bytes(&generator) { builder.add(label: service, value: $0) } }
            let time = Timestamp(nanoseconds: row % 7 == 0 ? .max : Int64(bitPattern: generator.next()))
            bytes(&generator) { builder.endEvent(time: time, level: .warn, message: $0) }
        }
        return builder.finish()
    }

    private static func bytes(_ generator: inout SeededGenerator, _ body: (UnsafeRawBufferPointer) -> Void) {
        let count = generator.below(40)
        generator.bytes(count).withUnsafeBytes(body)
    }

    private func encoded(_ batch: EventBatch) -> [UInt8] {
        var writer = ByteWriter()
        BatchCodec.encode(batch, into: &writer)
        return writer.array()
    }

    private func decoded(_ bytes: [UInt8]) throws -> EventBatch {
        try bytes.withUnsafeBytes { try BatchCodec.decode($0) }
    }

    @Test(arguments: [0, 1, 2, 100, 1_000])
    func anyEventsComeBackByteForByte(rows: Int) throws {
        let seed = drawSeed()
        let batch = Self.batch(rows: rows, seed: seed)
        let copy = try decoded(encoded(batch))
        #expect(copy.timestamps == batch.timestamps, "seed \(seed)")
        #expect(copy.levels == batch.levels && copy.streams == batch.streams)
        #expect(copy.streamIndexes == batch.streamIndexes && copy.fieldStarts == batch.fieldStarts)
        #expect(copy.fieldNames == batch.fieldNames)
        for row in 0..<rows {
            #expect(copy.bytes(of: copy.messages[row]) == batch.bytes(of: batch.messages[row]), "seed \(seed)")
        }
        for (left, right) in zip(copy.fields, batch.fields) {
            #expect(left.name == right.name && copy.bytes(of: left.value) == batch.bytes(of: right.value))
        }
    }

    @Test func eachTruncationIsRefused() throws {
        let bytes = encoded(Self.batch(rows: 20, seed: 7))
        for length in 0..<bytes.count {
            #expect(throws: ByteCodingError.self) { try decoded(Array(bytes[..<length])) }
        }
    }

    @Test func aFlippedByteNeverTraps() throws {
        let bytes = encoded(Self.batch(rows: 8, seed: 8))
        for index in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << bit
                // What still decodes must be readable throughout; the journal's checksum finds the damage itself.
                guard let batch = try? decoded(damaged) else { continue }
                for row in 0..<batch.count { _ = batch.message(at: row) }
                for field in batch.fields { _ = batch.bytes(of: field.value) }
            }
        }
    }

    @Test func bytesOfVersionOneStayAsTheyAre() throws {
        var builder = EventBatchBuilder(labels: [.init("service", "cart")])
        let level = builder.name("level")
        withUnsafeBytes(of: (UInt8(0x45), UInt8(0x31))) { builder.add(field: level, value: $0) }
        withUnsafeBytes(of: (UInt8(0x68), UInt8(0x69))) {
            builder.endEvent(time: Timestamp(nanoseconds: 1), level: .error, message: $0)
        }
        let golden: [UInt8] = [
            0x4C, 0x42, 0x01, 0x00,  // "LB", version 1, flags 0
            0x01,  // one event
            0x01,  // one stream:
            0x07, 0x64, 0x65, 0x66, 0x61, 0x75, 0x6C, 0x74,  // tenant "default"
            0x01, 0x07, 0x73, 0x65, 0x72, 0x76, 0x69, 0x63, 0x65, 0x04, 0x63, 0x61, 0x72, 0x74,  // service=cart
            0x01, 0x05, 0x6C, 0x65, 0x76, 0x65, 0x6C,  // one name: "level"
            0x02,  // time 1
            0x05,  // error
            0x00,  // stream 0
            0x01,  // one field
            0x00,  // its name: 0
            0x02,  // message of two bytes
            0x02,  // value of two bytes
            0x68, 0x69, 0x45, 0x31,  // "hi", "E1"
        ]
        #expect(encoded(builder.finish()) == golden)
        #expect(try decoded(golden).message(at: 0) == "hi")
    }
}
