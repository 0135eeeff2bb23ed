import ByteCoding
import CollectorIngest
import Journal
import LineFormats
import LogModel
import TestSupport
import Testing
import WireProtocol

/// What the journal keeps of compressed JSON, and that it is read back as it was read first.
@Suite(.timeLimit(.minutes(15)))
struct JournaledBodyTests {
    /// Every column of a batch, to be compared as a whole.
    private func columns(_ batch: EventBatch) -> [[UInt8]] {
        var writer = ByteWriter()
        BatchCodec.encode(batch, into: &writer)
        return [writer.array()] + batch.fieldNames.map { Array($0.utf8) } + batch.streams.map { Array($0.text.utf8) }
    }

    /// A line with values of all kinds, sometimes broken.
    private func line(_ random: inout SeededGenerator) -> (text: String, isWhole: Bool) {
        let texts = ["", "a", #"q\"uote"#, #"\u00fc\n"#, "ERROR", "2025-06-15T14:00:00Z", "17500000", "üß\u{FFFD}"]
        var members: [String] = []
        for _ in 0..<Int.random(in: 0...8, using: &random) {
            let name =
                ["ts", "msg", "level", "service", "host", "n", "deep.er", "meta", "_stream", "k\\u0065y"]
                .randomElement(using: &random) ?? "n"
            let value =
                ["1", "-2.5e3", "true", "null", "[1, {}]", #"{"x":{"y":"z"},"ts":7}"#]
                .randomElement(using: &random) ?? "1"
            let text = texts.randomElement(using: &random) ?? ""
            members.append("\"\(name)\":" + (Bool.random(using: &random) ? value : "\"\(text)\""))
        }
        let line = "{" + members.joined(separator: Bool.random(using: &random) ? "," : " , ") + "}"
        let isWhole = Int.random(in: 0..<10, using: &random) > 0
        return (isWhole ? line : String(line.dropLast()), isWhole)
    }

    private func keys(_ random: inout SeededGenerator) -> JSONEventDecoder.Keys {
        JSONEventDecoder.Keys(
            time: Bool.random(using: &random) ? ["ts", "_time"] : [], message: ["msg", "k"],
            labels: Bool.random(using: &random) ? ["service", "host", "meta.x.y"] : [],
            rejectsUnreadableTime: Bool.random(using: &random), unwrapping: Bool.random(using: &random) ? "meta" : nil)
    }

    @Test func compressedJSONIsKeptAsItCameAndReadBackAsItWasRead() async throws {
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        let way = try Way { $0.eventBytes = 150 }
        var bodies: [[UInt8]] = []
        for _ in 0..<200 {
            var lines: [(text: String, isWhole: Bool)] = []
            for _ in 0..<Int.random(in: 1...20, using: &random) { lines.append(line(&random)) }
            let isDocument = Bool.random(using: &random)
            let content =
                isDocument
                ? #"{"source":{"service":"s"},"logs":["# + lines.filter(\.isWhole).map(\.text).joined(separator: ",")
                    + "]}"
                : lines.map(\.text).joined(separator: "\n")
            let body = try zstd(Array(content.utf8))
            let receipt = try await way.post(isDocument ? .json : .jsonLines(keys(&random)), body, .zstd).get()
            if receipt.accepted > 0 { bodies.append(body) }
        }
        let records = way.records
        #expect(records.count == bodies.count, "seed \(seed)")
        let reader = RecordReader()
        for (record, body) in zip(records, bodies) {
            #expect(record.record.kind == .jsonBody)
            #expect(record.record.payload.suffix(body.count).elementsEqual(body), "seed \(seed)")
            let taken = try #require(record.record.attachment as? EventBatch)
            let read = try #require(try reader.batch(of: record.record))
            #expect(columns(read) == columns(taken), "seed \(seed)")
        }
    }

    @Test func uncompressedJSONIsEncodedAndCompressed() async throws {
        let way = try Way()
        _ = try await way.lines(#"{"_msg":"a"}"#)
        #expect(way.records.first?.record.kind == .batch)
    }

    @Test func aNumberedBodyWithoutAnEventTakesNoRoom() async throws {
        let way = try Way()
        let body = try zstd(Array("no event\n".utf8))
        let sender = SenderIdentity(agent: "a", epoch: 1, sequence: 1)
        _ = try await way.post(.jsonLines(.init()), body, .zstd, sender: sender).get()
        #expect(way.records.map(\.record.kind) == [.batch])
        #expect(try way.batches.map(\.count) == [0])
    }

    /// Version 1, lines, events up to 1,000 bytes; keys ts, msg, lvl, service; a bad time rejects; 36 bytes of content.
    private static let golden: [UInt8] =
        [1, 1, 0xE8, 7, 1, 2, 0x74, 0x73, 1, 3, 0x6D, 0x73, 0x67, 1, 3, 0x6C, 0x76, 0x6C, 1, 7]
        + Array("service".utf8) + [1, 36]
        // A zstd frame with one raw block.
        + [0x28, 0xB5, 0x2F, 0xFD, 0x20, 0x24, 0x21, 0x01, 0x00]
        + Array(#"{"msg":"m","lvl":"warn","ts":1.5e9}\#n"#.utf8)

    @Test func theBytesOfABodyAreFixed() throws {
        var payload = Self.golden
        func read(_ payload: [UInt8]) throws -> EventBatch? {
            try RecordReader().batch(of: JournalRecord(kind: .jsonBody, ingestTime: 77, payload: payload))
        }
        // 1.5e9 is no time that is read, and so the line is rejected.
        #expect(try read(payload)?.count == 0)
        // Unless a bad time is only a field.
        payload[27] = 0
        let batch = try #require(try read(payload))
        #expect(batch.timestamps == [77])
        #expect(batch.levels == [Level.warn.rawValue])
        #expect(batch.message(at: 0) == "m")
        #expect(batch.fieldNames == ["msg", "lvl", "ts"])
    }

    @Test func damagedBodiesAreRefusedAndNeverTrap() throws {
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        let reader = RecordReader()
        for _ in 0..<3_000 {
            var payload = Self.golden
            switch Int.random(in: 0..<3, using: &random) {
            case 0: payload.removeLast(Int.random(in: 1...payload.count, using: &random))
            case 1:
                payload[Int.random(in: 0..<payload.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            default: payload.insert(0xFF, at: Int.random(in: 0..<payload.count, using: &random))
            }
            let batch = try? reader.batch(of: JournalRecord(kind: .jsonBody, ingestTime: 0, payload: payload))
            #expect(batch?.count ?? 0 <= 1, "seed \(seed)")
        }
        #expect(throws: (any Error).self) {
            try reader.batch(of: JournalRecord(kind: .jsonBody, ingestTime: 0, payload: [2] + Self.golden.dropFirst()))
        }
    }

    @Test func otherKindsHoldNoEvents() throws {
        let record = JournalRecord(kind: JournalRecordKind(rawValue: 200), ingestTime: 0, payload: [1, 2, 3])
        #expect(try RecordReader().batch(of: record) == nil)
    }
}
