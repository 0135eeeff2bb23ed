import GzipCodec
import SystemIO
import TestSupport
import Testing

/// Files that gzip has made.
struct GzipReaderTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func reader(_ packed: [UInt8]) throws -> GzipReader {
        let path = directory.path + "/x.gz"
        // Without syncs, of which there would be hundreds.
        let file = try OpenFile(path, .create)
        try file.truncate(to: 0)
        try file.write(packed, at: 0)
        return GzipReader(try OpenFile(path, .read))
    }

    /// `printf 'hello\nworld\n' | gzip -n`.
    private let hello: [UInt8] = [
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0xe7, 0x2a, 0xcf,
        0x2f, 0xca, 0x49, 0xe1, 0x02, 0x00, 0xff, 0x5d, 0xc5, 0xc4, 0x0c, 0x00, 0x00, 0x00,
    ]

    @Test func readsWhatIsInIt() throws {
        let reader = try reader(hello)
        #expect(try reader.statedLength() == 12)
        #expect(try reader.bytes(at: 0, count: 100) == Array("hello\nworld\n".utf8))
        #expect(reader.length == 12)
        #expect(try reader.bytes(at: 12, count: 5) == [])
        #expect(try reader.bytes(at: 100, count: 5) == [])
    }

    @Test func partsBehindEachOtherAreOne() throws {
        let reader = try reader(hello + hello + [0, 0, 0, 0])
        #expect(try reader.bytes(at: 6, count: 100) == Array("world\nhello\nworld\n".utf8))
        #expect(reader.length == 24)
    }

    @Test func anyPlaceCanBeAskedFor() throws {
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        let parts = 1 + random.below(200)
        let whole = (0..<parts).flatMap { _ in Array("hello\nworld\n".utf8) }
        let reader = try reader((0..<parts).flatMap { _ in hello })
        for _ in 0..<200 {
            let (offset, count) = (random.below(whole.count + 10), random.below(500))
            let expected = Array(whole.dropFirst(offset).prefix(count))
            #expect(try reader.bytes(at: offset, count: count) == expected, "seed \(seed), \(count) at \(offset)")
        }
    }

    @Test func damageIsAnErrorAndNothingElse() throws {
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        #expect(throws: IOError.self) { try reader(Array(hello.dropLast(5))).bytes(at: 0, count: 100) }
        #expect(throws: IOError.self) { try reader(Array("no gzip file at all".utf8)).bytes(at: 0, count: 100) }
        #expect(throws: IOError.self) { try reader([]).bytes(at: 0, count: 1) }
        for _ in 0..<500 {
            var bytes = hello
            bytes[random.below(bytes.count)] ^= UInt8(1 << random.below(8))
            let reader = try reader(bytes)
            // The time and the name in the header are nobody's business; all else is found out.
            if let read = try? reader.bytes(at: 0, count: 100) { #expect(read == Array("hello\nworld\n".utf8)) }
        }
    }
}
