import ByteCoding
import CollectorIngest
import Journal
import LineFormats
import LogModel
import Synchronization
import SystemIO
import TestSupport
import Testing
import WireProtocol
import ZstdCodec

@Suite(.timeLimit(.minutes(15)))
struct IngestEncodingTests {
    private func wire(_ messages: [String], tenant: String = "default") -> [UInt8] {
        var builder = EventBatchBuilder(tenant: tenant, labels: [.init("service", "s")])
        for message in messages {
            let name = builder.name("k")
            Array(message.utf8).withUnsafeBytes { bytes in
                builder.add(field: name, value: bytes)
                builder.endEvent(time: Timestamp(nanoseconds: 5), level: .warn, message: bytes)
            }
        }
        var writer = ByteWriter()
        BatchCodec.encode(builder.finish(), into: &writer)
        return writer.array()
    }

    @Test func aCompressedWireBatchIsJournaledAsItCame() async throws {
        let way = try Way()
        let body = try zstd(wire(["a", "b"]))
        let receipt = try await way.post(.wire, body, .zstd).get()
        #expect(receipt.accepted == 2)
        #expect(way.records.first?.record.payload == body)
        #expect(try way.batches.first?.message(at: 1) == "b")
    }

    @Test func theTenantIsTheCollectorsToSay() async throws {
        let way = try Way()
        _ = try await way.post(.wire, try zstd(wire(["a"], tenant: "intruder")), .zstd).get()
        #expect(try way.batches.first?.streams.map(\.tenant) == ["default"])
        #expect(way.records.first?.record.tenant == "default")
    }

    @Test func tooLargeEventsOfAWireBatchAreTakenOut() async throws {
        let way = try Way { $0.eventBytes = 100 }
        let receipt = try await way.post(.wire, wire(["a", String(repeating: "x", count: 80), "b"])).get()
        #expect(receipt.accepted == 2)
        #expect(receipt.errors.map(\.index) == [1])
        let batch = try #require(try way.batches.first)
        #expect(batch.message(at: 1) == "b")
        #expect(batch.value(of: "k", at: 1) == Array("b".utf8))
        #expect(batch.levels == [Level.warn.rawValue, Level.warn.rawValue])
    }

    @Test func aBatchSentAgainIsADuplicateEvenWithoutAnEvent() async throws {
        let way = try Way()
        for (sequence, body) in [(UInt64(1), #"{"_msg":"a"}"#), (2, "bad")] {
            let sender = SenderIdentity(agent: "agent", epoch: 3, sequence: sequence)
            let first = try await way.post(.jsonLines(.init()), Array(body.utf8), sender: sender).get()
            #expect(!first.duplicate)
            let again = try await way.post(.jsonLines(.init()), Array(body.utf8), sender: sender).get()
            // Who sends it again has not had the answer: what was not taken is told once more.
            #expect(
                again
                    == IngestReceipt(
                        accepted: 0, failed: first.failed, duplicate: true, errors: first.errors, newest: again.newest))
            #expect(first.failed == (body == "bad" ? 1 : 0))
        }
        #expect(way.records.count == 2)
        #expect(way.gateway.statistics.counts.duplicates == 2)
        #expect(try way.letters().count == 1)
    }

    @Test func severalFramesInOneBodyAreOneContent() async throws {
        let way = try Way()
        let body = try zstd(Array("{\"_msg\":\"a\"}\n".utf8)) + zstd(Array("{\"_msg\":\"b\"}\n".utf8))
        #expect(try await way.post(.jsonLines(.init()), body, .zstd).get().accepted == 2)
    }

    struct BadFrame: Sendable, CustomTestStringConvertible {
        var name: String
        var kind: IngestProblem.Kind
        var body: @Sendable () throws -> [UInt8]
        var testDescription: String { name }
    }

    @Test(arguments: [
        BadFrame(name: "no frame", kind: .malformed) { Array("hello".utf8) },
        BadFrame(name: "nothing", kind: .malformed) { [] },
        BadFrame(name: "truncated", kind: .malformed) {
            Array(try zstd(Array(String(repeating: "{\"_msg\":\"abc\"}\n", count: 500).utf8)).dropLast(5))
        },
        BadFrame(name: "too large", kind: .tooLarge) { try zstd([UInt8](repeating: 0x20, count: 1 << 20 + 1)) },
        BadFrame(name: "bomb of frames", kind: .tooLarge) {
            let frame = try zstd([UInt8](repeating: 0x20, count: 1 << 19))
            return Array((0..<100).map { _ in frame }.joined())
        },
        BadFrame(name: "garbage behind a frame", kind: .malformed) { try zstd(Array("{}\n".utf8)) + [1, 2, 3] },
    ])
    func badFramesAreRefused(_ bad: BadFrame) async throws {
        let way = try Way { $0.contentBytes = 1 << 20 }
        let result = await way.post(.jsonLines(.init()), try bad.body(), .zstd)
        guard case .failure(let problem) = result else {
            Issue.record("it was taken: \(result)")
            return
        }
        #expect(problem.kind == bad.kind)
        if bad.kind == .tooLarge { #expect(problem.limit == 1 << 20) }
        #expect(way.records.isEmpty)
    }

    @Test func aHeaderThatLiesAboutItsContentIsRefused() async throws {
        let way = try Way()
        // A frame of one segment that promises 60 MiB and holds a raw block of three bytes.
        let body: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0xA0, 0x00, 0x00, 0xC0, 0x03, 0x19, 0x00, 0x00, 0x61, 0x62, 0x63]
        let result = await way.post(.jsonLines(.init()), body, .zstd)
        #expect(throws: IngestProblem.self) { _ = try result.get() }
    }

    @Test func tooManyEventsAreRefusedAsAWhole() async throws {
        let way = try Way { $0.batchEvents = 3 }
        for body in [BodyFormat.jsonLines(.init()), .json, .wire] {
            let bytes: [UInt8] =
                switch body {
                case .jsonLines: Array("{}\n{}\n{}\n{}\n".utf8)
                case .json: Array(#"{"logs":[{},{},{},{}]}"#.utf8)
                case .wire: wire(["a", "b", "c", "d"])
                }
            let result = await way.post(body, bytes)
            guard case .failure(let problem) = result else {
                Issue.record("it was taken: \(result)")
                continue
            }
            #expect(problem.kind == .tooLarge)
            #expect(problem.limit == 3)
        }
        #expect(try await way.lines("{}\n{}\n{}\n").accepted == 3)
    }

    @Test func damagedWireBatchesAreRefusedAndNeverTrap() async throws {
        let way = try Way()
        let seed = drawSeed()
        var random = SeededGenerator(seed: seed)
        let good = wire((0..<20).map { "message \($0)" })
        for _ in 0..<500 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
            // Some damage leaves a valid batch; then it must read back.
            if case .failure(let problem) = await way.post(.wire, bytes) {
                #expect(problem.kind == .malformed || problem.kind == .tooLarge, "seed \(seed)")
            }
        }
        #expect(throws: Never.self, "seed \(seed)") { _ = try way.batches }
    }

    @Test func afterStoppingNothingIsTaken() async throws {
        let way = try Way()
        way.gateway.stop()
        #expect(throws: IngestProblem.self) { try way.gateway.checkOpen() }
    }
}
