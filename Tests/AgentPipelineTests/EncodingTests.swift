import AgentPipeline
import LineFormats
import TestSupport
import Testing

/// Text that is not UTF-8: what becomes of it, and how far in the file it leads.
struct EncodingTests {
    /// Each line is taken by itself; only the first one has the mark.
    @Test func aSampleInAnotherByteOrderIsReadToItsEnd() {
        let text = "eins\nzwei\ndrei\n"
        let bytes: [UInt8] = [0xFE, 0xFF] + text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        let inspector = LineInspector(
            profile: SourceProfile(encoding: .utf16), rules: [Rule("a", .add([("n", "1")]))], host: "h",
            maxLineBytes: 1000, offsets: { .utc }, arrival: Pipeline.arrival)
        var messages: [String] = []
        bytes.withUnsafeBytes { bytes in
            inspector.inspect(bytes, path: "/a.log") { if $0.contains("message: ") { messages.append($0) } }
        }
        #expect(messages == ["eins", "eins", "zwei", "zwei", "drei", "drei"].map { "    message: \($0)" })
    }

    private func utf16(_ text: String, bigEndian: Bool = false) -> [UInt8] {
        text.utf16.flatMap { unit in
            let (low, high) = (UInt8(truncatingIfNeeded: unit), UInt8(truncatingIfNeeded: unit >> 8))
            return bigEndian ? [high, low] : [low, high]
        }
    }

    private func messages(_ bytes: [UInt8], _ encoding: TextEncoding) -> [String] {
        var pipeline = Pipeline(SourceProfile(format: .plain, encoding: encoding))
        return pipeline.read(bytes).map(\.message)
    }

    @Test func marksOfByteOrderAreTakenAwayAndHeeded() {
        #expect(messages([0xEF, 0xBB, 0xBF] + Array("ü\nb\n".utf8), .utf8) == ["ü", "b"])
        #expect(messages([0xFF, 0xFE] + utf16("ü\n😀\n"), .utf16) == ["ü", "😀"])
        #expect(messages([0xFE, 0xFF] + utf16("ü\n😀\n", bigEndian: true), .utf16) == ["ü", "😀"])
        #expect(messages(utf16("plain\n"), .utf16) == ["plain"])
        #expect(messages([0xFE, 0xFF] + utf16("x\n", bigEndian: true), .utf16BigEndian) == ["x"])
        #expect(messages([0xFF, 0xFE] + utf16("x\n"), .utf16LittleEndian) == ["x"])
    }

    @Test func bytesAreCharacters() {
        #expect(messages([0x80, 0xE4, 0x0A, 0x99, 0x0A], .windows1252) == ["€ä", "™"])
        #expect(messages([0xA4, 0xE4, 0x0A], .latin1) == ["¤ä"])
    }

    @Test func whatIsNoCharacterIsMarked() {
        #expect(messages([0x00, 0xD8] + utf16("a\n"), .utf16LittleEndian) == ["\u{FFFD}a"])
        #expect(messages(utf16("a\n") + [0x62, 0x00, 0x63], .utf16LittleEndian) == ["a", "b\u{FFFD}"])
        #expect(messages(utf16("a\n") + [0x00, 0xD8], .utf16LittleEndian) == ["a", "\u{FFFD}"])
    }

    @Test(arguments: [TextEncoding.utf16, .utf16LittleEndian, .utf16BigEndian, .latin1, .windows1252, .utf8])
    func howTheBytesComeInMakesNoDifference(encoding: TextEncoding) {
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        let letters = encoding.unitBytes == 2 ? ["a", "ü", "€", "😀", "\u{0A0A}", "\u{0D0A}"] : ["a", "b", "c"]
        let lines = (0..<200).map { number in
            "\(number) " + (0..<random.below(40)).map { _ in random.pick(letters) }.joined()
        }
        let text = lines.joined(separator: "\n") + "\n"
        var bytes = encoding.unitBytes == 2 ? utf16(text, bigEndian: encoding == .utf16BigEndian) : Array(text.utf8)
        if encoding == .utf16 { bytes = [0xFF, 0xFE] + bytes }
        let assembler = BatchAssembler(host: "web1", cutter: LineCutter(maxLineBytes: 1 << 20))
        let profile = SourceProfile(format: .plain, encoding: encoding)
        var state = SourceState(id: 1, path: "/x.log", device: 1, inode: 1)
        var end = 0
        while state.offset < bytes.count {
            end = min(bytes.count, end + 1 + random.below(300))
            let taken = bytes[state.offset..<end].withUnsafeBytes {
                assembler.take($0, of: &state, profile: profile, ending: .open, arrival: Pipeline.arrival)
            }
            state.offset += taken
            if end == bytes.count, taken == 0 { break }
        }
        #expect(state.offset == bytes.count)
        let messages = SeenEvent.all(assembler.finish()).map(\.message)
        #expect(messages == lines, "seed \(seed)")
    }

    @Test func aLongLineIsCutIntoParts() {
        var pipeline = Pipeline(SourceProfile(format: .plain, encoding: .utf16LittleEndian), maxLineBytes: 100)
        let events = pipeline.read(utf16(String(repeating: "x", count: 250) + "\nend\n"))
        #expect(events.map(\.message.count) == [100, 100, 50, 3])
        #expect(events.map { $0.fields["_part"] } == ["1", "2", "3", nil])
    }

    @Test func holesAreLeftOut() {
        var pipeline = Pipeline(SourceProfile(format: .plain))
        let hole = [UInt8](repeating: 0, count: 5_000)
        let events = pipeline.read(hole + Array("a\0b\n".utf8) + hole + Array("c\n".utf8) + [0, 0, 10] + hole)
        #expect(events.map(\.message) == ["a\0b", "c"])
        #expect(pipeline.assembler.counts.nulBytes == 15_002)
    }
}
