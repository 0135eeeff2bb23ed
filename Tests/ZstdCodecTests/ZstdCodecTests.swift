import TestSupport
import Testing
import ZstdCodec

@Suite struct ZstdCodecTests {
    @Test func anyBytesComeBack() throws {
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        for count in [0, 1, 15, 16, 1_000, 300_000] {
            let bytes = random.bytes(count).map { $0 & 0x3F }
            var compressor = ZstdCompressor(level: 1, checksum: true)
            var decompressor = ZstdDecompressor()
            let frame = try compressor.compress(bytes)
            #expect(try decompressor.decompress(frame, limit: count) == bytes, "seed \(seed)")
        }
    }

    @Test func aFrameOverItsLimitIsRefusedBeforeItsContentIsHeld() throws {
        var compressor = ZstdCompressor(level: 3)
        let bomb = try compressor.compress([UInt8](repeating: 0, count: 64 << 20))
        #expect(bomb.count < 10_000)
        var decompressor = ZstdDecompressor()
        let error = #expect(throws: ZstdError.self) { try decompressor.decompress(bomb, limit: 1 << 20) }
        #expect(error?.code == .tooLarge)
    }

    @Test func eachTruncationIsCorruptAndNeverTraps() throws {
        var compressor = ZstdCompressor(level: 3, checksum: true)
        let frame = try compressor.compress(Array("a line of a log, a line of a log, a line of a log".utf8))
        var decompressor = ZstdDecompressor()
        for length in 0..<frame.count {
            let error = #expect(throws: ZstdError.self) {
                try decompressor.decompress(Array(frame[0..<length]), limit: 1_000)
            }
            #expect(error?.code == .corrupt, "\(length) bytes")
        }
        #expect(try decompressor.decompress(frame, limit: 1_000).count == 49)
    }

    @Test func concatenatedFramesAreOneContent() throws {
        var compressor = ZstdCompressor()
        let two = try compressor.compress(Array("first\n".utf8)) + compressor.compress(Array("second\n".utf8))
        var decompressor = ZstdDecompressor()
        #expect(try decompressor.decompress(two, limit: 100) == Array("first\nsecond\n".utf8))
    }
}
