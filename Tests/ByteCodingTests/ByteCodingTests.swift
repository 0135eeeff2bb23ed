@testable import ByteCoding
import TestSupport
import Testing

@Suite struct ByteCodingTests {
    @Test func crcMatchesThePublishedVectors() {
        // RFC 3720 appendix B.4, and the usual check value of "123456789".
        #expect(crc32c(Array("123456789".utf8)) == 0xE306_9283)
        #expect(crc32c([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(crc32c([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(crc32c((0..<32).map { UInt8($0) }) == 0x46DD_794E)
    }

    @Test func crcGoesOnFromItsSeed() {
        let bytes = (0..<100).map { UInt8($0) }
        for cut in 0...100 {
            #expect(crc32c(Array(bytes[cut...]), seed: crc32c(Array(bytes[..<cut]))) == crc32c(bytes))
        }
    }

    @Test func crcByInstructionsIsThatByTables() {
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        for round in 0..<2_000 {
            let bytes = random.bytes(round % 300)
            let start = UInt32(truncatingIfNeeded: random.next())
            let byTables = bytes.withUnsafeBytes { crc32cByTables($0, seed: start) }
            #expect(crc32c(bytes, seed: start) == byTables, "seed \(seed), round \(round)")
        }
    }

    @Test func integersComeBack() throws {
        var writer = ByteWriter(capacity: 1)
        let unsigned: [UInt64] = [0, 1, 127, 128, 16_383, 16_384, .max >> 1, .max]
        let signed: [Int64] = [0, -1, 1, .min, .max, -64, 64]
        for value in unsigned { writer.append(varint: value) }
        for value in signed { writer.append(zigzag: value) }
        writer.append(littleEndian: UInt32(0xDEAD_BEEF))
        writer.append(lengthPrefixed: "häuser")
        try writer.withBytes { (bytes) throws(ByteCodingError) in
            var reader = ByteReader(bytes)
            for value in unsigned { #expect(try reader.varint() == value) }
            for value in signed { #expect(try reader.zigzag() == value) }
            #expect(try reader.littleEndian(UInt32.self) == 0xDEAD_BEEF)
            #expect(try reader.lengthPrefixedString() == "häuser")
            #expect(reader.remaining == 0)
        }
    }

    @Test func readingPastTheEndThrows() {
        let bytes: [UInt8] = [0xFF, 0xFF]
        bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            #expect(throws: ByteCodingError.self) { try reader.varint() }
            var second = ByteReader(raw)
            #expect(throws: ByteCodingError.self) { try second.littleEndian(UInt32.self) }
            var third = ByteReader(raw)
            #expect(throws: ByteCodingError.self) { try third.lengthPrefixed() }
        }
        [UInt8](repeating: 0xFF, count: 11).withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            #expect(throws: ByteCodingError.self) { try reader.varint() }
        }
    }

    @Test func hashIsFixedForEver() {
        func hash(_ text: String) -> UInt64 { Array(text.utf8).withUnsafeBytes { hash64($0) } }
        // Written into files: these values must never change.
        let seen = Set((0..<64).map { hash(String(repeating: "x", count: $0)) })
        #expect(seen.count == 64)
        #expect(hash("") == hash(""))
        #expect(hash("payment-service") != hash("payment-servicf"))
    }

    @Test func shortRunsAreCopiedAndComparedToTheByte() {
        let source = (0..<200).map { UInt8($0) }
        for count in 0...130 {
            var target = [UInt8](repeating: 0xEE, count: 140)
            source.withUnsafeBytes { from in
                target.withUnsafeMutableBytes { to in
                    guard let from = from.baseAddress, let to = to.baseAddress else { return }
                    copyBytes(from: from + 3, to: to + 5, count: count)
                    #expect(areEqual(from + 3, to + 5, count: count))
                }
            }
            #expect(
                target == [UInt8](repeating: 0xEE, count: 5) + source[3..<(3 + count)]
                    + [UInt8](repeating: 0xEE, count: 135 - count))
            for place in 0..<count {
                var other = Array(source[3..<(3 + count)])
                other[place] ^= 0x80
                let isSame = source.withUnsafeBytes { left in
                    other.withUnsafeBytes { right in
                        guard let left = left.baseAddress, let right = right.baseAddress else { return true }
                        return areEqual(left + 3, right, count: count)
                    }
                }
                #expect(!isSame, "\(place) of \(count)")
            }
        }
    }

    @Test func aReusableBufferGrowsAndIsUsedAgain() {
        var buffer = ReusableBuffer<UInt32>(capacity: 1)
        for round in 0..<3 {
            for value in 0..<UInt32(1_000) { buffer.append(value) }
            buffer[500] = UInt32(round)
            #expect(buffer.count == 1_000)
            #expect(buffer.array() == (0..<1_000).map { $0 == 500 ? UInt32(round) : UInt32($0) })
            buffer.removeAll()
            #expect(buffer.array().isEmpty)
        }
        buffer.fill(7, count: 3)
        #expect(buffer.array() == [7, 7, 7])
    }
}
